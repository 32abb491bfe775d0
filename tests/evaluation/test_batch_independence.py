"""Networks whose outputs for an example depend on its batch are refused."""

import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.checks import check_learner
from plasticity_bench.evaluation.batch_independence import check_batch_independence
from tests.evaluation.test_evaluator import SPEC, small_stream

SENTENCE = "depend on the other examples of its batch, or on how many there are"


class Gated(nn.Module):
    """Another function where a batch is larger than those of training."""

    def __init__(self):
        super().__init__()
        self.trained, self.other = nn.Linear(64, 10), nn.Linear(64, 10)

    def forward(self, x):
        x = x.flatten(1)
        is_small = torch.clamp(torch.ones(()) * (17 - x.shape[0]), 0, 1)
        return is_small * self.trained(x) + (1 - is_small) * self.other(x)


class Centred(nn.Module):
    """Subtracts the mean of the batch."""

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(x.flatten(1) - x.flatten(1).mean(0))


class Placed(Centred):
    """Adds the place in the batch."""

    def forward(self, x):
        return self.head(x.flatten(1)) + torch.ones_like(x.flatten(1)[:, :1]).cumsum(0)


def params_of(module):
    return {name: value.detach()[None] for name, value in module.named_parameters()}


@pytest.mark.parametrize("cls", [Gated, Centred, Placed])
def test_such_networks_are_refused(cls):
    module = cls()
    inputs = torch.randn(1, 32, 8, 8)
    with pytest.raises(pb.LearnerError, match=SENTENCE):
        check_batch_independence(module, params_of(module), inputs, 16)


def test_others_are_not_and_what_has_diverged_is_not_looked_at():
    module = pb.build_network(SPEC)
    inputs = torch.randn(1, 32, *SPEC.input_shape)
    for batch_size in (1, 16, 32, 64):
        check_batch_independence(module, params_of(module), inputs, batch_size)
    module = Centred()
    infinite = {name: value * torch.inf for name, value in params_of(module).items()}
    check_batch_independence(module, infinite, torch.randn(1, 32, 8, 8), 16)


def test_given_outputs_are_compared_with_those_of_other_batches():
    module = Centred()
    inputs = torch.randn(1, 32, 8, 8)
    with pytest.raises(pb.LearnerError, match=SENTENCE):
        check_batch_independence(module, params_of(module), inputs, 16, torch.randn(1, 32, 10))


class Learner(pb.Learner):
    def build(self, spec):
        return Centred()


def test_evaluate_and_check_refuse_them():
    population = pb.Population([pb.Replica(0, Learner())], SPEC)
    protocol = pb.Protocol(curvature_examples=16)
    with pytest.raises(pb.LearnerError, match=SENTENCE):
        pb.evaluate(small_stream(), population, protocol)
    with pytest.raises(pb.LearnerError, match=SENTENCE):
        check_learner(Learner)
