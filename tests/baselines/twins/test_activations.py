"""Methods that change the activation or add a norm, by the formulas of the papers.

CReLU (arXiv:1603.05201), deep Fourier features (arXiv:2410.20634), leaky rectified units (Maas et
al., 2013) and layer normalisation (arXiv:1607.06450). Not verified against code: a formula has none.
"""

import pytest
import torch

from tests.baselines.twins.harness import Twin, agree, cases


class Network(Twin):
    def logits(self, params, inputs):
        x = inputs.flatten(1)
        for depth in range(2):
            x = x @ params[f"linear{depth}.weight"].t() + params[f"linear{depth}.bias"]
            x = self.activation(x, params, depth)
        return x @ params["head.weight"].t() + params["head.bias"]


class CReLU(Network):
    def activation(self, x, params, depth):
        return torch.cat([x * (x > 0), -x * (x < 0)], 1)


class DeepFourier(Network):
    def activation(self, x, params, depth):
        return torch.cat([torch.sin(x), torch.cos(x)], 1)


class LeakyReLU(Network):
    def activation(self, x, params, depth):
        return x * (x > 0) + 0.01 * x * (x <= 0)


class LayerNorm(Network):
    def activation(self, x, params, depth):
        centred = x - x.mean(1, keepdim=True)
        scaled = centred / ((centred**2).mean(1, keepdim=True) + 1e-5).sqrt()
        scaled = scaled * params[f"norm{depth}.weight"] + params[f"norm{depth}.bias"]
        return scaled * (scaled > 0)


TWINS = {
    "crelu": CReLU,
    "deep_fourier": DeepFourier,
    "leaky_relu": LeakyReLU,
    "layer_norm": LayerNorm,
}


@pytest.mark.parametrize("name", TWINS)
@cases(("mlp", "sgd"), ("mlp", "adam"))
def test_activations(network, optimizer, name):
    agree(name, TWINS[name], network, optimizer)
