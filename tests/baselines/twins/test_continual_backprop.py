"""Continual backpropagation, as lop/algos/gnt.py, convGnT.py and utils/AdamGnT.py of
github.com/shibhansh/loss-of-plasticity, commit 63c35f3, with Adam's corrections as they are meant.

Outputs of convolutions are taken before pooling, and a channel's outgoing weights are averaged over
all places, as in the learner; so are gains and biases of norms begun anew. New weights are the
learner's.
"""

import pytest
import torch

from tests.baselines.twins.harness import Twin, agree, cases


class ContinualBackprop(Twin):
    replaced = 0

    def begin(self):
        sizes = [len(self.params[f"{layer}.weight"]) for layer in self.chain()[:-1]]
        self.ages = [torch.zeros(size) for size in sizes]
        self.util = [torch.zeros(size, dtype=torch.float64) for size in sizes]
        self.mean = [torch.zeros(size, dtype=torch.float64) for size in sizes]
        self.owed = [0.0 for _ in sizes]
        self.has_convolutions = any(value.ndim == 4 for value in self.params.values())

    def forget(self):
        super().forget()
        self.counts = {name: torch.zeros_like(value) for name, value in self.params.items()}

    def step(self):
        if self.optimizer == "sgd":
            super().step()
            return
        for name, g in self.gradients.items():
            self.counts[name] = self.counts[name] + 1
            self.first[name] = 0.9 * self.first[name] + 0.1 * g
            self.second[name] = 0.999 * self.second[name] + 0.001 * g * g
            first = 1 - 0.9 ** self.counts[name]
            second = 1 - 0.999 ** self.counts[name]
            # Theirs adds 1e-8, uncorrected, which moves weights of tiny gradients less.
            ratio = self.first[name] / (self.second[name].sqrt() + 1e-8 * second.sqrt())
            self.params[name] = self.params[name] - self.lr * second.sqrt() / first * ratio

    def after(self, inputs):
        chain, chosen = self.chain(), []
        for i, outputs in enumerate(self.features(inputs)):
            self.ages[i] = self.ages[i] + 1
            self.measure(i, outputs, self.params[f"{chain[i + 1]}.weight"])
            chosen.append(self.choose(i))
        for i, units in enumerate(chosen):  # a layer's new units are read by those above it
            if len(units):
                mask = torch.zeros(len(self.ages[i]), dtype=torch.bool)
                mask[units] = True
                self.replace(chain[i], chain[i + 1], mask, moments=("first", "second", "counts"))
                self.ages[i][units] = 0
                self.replaced += len(units)

    def measure(self, i, outputs, reading):
        decay, correction = self.utility_decay, 1 - self.utility_decay ** self.ages[i].double()
        self.mean[i] = decay * self.mean[i] + (1 - decay) * outputs.mean(0)
        outgoing = reading.reshape(len(reading), outputs.shape[1], -1).abs().mean((0, 2))
        if self.utility == "contribution":
            new = outgoing * outputs.abs().mean(0)
        else:
            incoming = self.params[f"{self.chain()[i]}.weight"].flatten(1).abs().mean(1)
            new = outgoing * (outputs - self.mean[i] / correction).abs().mean(0) / incoming
        self.util[i] = decay * self.util[i] + (1 - decay) * new
        self.corrected = self.util[i] / correction

    def choose(self, i):
        eligible = torch.where(self.ages[i] > self.maturity)[0]
        drawn = (
            None if self.accumulate else self.noise.uniform(torch.zeros((), dtype=torch.float64))
        )
        if len(eligible) == 0:
            return eligible
        number = self.rate * (len(self.ages[i]) if self.has_convolutions else len(eligible))
        if self.accumulate:
            self.owed[i] += number
            number = int(self.owed[i])
            self.owed[i] -= number
        elif number < 1:
            number = int(drawn <= number)
        # Theirs is topk, which breaks ties in no stated order; the learner takes the first.
        lowest = self.corrected[eligible].sort(stable=True).indices[: int(number)]
        units = eligible[lowest]
        self.util[i][units] = 0
        self.mean[i][units] = 0
        return units


@pytest.mark.parametrize("utility", ["contribution", "adaptable_contribution"])
@cases()
def test_continual_backprop(network, optimizer, utility):
    settings = {"rate": 0.01, "maturity": 10, "utility_decay": 0.9, "utility": utility}
    twin = agree("continual_backprop", ContinualBackprop, network, optimizer, **settings)
    assert twin.replaced > 10


@cases(("mlp", "adam"))
def test_replacements_may_be_drawn(network, optimizer):
    settings = {"rate": 0.01, "maturity": 10, "utility_decay": 0.9, "accumulate": False}
    twin = agree("continual_backprop", ContinualBackprop, network, optimizer, **settings)
    assert twin.replaced > 10
