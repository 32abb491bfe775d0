"""Plasticity injection by the formula of the paper, arXiv:2305.15555.

Not verified against code: none of the authors' is public. The moments of the body are kept at the
injection.
"""

import torch
from torch.func import functional_call

from tests.baselines.twins.harness import Twin, agree, cases


class PlasticityInjection(Twin):
    def logits(self, params, inputs):
        def part(name, x):
            own = {k[len(name) + 1 :]: v for k, v in params.items() if k.startswith(f"{name}.")}
            return functional_call(getattr(self.module, name), own, (x,))

        z = part("body", inputs)
        return part("head", z) + part("new", z) - part("frozen", z)

    def step(self):
        learning = ("body", "head" if self.updates <= self.start_at else "new")
        held = {k: v for k, v in self.params.items() if not k.startswith(learning)}
        for name in held:
            self.gradients[name] = torch.zeros_like(self.gradients[name])
        super().step()
        self.params.update(held)

    @property
    def start_at(self):
        return self.settings["start"]


@cases(("mlp", "sgd"), ("cnn", "adam"))
def test_plasticity_injection(network, optimizer):
    agree("plasticity_injection", PlasticityInjection, network, optimizer, **{"start": 100})
