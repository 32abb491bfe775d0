"""The hare and the tortoise, as src/trainers/base.py of github.com/dojeon-ai/Hare-Tortoise.

Commit 4ec5ebb, and as it is meant: there the fast network is given the slow one's memory, so that
from the first return both are one.
"""

from tests.baselines.twins.harness import Twin, agree, cases


class HareAndTortoise(Twin):
    def begin(self):
        self.slow = dict(self.params)

    def after(self, inputs):
        decay = self.momentum_slow
        for name, fast in self.params.items():
            self.slow[name] = decay * self.slow[name] + (1 - decay) * fast
        if self.updates % self.period == 0:
            self.params = {name: slow.clone() for name, slow in self.slow.items()}


@cases()
def test_hare_and_tortoise(network, optimizer):
    agree("hare_and_tortoise", HareAndTortoise, network, optimizer, momentum_slow=0.9, period=15)
