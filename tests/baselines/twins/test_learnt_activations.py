"""Smooth-Leaky and AdaLin by the formulas of the papers: not verified against the authors' code."""

import torch
from torch.func import functional_call

from tests.baselines.twins.harness import Twin, agree, cases


class WrittenOut(Twin):
    """The modules of a chain called one after another, with activations from `activated`."""

    def logits(self, params, inputs):
        x = inputs
        for name, part in self.module.named_children():
            own = {k[len(name) + 1 :]: v for k, v in params.items() if k.startswith(f"{name}.")}
            x = self.activated(x, own) if "activation" in name else functional_call(part, own, (x,))
        return x


class SmoothLeaky(WrittenOut):
    """arXiv:2509.22562: alpha x + (1 - alpha) x sigmoid(c x / p), with c = 3 and p = 2."""

    def activated(self, x, _own):
        return 0.6 * x + 0.4 * x / (1 + torch.exp(-3 * x / 2))


class AdaLin(WrittenOut):
    """arXiv:2505.09486 for rectified linear units: relu(x) + alpha_i x g(x), g = 1 where x < 0."""

    def begin(self):
        for name in self.params:
            if "activation" in name:
                self.params[name] = torch.full_like(self.params[name], 0.1)

    def activated(self, x, own):
        alpha = own["weight"].reshape(1, -1, *[1] * (x.ndim - 2))
        return x.clamp(min=0) + alpha * x * (x < 0)


@cases()
def test_smooth_leaky(network, optimizer):
    agree("smooth_leaky", SmoothLeaky, network, optimizer, alpha=0.6, sharpness=1.5)


@cases()
def test_adalin(network, optimizer):
    agree("adalin", AdaLin, network, optimizer, alpha=0.1)
