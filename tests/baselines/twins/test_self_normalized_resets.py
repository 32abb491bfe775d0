"""Self-normalised resets, as src/algorithms/snr.py and src/experiments/pm_experiment.py of
github.com/ajozefiak/SelfNormalizedResets, commit 8b84f0c.

Ages and limits count examples, as there. Limits are set after every `period`-th update, as in the
learner; there it is at the end of a task. Gains and biases of norms begin anew, as in the learner,
whose new weights the twin takes.
"""

import torch

from tests.baselines.twins.harness import Twin, agree, cases

BATCH = 8


class SelfNormalizedResets(Twin):
    replaced = 0

    def begin(self):
        sizes = [len(self.params[f"{layer}.weight"]) for layer in self.chain()[:-1]]
        self.most = self.longest * BATCH
        self.ages = [torch.zeros(size, dtype=torch.int64) for size in sizes]
        self.hist = [torch.zeros(size, self.most + 1, dtype=torch.int64) for size in sizes]
        self.limits = [torch.full((size,), self.longest // 2 * BATCH) for size in sizes]

    def after(self, inputs):
        chain = self.chain()
        for i, outputs in enumerate(self.features(inputs)):
            silent = (outputs <= 0).all(0)
            self.note(i, ~silent)
            self.ages[i] = (self.ages[i] + BATCH) * silent
        for i in range(len(self.ages)):
            units = self.ages[i] >= self.limits[i]
            self.note(i, units)
            self.ages[i] = self.ages[i] * ~units
            self.replace(chain[i], chain[i + 1], units)
            self.replaced += int(units.sum())
        if self.updates % self.period == 0:
            for i in range(len(self.ages)):
                self.set_limits(i)

    def note(self, i, ends):
        for unit in torch.where(ends)[0]:
            age = self.ages[i][unit]
            if age <= self.most:
                self.hist[i][unit, age] += 1

    def set_limits(self, i):
        for unit, gaps in enumerate(self.hist[i]):
            total = gaps[1:].sum().item()
            found, reached = 0, 0
            for index, number in enumerate(gaps[1:].tolist()):
                reached += number
                # Without gaps a share is 0/0, no share is enough, and the index is the first.
                if total and reached / total >= self.quantile:
                    found = index
                    break
            limit = self.limits[i][unit].item()
            new = found + 1 if found + 1 < limit else 2 * limit
            self.limits[i][unit] = max(BATCH, min(new, self.most))
        self.hist[i] = torch.zeros_like(self.hist[i])


@cases()
def test_self_normalized_resets(network, optimizer):
    settings = {"quantile": 0.8, "period": 25, "longest": 20}
    twin = agree("self_normalized_resets", SelfNormalizedResets, network, optimizer, **settings)
    assert twin.replaced > 5
