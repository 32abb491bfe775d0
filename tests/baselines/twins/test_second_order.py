"""AdaHessian, Sophia-H and SASSHA beside transcriptions of their sources."""

import pytest
import torch

from plasticity_bench.learners.lookup import find_learner
from tests.baselines.twins.module_twins import NETWORKS, Twin, assert_twins

pytestmark = pytest.mark.slow


class SecondOrder(Twin):
    def __init__(self, module):
        super().__init__(module)
        self.first = [torch.zeros_like(p) for p in self.params]
        self.second = [torch.zeros_like(p) for p in self.params]

    def products(self, inputs, targets, noise):
        """The gradients, signs, and the Hessian's products with them."""
        gradients = self.gradients(self.loss(inputs, targets), create_graph=True)
        signs = [noise.signs(p.detach()) for p in self.params]
        products = torch.autograd.grad(gradients, self.params, grad_outputs=signs)
        return [g.detach() for g in gradients], signs, products


class AdaHessianTwin(SecondOrder):
    """amirgholami/adahessian, commit 85ebc00, image_classification/optim_adahessian.py."""

    def step(self, inputs, targets, noise):
        gradients, _, products = self.products(inputs, targets, noise)
        corrections = 1 - 0.9**self.count, 1 - 0.999**self.count
        with torch.no_grad():
            for i, (p, g, product) in enumerate(zip(self.params, gradients, products, strict=True)):
                trace = product.abs()
                trace = trace.mean(dim=[2, 3], keepdim=True) if trace.ndim == 4 else trace
                self.first[i].mul_(0.9).add_(g, alpha=0.1)
                self.second[i].mul_(0.999).add_(trace * trace, alpha=0.001)
                size = self.second[i].sqrt() ** 0.7 / (corrections[1] ** 0.5) ** 0.7 + 1e-4
                p.sub_(0.05 * self.first[i] / corrections[0] / size)


@NETWORKS
def test_adahessian(network):
    learner = find_learner("adahessian")(step_size=0.05, power=0.7)
    assert_twins(learner, AdaHessianTwin, network)


class SophiaTwin(SecondOrder):
    """LOG-postech/Sassha, commit 75e2de4, optimizers/sophiaH.py."""

    def step(self, inputs, targets, noise):
        gradients, signs, products = self.products(inputs, targets, noise)
        with torch.no_grad():
            for i, p in enumerate(self.params):
                self.first[i].mul_(0.965).add_(gradients[i], alpha=1 - 0.965)
                if (self.count - 1) % 10 == 0:
                    self.second[i].mul_(0.99).add_(products[i] * signs[i], alpha=1 - 0.99)
                size = 0.04 * self.second[i].clamp(0, None) + 1e-15
                ratio = (self.first[i].abs() / size).clamp(None, 1)
                p.addcmul_(self.first[i].sign(), ratio, value=-1e-3)


@NETWORKS
def test_sophia_h(network):
    assert_twins(find_learner("sophia_h")(), SophiaTwin, network)


class SASSHATwin(SecondOrder):
    """LOG-postech/Sassha, commit 75e2de4, optimizers/sassha.py, a Hessian power of 0.5."""

    correction = 0.0

    def step(self, inputs, targets, noise):
        gradients = self.gradients(self.loss(inputs, targets))
        norm = torch.stack([g.norm() for g in gradients]).norm()
        moves = [g * (0.2 / (norm + 1e-12)) for g in gradients]
        with torch.no_grad():
            before = [p.clone() for p in self.params]
            for p, move in zip(self.params, moves, strict=True):
                p.add_(move)
        gradients, signs, products = self.products(inputs, targets, noise)
        with torch.no_grad():
            for i, p in enumerate(self.params):
                p.copy_(before[i])
                self.first[i].mul_(0.9).add_(gradients[i], alpha=0.1)
                if (self.count - 1) % 10 == 0:
                    size = (products[i] * signs[i]).abs()
                    self.second[i].mul_(0.999).add_(size, alpha=1 - 0.999)
                    self.correction = (1 - 0.999**self.count) ** 0.5
                size = self.second[i] ** 0.5 / self.correction + 1e-4
                p.addcdiv_(self.first[i], size, value=-0.01 / (1 - 0.9**self.count))


@NETWORKS
def test_sassha(network):
    assert_twins(find_learner("sassha")(step_size=0.01), SASSHATwin, network)
