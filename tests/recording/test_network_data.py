"""Networks are rebuilt from plain data, with the same outputs and names."""

import copy
import json

import pytest
import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional

import plasticity_bench as pb
from plasticity_bench.errors import UnrecordableError
from plasticity_bench.recording.network_data import as_data, from_data

FAMILIES = {
    "mlp": {"hidden": (16, 16), "activation": "gelu"},
    "norms": {"hidden": (32,), "norm": "group", "activation": "crelu"},
    "cnn": {"name": "cnn", "channels": (4, 8), "hidden": (16,), "norm": "layer"},
    "resnet18": {"name": "resnet18", "width": 4, "norm": "none"},
    "vit": {"name": "vit", "patch_size": 4, "dim": 16, "depth": 1, "heads": 2},
    "gpt": {"name": "gpt", "dim": 16, "depth": 1, "heads": 2},
}


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 8)
        self.gain = nn.Parameter(torch.ones(8))
        self.head = nn.Linear(8, 10)
        self.head.weight = nn.Parameter(torch.randn(10, 8))
        self.shift = torch.tensor([0.5])

    def forward(self, x):
        x = x.reshape(x.shape[0], -1)
        z = functional.silu(self.first(x)) * self.gain[None, :] + self.shift
        return self.head(torch.cat([z[:, :4], z[..., 4:]], dim=-1))


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(64, 64)
        self.two = nn.Linear(64, 64)
        self.two.weight = self.one.weight
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.two(self.one(x.flatten(1)).tanh()))


def check(module):
    data = json.loads(json.dumps(as_data(module)))
    again = from_data(data)
    params = {name: value.detach() for name, value in module.named_parameters()}
    assert list(params) == [name for name, _ in again.named_parameters()]
    for count in (1, 2, 5):
        x = torch.randn(count, 8, 8)
        expected = functional_call(module, params, (x,))
        assert torch.equal(functional_call(again, params, (x,)), expected)
    return data


@pytest.mark.parametrize("family", FAMILIES)
def test_families_are_rebuilt(family):
    check(pb.build_network(pb.NetworkSpec(**FAMILIES[family], input_shape=(8, 8), num_outputs=10)))


@pytest.mark.parametrize("cls", [Own, Tied])
def test_networks_of_ones_own_are_rebuilt(cls):
    check(cls())


class Branching(Own):
    def forward(self, x):
        return super().forward(x) if x.sum() > 0 else super().forward(-x)


class Loading(Own):
    def forward(self, x):
        return super().forward(x) + torch.load("weights.pt")


class Random(Own):
    def forward(self, x):
        return super().forward(x + torch.rand_like(x))


class ToNumpy(Own):
    def forward(self, x):
        return super().forward(x) + float(x.numpy().sum())


@pytest.mark.parametrize("cls", [Branching, Loading, Random, ToNumpy])
def test_a_forward_pass_that_is_no_list_of_calls_is_refused(cls):
    with pytest.raises(UnrecordableError):
        as_data(cls())


def test_a_hook_of_pytorchs_is_refused():
    module = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    module[1].register_forward_hook(lambda *_: None)
    with pytest.raises(UnrecordableError, match="hooks of PyTorch's"):
        as_data(module)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update({"class": "torch.nn.Nothing"}),
        lambda d: d.update({"class": "os.system"}),
        lambda d: d["calls"].append(["call_function", "torch.load", [], {}]),
        lambda d: d["calls"].append(["call_function", "operator.__import__", [], {}]),
        lambda d: d["calls"].append(["call_method", "numpy", [{"value": 0}], {}]),
        lambda d: d["calls"].append(["call_method", "__reduce__", [{"value": 0}], {}]),
        lambda d: d["calls"].append(["call_function", "operator.call", [{"value": 0}], {}]),
        lambda d: d["calls"].append(["call_function", "operator.attrgetter", ["grad"], {}]),
        lambda d: d["calls"].append(["call_function", "functional.handle_torch_function", [], {}]),
        lambda d: d["calls"].append(["call_function", "torch.empty", [[3]], {}]),
        lambda d: d["calls"].append(["call_method", "as_strided", [{"value": 0}, [9], [1]], {}]),
        lambda d: d["calls"].append(["parameter", "forward.__globals__", [], {}]),
        lambda d: d["calls"].append(["parameter", "_calls", [], {}]),
        lambda d: d["children"]["first"]["attributes"].update(forward=1),
        lambda d: d["children"]["first"]["attributes"].update(_parameters=1),
        lambda d: d.pop("parameters"),
    ],
)
def test_forged_data_is_refused(change):
    data = copy.deepcopy(as_data(Own()))
    change(data)
    with pytest.raises(UnrecordableError):
        from_data(data)


@pytest.mark.parametrize(
    "call",
    [
        ["call_method", "upper", ["no tensor"], {}],
        ["call_method", "sum", [[{"value": 0}]], {}],
        ["call_function", "builtins.getattr", [{"value": 0}, "__class__"], {}],
        ["call_function", "builtins.getattr", ["text", "shape"], {}],
        ["call_function", "operator.getitem", [{"dict": {"a": 1}}, "a"], {}],
    ],
)
def test_calls_are_made_with_data_alone(call):
    data = copy.deepcopy(as_data(Own()))
    data["calls"].insert(1, call)
    for later in data["calls"][2:]:
        later[2] = [{"value": 0}]
    with pytest.raises(UnrecordableError):
        from_data(data)(torch.ones(2, 8, 8))


def test_no_function_that_is_permitted_takes_or_gives_code():
    """What a forward pass may call: none of the functions runs, imports or looks up something."""
    from plasticity_bench.recording.calls import _permitted, function_named

    names = [f"{space}.{name}" for space, known in _permitted().items() for name in known]
    hostile = ("import", "exec", "eval", "call", "getter", "global", "file", "dispatch", "handle")
    assert not [
        n
        for n in names
        if any(part in n.partition(".")[2] for part in hostile) and _is_permitted(function_named, n)
    ]


def _is_permitted(function_named, name):
    try:
        return function_named(name) is not None
    except UnrecordableError:
        return False


def test_captured_tensors_are_counted():
    from plasticity_bench.recording.network_data import num_constants

    assert num_constants(as_data(Own())) == 1
