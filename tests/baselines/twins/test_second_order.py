"""AdaHessian, Sophia-H and SASSHA, whose signs are the learner's.

AdaHessian as image_classification/optim_adahessian.py of github.com/amirgholami/adahessian, commit
85ebc00. SASSHA as optimizers/sassha.py of github.com/LOG-postech/Sassha, commit 75e2de4, with a
Hessian power of 0.5; Sophia-H as sophiaH.py beside it, which is not the authors'.
"""

import torch

from tests.baselines.twins.harness import Twin, agree, cases

ADAM = cases(("mlp", "adam"), ("cnn", "adam"), ("mlp_norm", "adam"), ("cnn_norm", "adam"))


class SecondOrder(Twin):
    def products(self, params):
        """The gradients, signs, and the Hessian's products with them."""
        signs = {name: self.noise.signs(value) for name, value in params.items()}
        gradients, products = self.derivatives(params, along=signs)
        return gradients, signs, products


class AdaHessian(SecondOrder):
    def step(self):
        gradients, _, products = self.products(self.params)
        corrections = 1 - 0.9**self.updates, 1 - 0.999**self.updates
        for name, g in gradients.items():
            trace = products[name].abs()
            trace = trace.mean(dim=[2, 3], keepdim=True) if trace.ndim == 4 else trace
            self.first[name].mul_(0.9).add_(g, alpha=0.1)
            self.second[name].mul_(0.999).add_(trace * trace, alpha=0.001)
            size = self.second[name].sqrt() ** 0.7 / (corrections[1] ** 0.5) ** 0.7 + 1e-4
            step = 0.05 * self.first[name] / corrections[0] / size
            self.params[name] = self.params[name] - step


class SophiaH(SecondOrder):
    def step(self):
        gradients, signs, products = self.products(self.params)
        for name, value in self.params.items():
            self.first[name].mul_(0.965).add_(gradients[name], alpha=1 - 0.965)
            if (self.updates - 1) % 10 == 0:
                self.second[name].mul_(0.99).add_(products[name] * signs[name], alpha=1 - 0.99)
            size = 0.04 * self.second[name].clamp(0, None) + 1e-15
            ratio = (self.first[name].abs() / size).clamp(None, 1)
            self.params[name] = value.addcmul(self.first[name].sign(), ratio, value=-1e-3)


class SASSHA(SecondOrder):
    correction = 0.0

    def step(self):
        norm = torch.stack([g.norm() for g in self.gradients.values()]).norm()
        moves = {name: g * (0.2 / (norm + 1e-12)) for name, g in self.gradients.items()}
        moved = {name: value + moves[name] for name, value in self.params.items()}
        gradients, signs, products = self.products(moved)
        for name, value in self.params.items():
            self.first[name].mul_(0.9).add_(gradients[name], alpha=0.1)
            if (self.updates - 1) % 10 == 0:
                size = (products[name] * signs[name]).abs()
                self.second[name].mul_(0.999).add_(size, alpha=1 - 0.999)
                self.correction = (1 - 0.999**self.updates) ** 0.5
            size = self.second[name] ** 0.5 / self.correction + 1e-4
            step = -0.01 / (1 - 0.9**self.updates)
            self.params[name] = value.addcdiv(self.first[name], size, value=step)


@ADAM
def test_adahessian(network, optimizer):
    agree("adahessian", AdaHessian, network, optimizer, step_size=0.05, power=0.7)


@ADAM
def test_sophia_h(network, optimizer):
    agree("sophia_h", SophiaH, network, optimizer, step_size=1e-3)


@ADAM
def test_sassha(network, optimizer):
    agree("sassha", SASSHA, network, optimizer, step_size=0.01)
