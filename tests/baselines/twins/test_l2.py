"""L2 regularisation, as agents/agents.py of github.com/skumar9876/L2_Init, commit 3f86d26."""

from tests.baselines.twins.harness import Twin, agree, cases


class L2(Twin):
    def penalty(self, params):
        """Names decide: a layer whose name has "norm" in it is left out."""
        total = 0.0
        for name, value in params.items():
            if "norm" not in name:
                total = total + (value * value).sum()
        return self.strength * 0.5 * total


class L2Init(Twin):
    def penalty(self, params):
        total = 0.0
        for name, value in params.items():
            if "norm" not in name:
                total = total + ((value - self.start[name]) ** 2).sum()
        return self.strength * 0.5 * total


@cases()
def test_l2(network, optimizer):
    agree("l2", L2, network, optimizer, strength=0.1)


@cases()
def test_l2_init(network, optimizer):
    agree("l2_init", L2Init, network, optimizer, strength=0.1)
