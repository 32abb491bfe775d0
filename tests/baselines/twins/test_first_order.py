"""Muon, AdamO, TRAC, SDP and Shampoo beside transcriptions of their sources."""

import math

import pytest
import torch
from scipy.linalg import fractional_matrix_power
from scipy.special import erfi
from torch import nn

from plasticity_bench.learners.lookup import find_learner
from tests.baselines.twins.module_twins import NETWORKS, Adam, Twin, assert_twins


class MuonTwin(Twin):
    """KellerJordan/Muon, commit 857d1ad, SingleDeviceMuonWithAuxAdam; iterations not in bfloat16."""

    def __init__(self, module):
        super().__init__(module)
        weights = [m.weight for m in module.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
        self.hidden = weights[:-1]
        self.rest = [p for p in self.params if not any(p is w for w in self.hidden)]
        self.buffers = [torch.zeros_like(p) for p in self.hidden]
        self.first = [torch.zeros_like(p) for p in self.rest]
        self.second = [torch.zeros_like(p) for p in self.rest]

    def step(self, inputs, targets, _noise):
        loss = self.loss(inputs, targets)
        of_hidden = torch.autograd.grad(loss, self.hidden, retain_graph=True)
        of_rest = torch.autograd.grad(loss, self.rest)
        with torch.no_grad():
            for p, g, buffer in zip(self.hidden, of_hidden, self.buffers, strict=True):
                buffer.lerp_(g, 0.05)
                x = g.lerp(buffer, 0.95)
                x = x.view(len(x), -1) if x.ndim == 4 else x
                transposed = x.size(0) > x.size(1)
                x = x.T if transposed else x
                x = x / (x.norm() + 1e-7)
                for _ in range(5):
                    square = x @ x.T
                    x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
                x = x.T if transposed else x
                ratio = g.size(-2) / g.size(-1)
                p.sub_(0.02 * max(1, ratio) ** 0.5 * x.reshape(p.shape))
            rest = zip(self.rest, of_rest, self.first, self.second, strict=True)
            for p, g, first, second in rest:
                first.lerp_(g, 1 - 0.9)
                second.lerp_(g.square(), 1 - 0.95)
                size = (second / (1 - 0.95**self.count)).sqrt() + 1e-10
                p.sub_(1e-3 * first / (1 - 0.9**self.count) / size)


@NETWORKS
def test_muon(network):
    learner = find_learner("muon")(beta2=0.95, epsilon=1e-10)
    assert_twins(learner, MuonTwin, network)


class AdamOTwin(Twin):
    """arXiv:2606.09762: the regulariser's gradient by autograd, at the weights before the step."""

    def __init__(self, module):
        super().__init__(module)
        self.adam = Adam(self.params, lr=1e-3)
        self.weights = [m.weight for m in module.modules() if isinstance(m, nn.Linear | nn.Conv2d)]

    def step(self, inputs, targets, _noise):
        gradients = self.gradients(self.loss(inputs, targets))
        penalty = 0
        for weight in self.weights:
            w = weight.flatten(1)
            gram = w.T @ w if w.size(0) >= w.size(1) else w @ w.T
            penalty = penalty + (gram - torch.eye(len(gram))).square().sum()
        pulls = torch.autograd.grad(penalty, self.weights)
        self.adam.step(gradients)
        with torch.no_grad():
            for weight, pull in zip(self.weights, pulls, strict=True):
                weight.sub_(1e-3 * 0.5 * pull)


@NETWORKS
def test_adamo(network):
    assert_twins(find_learner("adamo")(strength=0.5), AdamOTwin, network)


class TRACTwin(Twin):
    """ComputationalRobotics/TRAC, commit 320a100, trac.py; erfi is scipy's."""

    betas = torch.tensor([0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999], dtype=torch.float64)

    def __init__(self, module):
        super().__init__(module)
        self.adam = Adam(self.params, lr=1e-2)
        self.reference = [p.detach().clone() for p in self.params]
        self.s, self.variance = torch.zeros(6), torch.zeros(6)
        self.sigma = torch.full((6,), 1e-8)

    def step(self, inputs, targets, _noise):
        gradients = self.gradients(self.loss(inputs, targets))
        before = [p.detach().clone() for p in self.params]
        self.adam.step(gradients)
        scale = self.s.sum() + 1e-8
        with torch.no_grad():
            deltas = [(b - r) / scale for b, r in zip(before, self.reference, strict=True)]
            h = sum((d * g).sum() for d, g in zip(deltas, gradients, strict=True))
            self.variance = self.betas**2 * self.variance + h**2
            self.sigma = self.betas * self.sigma - h
            argument = self.sigma / (math.sqrt(2) * self.variance.sqrt() + 1e-8)
            factor = 1e-3 / erfi(1 / math.sqrt(2))
            self.s = factor * torch.from_numpy(erfi(argument.numpy()))
            total = max(self.s.sum().item(), 0.0)
            for p, b, d, r in zip(self.params, before, deltas, self.reference, strict=True):
                p.copy_(r + (d + (p - b)) * total)


@NETWORKS
def test_trac(network):
    # With one batch, for distances grow where gradients keep their direction; and not from 1e-8,
    # where even float64 rounds differences of parameters.
    assert_twins(find_learner("trac")(start=1e-3), TRACTwin, network, batches=1)


class SDPTwin(Twin):
    """gracebml/LoP-NeurIPS, commit 1c4f708, algos/sdp.py, with Adam; its averages are halved."""

    def __init__(self, module):
        super().__init__(module)
        self.adam = Adam(self.params, lr=1e-3)

    def step(self, inputs, targets, _noise):
        self.adam.step(self.gradients(self.loss(inputs, targets)))

    @torch.no_grad()
    def begin_task(self):
        layers = [m for m in self.module.modules() if isinstance(m, nn.Linear | nn.Conv2d)]
        for layer in layers[:-1]:
            matrix = layer.weight.reshape(len(layer.weight), -1)
            u, values, v = torch.linalg.svd(matrix, full_matrices=False)
            values = values.clamp(min=1e-4)
            values = values.mean() ** 0.3 * values**0.7
            layer.weight.copy_((u @ torch.diag(values) @ v).reshape(layer.weight.shape))
        for averages in self.adam.optimizer.state.values():
            averages["exp_avg"].mul_(0.5)
            averages["exp_avg_sq"].mul_(0.5)


@NETWORKS
def test_sdp(network):
    assert_twins(find_learner("sdp")(), SDPTwin, network, task=40)


class ShampooTwin(Twin):
    """arXiv:1802.09568, algorithm 2: mode products by einsum, powers of matrices by scipy."""

    def __init__(self, module):
        super().__init__(module)
        self.sums = [[1e-4 * torch.eye(size) for size in p.shape] for p in self.params]

    def step(self, inputs, targets, _noise):
        gradients = self.gradients(self.loss(inputs, targets))
        with torch.no_grad():
            for p, g, sums in zip(self.params, gradients, self.sums, strict=True):
                letters = "abcd"[: g.ndim]
                conditioned = g
                for axis, letter in enumerate(letters):
                    other = letters.replace(letter, "z")
                    sums[axis] += torch.einsum(f"{letters},{other}->{letter}z", g, g)
                    power = fractional_matrix_power(sums[axis].numpy(), -1 / (2 * g.ndim)).real
                    equation = f"z{letter},{letters}->{other}"
                    conditioned = torch.einsum(equation, torch.from_numpy(power), conditioned)
                p.sub_(0.1 * conditioned)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["mlp", "cnn"])
def test_shampoo(network):
    assert_twins(find_learner("shampoo")(), ShampooTwin, network)
