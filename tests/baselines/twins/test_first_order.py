"""Muon, AdamO, TRAC, SDP and Shampoo.

Muon as SingleDeviceMuonWithAuxAdam of github.com/KellerJordan/Muon, commit 857d1ad, its iterations
not in bfloat16. TRAC as trac.py of github.com/ComputationalRobotics/TRAC, commit 320a100. SDP as
algos/sdp.py of github.com/gracebml/LoP-NeurIPS, commit 1c4f708. AdamO and Shampoo by the papers,
arXiv:2606.09762 and arXiv:1802.09568: not verified against code.
"""

import math

import torch
from scipy.linalg import inv, sqrtm
from scipy.special import erfi

from tests.baselines.twins.harness import Twin, agree, cases


class Muon(Twin):
    betas, tiny = (0.9, 0.95), 1e-10

    def begin(self):
        hidden = [f"{layer}.weight" for layer in self.chain()[:-1]]
        self.buffers = {name: torch.zeros_like(self.params[name]) for name in hidden}

    def step(self):
        super().step()
        for name, buffer in self.buffers.items():
            g = self.gradients[name]
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
            scale = max(1, g.size(-2) / g.size(-1)) ** 0.5
            self.params[name] = self.before[name] - 0.02 * scale * x.reshape(g.shape)


class AdamO(Twin):
    """The regulariser's gradient by autograd, at the weights before the step."""

    def step(self):
        super().step()
        names = [f"{layer}.weight" for layer in self.chain()]
        weights = {name: self.before[name].clone().requires_grad_() for name in names}
        penalty = 0
        for weight in weights.values():
            w = weight.flatten(1)
            gram = w.T @ w if w.size(0) >= w.size(1) else w @ w.T
            penalty = penalty + (gram - torch.eye(len(gram))).square().sum()
        for name, pull in self.derived(penalty, weights).items():
            self.params[name] = self.params[name] - self.lr * 0.5 * pull


class TRAC(Twin):
    """erfi is scipy's. The distance grows where gradients keep their direction: with one batch."""

    batches = 1
    decays = torch.tensor([0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999], dtype=torch.float64)

    def begin(self):
        self.s, self.variance = torch.zeros(6).double(), torch.zeros(6).double()
        self.sigma = torch.full((6,), 1e-8).double()

    def step(self):
        super().step()
        scale = self.s.sum() + 1e-8
        deltas = {name: (self.before[name] - v) / scale for name, v in self.start.items()}
        h = sum((deltas[name] * g).sum() for name, g in self.gradients.items())
        self.variance = self.decays**2 * self.variance + h**2
        self.sigma = self.decays * self.sigma - h
        argument = self.sigma / (math.sqrt(2) * self.variance.sqrt() + 1e-8)
        factor = self.first_scale / erfi(1 / math.sqrt(2))
        self.s = factor * torch.from_numpy(erfi(argument.numpy()))
        total = max(self.s.sum().item(), 0.0)
        for name, reference in self.start.items():
            step = self.params[name] - self.before[name]
            self.params[name] = reference + (deltas[name] + step) * total

    @property
    def first_scale(self):
        return self.settings["start"]


class SDP(Twin):
    """Its averages are halved, as those of the optimisers there."""

    def boundary(self, fresh):
        for layer in self.chain()[:-1]:
            weight = self.params[f"{layer}.weight"]
            matrix = weight.reshape(len(weight), -1)
            u, values, v = torch.linalg.svd(matrix, full_matrices=False)
            values = values.clamp(min=1e-4)
            values = values.mean() ** 0.3 * values**0.7
            self.params[f"{layer}.weight"] = (u @ torch.diag(values) @ v).reshape(weight.shape)
        for averages in (self.first, self.second):
            for average in averages.values():
                average.mul_(0.5)


class Shampoo(Twin):
    """Algorithm 2: mode products by einsum, roots of matrices by scipy."""

    def begin(self):
        self.sums = {
            name: [1e-4 * torch.eye(size).double() for size in value.shape]
            for name, value in self.params.items()
        }

    def step(self):
        for name, g in self.gradients.items():
            letters = "abcd"[: g.ndim]
            conditioned = g
            for axis, letter in enumerate(letters):
                other = letters.replace(letter, "z")
                total = self.sums[name][axis]
                total += torch.einsum(f"{letters},{other}->{letter}z", g, g)
                root = total.numpy()
                for _ in range(int(math.log2(2 * g.ndim))):  # of 1, 2 and 4 axes
                    root = sqrtm(root).real
                equation = f"z{letter},{letters}->{other}"
                conditioned = torch.einsum(equation, torch.from_numpy(inv(root)), conditioned)
            self.gradients[name] = conditioned
        super().step()


@cases(("mlp", "adam"), ("cnn", "adam"), ("mlp_norm", "adam"), ("cnn_norm", "sgd"))
def test_muon(network, optimizer):
    adams = {"beta2": 0.95, "epsilon": 1e-10} if optimizer == "adam" else {}
    agree("muon", Muon, network, optimizer, **adams)


@cases()
def test_adamo(network, optimizer):
    step_size = 0.01 if optimizer == "sgd" else 1e-3
    agree("adamo", AdamO, network, optimizer, strength=0.5, step_size=step_size)


@cases(("mlp", "adam"), ("cnn", "adam"), ("mlp_norm", "adam"), ("cnn_norm", "sgd"))
def test_trac(network, optimizer):
    """Not from 1e-8, where even float64 rounds differences of parameters."""
    agree("trac", TRAC, network, optimizer, **{"start": 0.1})


@cases()
def test_sdp(network, optimizer):
    agree("sdp", SDP, network, optimizer)


@cases()
def test_shampoo(network, optimizer):
    agree("shampoo", Shampoo, network, optimizer)
