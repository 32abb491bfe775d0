"""FIRE, as vision/interventions/fire.py and vision/train.py of github.com/isaac7778/FIRE.

Commit c37a0ac: ten iterations, and a new optimiser for every task. Networks with attention, of
which queries and keys alone are changed, are in tests/baselines/test_layers.py.
"""

import math

from tests.baselines.twins.harness import Twin, agree, cases


def nearly_orthogonal(matrix):
    x = matrix.t() if matrix.shape[1] > matrix.shape[0] else matrix
    x = x / x.norm()
    for _ in range(10):
        x = 1.5 * x - 0.5 * x @ (x.t() @ x)
    return x.t() if matrix.shape[1] > matrix.shape[0] else x


def fired(weight):
    result = weight.clone()
    scale = math.sqrt(weight.shape[0] / weight.shape[1])
    if weight.ndim == 2:
        return scale * nearly_orthogonal(weight)
    height, width = weight.shape[2:]
    for i in range(height):
        for j in range(width):
            result[:, :, i, j] = nearly_orthogonal(weight[:, :, i, j]) * scale / (height * width)
    return result


class FIRE(Twin):
    def boundary(self, fresh):
        for layer in self.chain():
            self.params[f"{layer}.weight"] = fired(self.params[f"{layer}.weight"])
        self.forget()


@cases()
def test_fire(network, optimizer):
    agree("fire", FIRE, network, optimizer)
