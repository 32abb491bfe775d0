"""Smooth-Leaky and AdaLin beside networks that are written out."""

import torch
from torch.nn import functional

from plasticity_bench.learners.lookup import find_learner
from tests.baselines.twins.module_twins import NETWORKS, Adam, Twin, assert_twins


class WrittenOut(Twin):
    """The modules of a chain called one after another, with activations from `activated`."""

    def __init__(self, module):
        super().__init__(module)
        self.adam = Adam(self.params, lr=1e-3)

    def loss(self, inputs, targets):
        x = inputs
        for name, part in self.module.named_children():
            x = self.activated(x, part) if "activation" in name else part(x)
        return functional.cross_entropy(x, targets)

    def step(self, inputs, targets, _noise):
        self.adam.step(self.gradients(self.loss(inputs, targets)))


class SmoothLeakyTwin(WrittenOut):
    """arXiv:2509.22562: alpha x + (1 - alpha) x sigmoid(c x / p), with c = 3 and p = 2."""

    def activated(self, x, _part):
        return 0.6 * x + 0.4 * x / (1 + torch.exp(-3 * x / 2))


@NETWORKS
def test_smooth_leaky(network):
    learner = find_learner("smooth_leaky")(alpha=0.6, sharpness=1.5)
    assert_twins(learner, SmoothLeakyTwin, network)


class AdaLinTwin(WrittenOut):
    """arXiv:2505.09486 for rectified linear units: relu(x) + alpha_i x g(x), g = 1 where x < 0."""

    def activated(self, x, part):
        alpha = part.weight.reshape(1, -1, *[1] * (x.ndim - 2))
        return x.clamp(min=0) + alpha * x * (x < 0)


@NETWORKS
def test_adalin(network):
    assert_twins(find_learner("adalin")(alpha=0.1), AdaLinTwin, network)
