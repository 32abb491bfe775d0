"""C-CHAIN, experience replay and InFeR beside transcriptions of their sources."""

import copy

import torch
from torch.nn import functional

from plasticity_bench.learners.lookup import find_learner
from tests.baselines.twins.module_twins import NETWORKS, Adam, Twin, assert_twins


class CChainTwin(Twin):
    """bluecontra/C-CHAIN, commit 2f8bedf, crl_minatar/agents/double_dqn_c_chain.py.

    Its replay memory is the batch before. Means are over all updates, as there for 50,000.
    """

    def __init__(self, module):
        super().__init__(module)
        self.adam = Adam(self.params, lr=1e-3)
        self.history = [copy.deepcopy(module)]
        self.losses, self.churns = [], []
        self.coefficient = 2.0
        self.before = None

    def step(self, inputs, targets, _noise):
        loss = self.loss(inputs, targets)
        churn = torch.zeros(())
        if self.before is not None:
            with torch.no_grad():
                frozen = self.history[-2](self.before)
            churn = functional.mse_loss(self.module(self.before), frozen)
            self.churns.append(churn.item())
        self.losses.append(loss.item())
        total = loss + self.coefficient * churn
        self.adam.step(self.gradients(total))
        if self.count >= 30:
            mean_loss = sum(map(abs, self.losses)) / len(self.losses)
            mean_churn = sum(self.churns) / len(self.churns)
            self.coefficient = 0.5 * mean_loss / (mean_churn + 1e-8)
        self.history.append(copy.deepcopy(self.module))
        self.before = inputs


@NETWORKS
def test_c_chain(network):
    learner = find_learner("c_chain")(share=0.5, first_coefficient=2.0, warmup=30, examples=8)
    assert_twins(learner, CChainTwin, network)


class ReplayTwin(Twin):
    """aimagelab/mammoth, commit 2de9523, models/er.py and utils/buffer.py.

    Random numbers are the learner's: which examples are drawn is a sort of them.
    """

    capacity, replayed = 20, 6

    def __init__(self, module):
        super().__init__(module)
        self.adam = Adam(self.params, lr=1e-3)
        self.stored, self.seen = {}, 0

    def step(self, inputs, targets, noise):
        keys = noise.uniform(torch.zeros(self.capacity)).tolist()
        drawn = sorted(self.stored, key=lambda place: keys[place])[: self.replayed]
        old = [self.stored[place] for place in drawn]
        all_inputs = torch.stack([*inputs, *(x for x, _ in old)])
        all_targets = torch.stack([*targets, *(y for _, y in old)])
        self.adam.step(self.gradients(self.loss(all_inputs, all_targets)))
        numbers = noise.uniform(torch.zeros(len(inputs))).tolist()
        for example, number in zip(zip(inputs, targets, strict=True), numbers, strict=True):
            place = self.seen
            if self.seen >= self.capacity:
                place = int(number * (self.seen + 1))
            self.seen += 1
            if place < self.capacity:
                self.stored[place] = example


@NETWORKS
def test_experience_replay(network):
    learner = find_learner("experience_replay")(capacity=20, replayed=6)
    assert_twins(learner, ReplayTwin, network)


class InFeRTwin(Twin):
    """arXiv:2204.09560, section 5: auxiliary heads on the features of the last hidden layer."""

    def __init__(self, module):
        super().__init__(module)
        self.adam = Adam(self.params, lr=1e-3)
        self.first = copy.deepcopy(module)

    @staticmethod
    def outputs(module, inputs):
        features = module[:-1](inputs)
        return features @ module.head.auxiliary.T

    def step(self, inputs, targets, _noise):
        with torch.no_grad():
            aims = 100 * self.outputs(self.first, inputs)
        distance = (self.outputs(self.module, inputs) - aims) ** 2
        penalty = 0.01 * distance.sum(1).mean()
        self.adam.step(self.gradients(self.loss(inputs, targets) + penalty))


@NETWORKS
def test_infer(network):
    assert_twins(find_learner("infer")(strength=0.01), InFeRTwin, network)
