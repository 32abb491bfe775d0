"""Spectral regularisation by the formula of the paper, arXiv:2406.06811: no code is public.

Not verified against code: that one iteration follows each update, and the terms for biases and
gains, are the paper's words.
"""

import torch

from tests.baselines.twins.harness import Twin, agree, cases


class Spectral(Twin):
    def begin(self):
        self.vectors = {}
        for layer in self.chain():
            rows = self.start[f"{layer}.weight"].flatten(1)
            self.vectors[layer] = iterated(rows, torch.ones(rows.shape[1], dtype=rows.dtype))

    def penalty(self, params):
        total = 0.0
        for layer in self.chain():
            sigma = (params[f"{layer}.weight"].flatten(1) @ self.vectors[layer]).norm()
            total = total + (sigma**2 - 1) ** 2
        for name, value in params.items():
            if name.endswith("bias"):
                total = total + (value @ value) ** 2
            elif "norm" in name:
                total = total + ((value - 1) ** 2).sum()
        return self.strength * total

    def after(self, inputs):
        for layer, vector in self.vectors.items():
            self.vectors[layer] = iterated(self.params[f"{layer}.weight"].flatten(1), vector)


def iterated(rows, vector):
    moved = rows.t() @ (rows @ vector)
    return moved / moved.norm()


@cases()
def test_spectral(network, optimizer):
    agree("spectral", Spectral, network, optimizer, strength=0.01)
