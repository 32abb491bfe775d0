"""Parseval regularisation, as parseval_reg/agent.py of github.com/wechu/parseval_reg, commit e861c30.

Its networks are fully connected and of one width, and its last layer is not called orthogonal. That
a convolution is a matrix with a row for each channel is not from there.
"""

import torch

from tests.baselines.twins.harness import Twin, agree, cases


class Parseval(Twin):
    def penalty(self, params):
        total = 0.0
        for layer in self.chain()[:-1]:
            weight = params[f"{layer}.weight"]
            rows = weight.reshape(len(weight), -1)
            gap = rows @ rows.t() - 2 * torch.eye(len(rows))
            total = total + (64 / len(rows)) ** 2 * (gap * gap).sum()
        return self.strength * total


@cases()
def test_parseval(network, optimizer):
    agree("parseval", Parseval, network, optimizer, strength=1e-4)
