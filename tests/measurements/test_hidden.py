"""Hidden activations: modules and functions alike, or no numbers at all."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import plasticity_bench as pb
from plasticity_bench.measurements import MEASUREMENTS, Probe, measure
from plasticity_bench.measurements.hidden import hidden_activations, unclear_function
from tests.networks.test_forward_graph import Net

INPUTS = torch.randn(6, 4, 4, generator=torch.Generator().manual_seed(0))
OF_UNITS = [name for name, one in MEASUREMENTS.items() if one.of_units]
KINDS = {
    "relu": (nn.ReLU(), torch.relu),
    "relu of F": (nn.ReLU(), functional.relu),
    "relu, a method": (nn.ReLU(), lambda x: x.relu()),
    "relu, in place": (nn.ReLU(), lambda x: x.relu_()),
    "relu, inplace=True": (nn.ReLU(), lambda x: functional.relu(x, inplace=True)),
    "relu, a new module": (nn.ReLU(), lambda x: nn.ReLU().forward(x)),
    "tanh": (nn.Tanh(), torch.tanh),
    "gelu": (nn.GELU(), functional.gelu),
    "leaky_relu": (nn.LeakyReLU(), functional.leaky_relu),
    "silu": (nn.SiLU(), functional.silu),
    "elu": (nn.ELU(), functional.elu),
    "selu": (nn.SELU(), torch.selu),
    "softplus": (nn.Softplus(), functional.softplus),
    "logsigmoid": (nn.LogSigmoid(), functional.logsigmoid),
    "tanhshrink": (nn.Tanhshrink(), functional.tanhshrink),
    "hardswish": (nn.Hardswish(), functional.hardswish),
    "relu6": (nn.ReLU6(), functional.relu6),
    "threshold": (nn.Threshold(0.0, 0.0), lambda x: functional.threshold(x, 0.0, 0.0)),
    "sigmoid": (nn.Sigmoid(), torch.sigmoid),
}
UNCLEAR = {
    "sin": torch.sin,
    "clamp": lambda x: x.clamp(min=0),
    "maximum": lambda x: torch.maximum(x, torch.zeros(())),
    "gt": lambda x: torch.where(x > 0, x, 0.0),
    "mul": lambda x: x * torch.sigmoid(x),
    "abs": torch.abs,
}


def network(first, second):
    """Two hidden layers with an activation each, the same parameters each time."""
    torch.manual_seed(0)
    parts = {"a": nn.Linear(16, 8), "b": nn.Linear(8, 8), "h": nn.Linear(8, 5)}
    acts = {n: f for n, f in (("f", first), ("g", second)) if isinstance(f, nn.Module)}
    return Net(lambda n, x: n.h(second(n.b(first(n.a(x))))), **parts, **acts)


def outputs(module):
    params = {name: value.detach() for name, value in module.named_parameters()}
    return hidden_activations(module, params, INPUTS)


def probe(module):
    params = {name: value.detach()[None] for name, value in module.named_parameters()}
    targets = torch.arange(6)[None] % 5
    return Probe(module, params, params, {}, INPUTS[None], targets)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OF_UNITS)
def test_functions_are_measured_as_their_modules_are(name, kind):
    module, function = KINDS[kind]
    modules = measure(name, probe(network(module, module)))
    mixed = measure(name, probe(network(module, function)))
    functions = measure(name, probe(network(function, function)))
    for key in [key for key in modules if "/" not in key]:
        np.testing.assert_array_equal(modules[key], mixed[key])
        np.testing.assert_array_equal(modules[key], functions[key])


@pytest.mark.parametrize("kind", UNCLEAR)
@pytest.mark.parametrize("name", OF_UNITS)
def test_what_is_not_known_makes_the_numbers_unavailable(name, kind):
    module = network(nn.ReLU(), UNCLEAR[kind])
    assert all(np.isnan(value).all() for value in measure(name, probe(module)).values())
    assert unclear_function(module, INPUTS) == kind


def test_layers_are_called_as_their_module_or_function():
    assert list(outputs(network(nn.ReLU(), torch.relu))) == ["f", "relu()"]
    assert list(outputs(network(torch.relu, torch.relu))) == ["relu()", "relu()#2"]
    shared = nn.ReLU()
    assert list(outputs(network(shared, lambda x: shared(1 * x)))) == ["f", "f#2"]
    twice = network(nn.ReLU(), lambda x: torch.relu(torch.relu(x)))
    assert list(outputs(twice)) == ["f", "relu()", "relu()#2"]


def test_linear_layers_and_norms_are_no_activations():
    assert outputs(network(lambda x: x, lambda x: 2 * x + 1)) == {}
    assert unclear_function(network(lambda x: x, lambda x: x), INPUTS) == ""

    def normed(x):
        return torch.relu(x / x.norm(dim=-1, keepdim=True).clamp_min(1e-6))

    assert list(outputs(network(nn.ReLU(), normed))) == ["f", "relu()"]


def test_a_function_inside_an_activation_module_is_a_part_of_it():
    spec = pb.NetworkSpec(hidden=(8, 8), activation="crelu", input_shape=(4, 4), num_outputs=5)
    seen = outputs(pb.build_network(spec))
    assert {name: value.shape[1] for name, value in seen.items()} == {
        "activation0": 16,
        "activation1": 16,
    }


def test_a_transformer_layer_of_pytorch_shows_its_activation():
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    module = nn.Sequential(layer, nn.Flatten(), nn.Linear(16, 5))
    assert list(outputs(module)) == ["relu()"]


class Sines(pb.Learner):
    def build(self, spec):
        return Net(
            lambda n, x: n.h(torch.sin(n.a(x))),
            a=nn.Linear(64, 8),
            h=nn.Linear(8, spec.num_outputs),
        )


@pytest.mark.slow
def test_check_remarks_on_it():
    (remark,) = pb.check_learner(Sines)
    assert remark.startswith("Diagnostics of hidden units are n/a: its network calls sin()")
