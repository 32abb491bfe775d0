"""Methods that add noise: their random numbers are the learner's, in its order.

Perturbed gradient descent and UPGD as core/optim/pgd.py and core/optim/weight_upgd/first_order.py
(FirstOrderGlobalUPGD) of github.com/mohmdelsayed/upgd, commit b75e90a; shrink and perturb as
agents/agents.py of github.com/skumar9876/L2_Init, commit 3f86d26, where the noise is a newly
initialised network, of which the learner has the spread.
"""

import math

import pytest
import torch

from tests.baselines.twins.harness import Twin, agree, cases

SGD = cases(("mlp", "sgd"), ("mlp_norm", "sgd"), ("cnn", "sgd"), ("cnn_norm", "sgd"))


class PerturbedGradientDescent(Twin):
    def step(self):
        for name, g in self.gradients.items():
            perturbed = g + self.noise.normal(g) * self.noise_scale
            self.params[name] = self.params[name] - self.lr * perturbed


class UPGD(Twin):
    def begin(self):
        self.utility = {name: torch.zeros_like(value) for name, value in self.params.items()}

    def step(self):
        beta, largest = self.utility_decay, -math.inf
        for name, g in self.gradients.items():
            instant = -g * self.params[name]
            self.utility[name] = beta * self.utility[name] + (1 - beta) * instant
            largest = max(largest, self.utility[name].max().item())
        correction = 1 - beta**self.updates
        for name, g in self.gradients.items():
            scaled = torch.sigmoid(self.utility[name] / correction / largest)
            moved = (g + self.noise.normal(g) * self.noise_scale) * (1 - scaled)
            decayed = self.params[name] * (1 - self.lr * self.weight_decay)
            self.params[name] = decayed - self.lr * moved


class ShrinkAndPerturb(Twin):
    def after(self, inputs):
        for name, value in self.params.items():
            spread = self.start[name].std(correction=0) if self.relative else 1.0
            drawn = spread * self.noise.normal(value)
            self.params[name] = value * (1 - self.shrink) + self.noise_scale * drawn


@SGD
def test_perturbed_gradient_descent(network, optimizer):
    agree(
        "perturbed_gradient_descent", PerturbedGradientDescent, network, optimizer, noise_scale=0.1
    )


@SGD
def test_upgd(network, optimizer):
    settings = {"weight_decay": 0.01, "noise_scale": 0.1, "utility_decay": 0.99}
    agree("upgd", UPGD, network, optimizer, **settings)


@pytest.mark.parametrize("relative", [False, True])
@cases(("mlp", "sgd"), ("cnn_norm", "adam"))
def test_shrink_and_perturb(network, optimizer, relative):
    settings = {"shrink": 0.01, "noise_scale": 0.01, "relative": relative}
    agree("shrink_and_perturb", ShrinkAndPerturb, network, optimizer, **settings)
