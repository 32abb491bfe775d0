"""DASH's shrink, as utils/train_utils.py of github.com/baekrok/DASH-Direction-Aware-SHrinking.

Commit 3d3cea6. Its gradients are of a pass over all data before training; the learner's, and so
the twin's, of the first batches of a task, in which nothing else happens.
"""

import torch

from tests.baselines.twins.harness import Twin, agree, cases


class DASH(Twin):
    def begin(self):
        self.waits = 0

    def boundary(self, fresh):
        self.waits = self.window
        self.average = {name: torch.zeros_like(value) for name, value in self.params.items()}

    def step(self):
        if not self.waits:
            super().step()
            return
        for name, g in self.gradients.items():
            self.average[name] = (1 - self.rate) * self.average[name] + self.rate * (-g)
        self.waits -= 1
        if not self.waits:
            self.shrink()

    def shrink(self):
        for layer in self.chain():
            weight, wanted = self.params[f"{layer}.weight"], self.average[f"{layer}.weight"]
            if weight.ndim == 4:
                for out in range(weight.shape[0]):
                    for into in range(weight.shape[1]):
                        self.scale(weight[out, into], wanted[out, into])
            else:
                for out in range(weight.shape[0]):
                    self.scale(weight[out], wanted[out])
            self.scale(self.params[f"{layer}.bias"], self.average[f"{layer}.bias"])

    def scale(self, value, wanted):
        """Scale a view in place."""
        a, b = value.flatten(), wanted.flatten()
        cosine = (a @ b).item() / max(a.norm().item(), 1e-8) / max(b.norm().item(), 1e-8)
        value *= min(max(cosine, self.floor), 1.0)


@cases()
def test_dash(network, optimizer):
    agree("dash", DASH, network, optimizer, window=5)
