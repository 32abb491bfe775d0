"""L2 and effective rank, as permuted_mnist/train_permuted_mnist.py of github.com/KevinGuo27/lop-jax.

Commit 52ae3eb: decay in the gradient, and a step of plain gradient descent for the rank, which
here follows every update and is on its batch.
"""

import torch

from tests.baselines.twins.harness import Twin, agree, cases


class L2EffectiveRank(Twin):
    def penalty(self, params):
        return self.strength / 2 * sum((value**2).sum() for value in params.values())

    def after(self, inputs):
        leaves = {name: v.clone().requires_grad_() for name, v in self.params.items()}
        ranks = []
        for outputs in self.features(inputs, leaves):
            sizes = torch.linalg.svdvals(outputs).abs()  # theirs: of the transpose, the same
            shares = sizes / sizes.sum().clamp_min(1e-8)
            ranks.append(torch.exp(-(shares * torch.log(shares + 1e-8)).sum()))
        loss = -torch.stack(ranks).mean()
        loss.backward()
        for name, leaf in leaves.items():
            if leaf.grad is not None:
                self.params[name] = self.params[name] - self.rank_step_size * leaf.grad


@cases()
def test_l2_and_effective_rank(network, optimizer):
    settings = {"strength": 0.01, "rank_step_size": 1e-3}  # larger steps magnify rounding
    agree("l2_effective_rank", L2EffectiveRank, network, optimizer, **settings)
