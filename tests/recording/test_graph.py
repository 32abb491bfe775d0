"""Graphs are plain data, and do what the function did that they were recorded of."""

import json

import pytest
import torch

from plasticity_bench.errors import UnrecordableError
from plasticity_bench.recording import operations
from plasticity_bench.recording.graph import Graph, record

X = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
CAPTURED = torch.arange(4.0)


def function(x, y):
    values, indices = (x @ y.mT).sort(-1)
    return {"a": values * 0.1 + CAPTURED[:3], "b": torch.where(indices > 0, x[:, :3], -torch.inf)}


def test_a_graph_survives_json():
    arguments = (X, X + 1)
    graph = Graph.from_json(json.loads(json.dumps(record(function, arguments).as_json())))
    expected = torch.utils._pytree.tree_leaves(function(*arguments))
    assert all(map(torch.equal, graph(*arguments), expected))
    assert graph.num_constants == 4 + 2  # CAPTURED, 0.1 and infinity


def test_an_output_depends_on_what_it_is_computed_from():
    graph = record(lambda x, y: (x.exp(), x.exp() + y), (X, X))
    assert graph.depends(0, 0)
    assert graph.depends(1, 0)
    assert graph.depends(1, 1)
    assert not graph.depends(0, 1)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: x * float(x.sum()), "value"),
        (lambda x: x.nonzero(), "shape"),
        (lambda x: x + torch.rand_like(x), "random|generator"),
    ],
)
def test_what_no_graph_can_hold_is_refused(function, reason):
    with pytest.raises((UnrecordableError, RuntimeError), match=reason):
        record(function, (X,))


def edited(change):
    data = record(lambda x: x.exp().sum(), (X,)).as_json()
    change(data)
    return json.loads(json.dumps(data))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["nodes"][0].__setitem__(0, "aten.from_file.default"),
        lambda d: d["nodes"][0].__setitem__(0, "aten.rand_like.default"),
        lambda d: d["nodes"][0].__setitem__(0, "aten.exp.nothing"),
        lambda d: d["nodes"][0].__setitem__(0, "quantized.add.default"),
        lambda d: d["nodes"][0].__setitem__(0, "os.system.default"),
        lambda d: d["nodes"][0].__setitem__(1, [{"value": 7}]),
        lambda d: d["nodes"][0].__setitem__(1, [{"value": -1}]),
        lambda d: d["nodes"][0].__setitem__(1, [{"dtype": "load"}]),
        lambda d: d["nodes"][0].__setitem__(1, [{"pickle": "x"}]),
        lambda d: d["outputs"].append(99),
        lambda d: d.pop("nodes"),
        lambda d: d["inputs"].append([[1], "float33"]),
        lambda d: d["constants"].append([[1], "float32", "!"]),
    ],
)
def test_a_forged_graph_is_refused(change):
    with pytest.raises(UnrecordableError):
        Graph.from_json(edited(change))


def test_only_initial_parameters_may_be_random():
    data = edited(lambda d: d["nodes"][0].__setitem__(0, "aten.rand_like.default"))
    Graph.from_json(data, random=True)


@pytest.mark.parametrize("name", ["from_file", "save", "load", "_print", "open", "set_"])
def test_operations_on_files_and_memory_are_no_computation(name):
    with pytest.raises(UnrecordableError):
        operations.check_operation(f"aten.{name}.default")
