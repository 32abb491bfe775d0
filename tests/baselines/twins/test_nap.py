"""Normalise and project by the formula of the paper, arXiv:2407.01800.

Not verified against code: none of the authors' is public.
"""

import pytest

from tests.baselines.twins.harness import Twin, agree, cases


class NaP(Twin):
    def after(self, inputs):
        layers = self.chain()
        for layer in layers if self.project_head else layers[:-1]:
            name = f"{layer}.weight"
            grown = (self.params[name] ** 2).sum().sqrt() / (self.start[name] ** 2).sum().sqrt()
            self.params[name] = self.params[name] / grown


@pytest.mark.parametrize("project_head", [True, False])
@cases(("mlp", "sgd"), ("cnn", "adam"))
def test_nap(network, optimizer, project_head):
    agree("nap", NaP, network, optimizer, project_head=project_head)
