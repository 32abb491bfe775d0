"""The distributional regulariser by the formula of the paper, arXiv:2312.00246.

Not verified against code: none of the authors' is public.
"""

import pytest

from tests.baselines.twins.harness import Twin, agree, cases


class Wasserstein(Twin):
    def penalty(self, params):
        total = 0.0
        for name, value in params.items():
            now, then = value.flatten().sort().values, self.start[name].flatten().sort().values
            part = ((now - then) ** 2).sum()
            total = total + (part / len(now) if self.mean else part)
        return self.strength * total


@pytest.mark.parametrize("mean", [False, True])
@cases(("mlp", "sgd"), ("cnn_norm", "adam"))
def test_wasserstein(network, optimizer, mean):
    agree("wasserstein", Wasserstein, network, optimizer, strength=0.1, mean=mean)
