"""C-CHAIN, experience replay and InFeR, which take more than the batch's loss.

C-CHAIN as crl_minatar/agents/double_dqn_c_chain.py of github.com/bluecontra/C-CHAIN, commit
2f8bedf. Experience replay as models/er.py and utils/buffer.py of github.com/aimagelab/mammoth,
commit 2de9523, which are not the authors'. InFeR by section 5 of the paper, arXiv:2204.09560: not
verified against code, for none is public.
"""

import torch
from torch.nn import functional

from tests.baselines.twins.harness import Twin, agree, cases


class CChain(Twin):
    """Its replay memory is the batch before. Means are over all updates, as there for 50,000."""

    def begin(self):
        self.history = [dict(self.params)]
        self.losses, self.churns = [], []
        self.other, self.coefficient = None, 2.0

    def penalty(self, params):
        """Of a loss, the first thing that is computed in an update: what it sees is kept."""
        inputs, targets = self.batch
        self.losses.append(functional.cross_entropy(self.logits(params, inputs), targets).item())
        if self.other is None:
            return 0.0
        frozen = self.logits(self.history[-2], self.other)
        churn = functional.mse_loss(self.logits(params, self.other), frozen)
        self.churns.append(churn.item())
        return self.coefficient * churn

    def after(self, inputs):
        if self.updates >= 30:
            mean_loss = sum(map(abs, self.losses)) / len(self.losses)
            mean_churn = sum(self.churns) / len(self.churns)
            self.coefficient = 0.5 * mean_loss / (mean_churn + 1e-8)
        self.history.append(dict(self.params))
        self.other = inputs


class Replay(Twin):
    """Random numbers are the learner's: which examples are drawn is a sort of them."""

    capacity, replayed = 20, 6

    def begin(self):
        self.stored, self.seen = {}, 0

    def derivatives(self, params, along=None):
        inputs, targets = self.batch
        keys = self.noise.uniform(inputs.new_zeros(self.capacity)).tolist()
        drawn = sorted(self.stored, key=lambda place: keys[place])[: self.replayed]
        old = [self.stored[place] for place in drawn]
        all_inputs = torch.stack([*inputs, *(x for x, _ in old)])
        all_targets = torch.stack([*targets, *(y for _, y in old)])
        self.batch = all_inputs, all_targets
        gradients = super().derivatives(params)
        numbers = self.noise.uniform(inputs.new_zeros(len(inputs))).tolist()
        for example, number in zip(zip(inputs, targets, strict=True), numbers, strict=True):
            place = self.seen
            if self.seen >= self.capacity:
                place = int(number * (self.seen + 1))
            self.seen += 1
            if place < self.capacity:
                self.stored[place] = example
        return gradients


class InFeR(Twin):
    """Auxiliary heads on the features of the last hidden layer."""

    def auxiliary(self, params):
        return self.features(self.batch[0], params)[-1] @ params["head.auxiliary"].T

    def penalty(self, params):
        distance = (self.auxiliary(params) - 100 * self.auxiliary(self.start)) ** 2
        return 0.01 * distance.sum(1).mean()


@cases()
def test_c_chain(network, optimizer):
    settings = {"share": 0.5, "first_coefficient": 2.0, "warmup": 30, "examples": 8}
    agree("c_chain", CChain, network, optimizer, **settings)


@cases()
def test_experience_replay(network, optimizer):
    agree("experience_replay", Replay, network, optimizer, capacity=20, replayed=6)


@cases(("mlp", "adam"), ("cnn", "adam"), ("mlp_norm", "adam"), ("cnn_norm", "sgd"))
def test_infer(network, optimizer):
    settings = {} if optimizer == "adam" else {"step_size": 1e-3}
    agree("infer", InFeR, network, optimizer, strength=0.01, **settings)
