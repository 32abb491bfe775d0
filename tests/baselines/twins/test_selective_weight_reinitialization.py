"""Selective weight re-initialisation, as src/swr_functions/selective_weight_reinitialization.py of
github.com/JFernando4/collas_2025_swr_paper, commit 5c8ef03, without running averages of utilities.

Random numbers are the learner's, as is the distribution of new values.
"""

import math

import pytest

from tests.baselines.twins.harness import Twin, agree, cases


class SelectiveWeightReinitialization(Twin):
    replaced = 0

    def after(self, inputs):
        for name, value in self.params.items():
            flat = value.flatten().clone()
            utility = (self.gradients[name].flatten() * flat).abs()
            utility = utility if self.by_gradient else flat.abs()
            if self.proportional:
                exact = len(flat) * self.factor
                more = self.noise.uniform(flat[0]).item() >= 1 - exact % 1  # with chance exact % 1
                indices = utility.argsort(stable=True)[: math.floor(exact) + more]
            else:
                indices = (utility <= self.factor * utility.mean()).nonzero().flatten()
            start = self.start[name]
            bound = math.sqrt(3) * start.std(correction=0)
            new = start.mean() + bound * (2 * self.noise.uniform(value) - 1).flatten()
            if self.updates % self.period == 0:
                flat[indices] = new[indices]
                self.replaced += len(indices)
            self.params[name] = flat.reshape(value.shape)


@pytest.mark.parametrize("by_gradient", [True, False])
@pytest.mark.parametrize("proportional", [False, True])
@cases(("mlp", "sgd"), ("cnn_norm", "adam"))
def test_selective_weight_reinitialization(network, optimizer, by_gradient, proportional):
    settings = {"factor": 0.1, "period": 10, "by_gradient": by_gradient}
    twin = agree(
        "selective_weight_reinitialization",
        SelectiveWeightReinitialization,
        network,
        optimizer,
        proportional=proportional,
        **settings,
    )
    assert twin.replaced > 20
