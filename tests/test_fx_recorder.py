"""The recorder's graphs are those of PyTorch's `make_fx`; what depends on values is refused."""

import pytest
import torch
from torch import Tensor, nn
from torch._subclasses import FakeTensorMode
from torch.func import grad, vmap
from torch.fx.experimental.proxy_tensor import make_fx
from torch.utils import _pytree as pytree

import plasticity_bench as pb
from benchmarks import bits
from plasticity_bench.errors import UnrecordableError
from plasticity_bench.fx_recorder import FxRecorder
from plasticity_bench.programs import tracing
from plasticity_bench.recording import graph
from plasticity_bench.recording.fx_graphs import decompositions

CAPTURED = torch.arange(3.0)


def description(module):
    """All nodes, with names by position: what is called, with what, and the results' layout."""
    names = {node: f"%{number}" for number, node in enumerate(module.graph.nodes)}
    rows = []
    for node in module.graph.nodes:
        target = str(node.target) if node.op == "call_function" else node.op
        arguments = torch.fx.node.map_arg((node.args, dict(node.kwargs)), names.__getitem__)
        if node.op == "get_attr":
            rows.append((target, getattr(module, node.target).tolist()))
            continue
        layout = pytree.tree_map_only(
            Tensor, lambda t: (t.shape, t.stride(), t.dtype), node.meta.get("val")
        )
        rows.append((target, str(arguments), str(layout)))
    return rows


def of_pytorch(function, examples, table=None):
    return make_fx(function, decomposition_table=table)(*map(torch.clone, examples))


def losses(weight, inputs):
    return (nn.functional.gelu(inputs @ weight.mT).log_softmax(-1) ** 2).mean()


def written(x, y):
    z = x.clone()
    z.add_(y)
    z[0] = 7.0
    return [z, x + CAPTURED, CAPTURED * y]


def with_literals(x, y):
    count = torch.tensor(2.0)
    count.add_(1)
    if count.item() > 2.5:  # a literal is known
        x = x * count
    return [x, torch.where(y > 0, torch.tensor(1.0), torch.zeros(()))]


FUNCTIONS = {
    "gradient": lambda x, y: [grad(losses)(x[None], y[None]), losses(x[None], y[None])],
    "mapped": lambda x, y: [vmap(grad(lambda a, b: (a * b).sin()))(x, y)],
    "several results": lambda x, y: [*torch.sort(x), *torch.stack([x, y]).split(1)],
    "written": written,
    "literals": with_literals,
    "attention": lambda x, y: [
        nn.functional.scaled_dot_product_attention(x.outer(y)[None], *[y.outer(x)[None]] * 2)
    ],
}


@pytest.mark.parametrize("table", [{}, decompositions()], ids=["", "decomposed"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_graphs_are_those_of_pytorch(name, table):
    function, examples = FUNCTIONS[name], [torch.tensor([1.0, -2.0, 3.0]), torch.ones(3) / 3]
    module = FxRecorder(table).record(function, examples)
    assert description(module) == description(of_pytorch(function, examples, table))
    for result, expected in zip(module(*examples), function(*examples), strict=True):
        assert torch.equal(result, expected)


@pytest.mark.slow
@pytest.mark.parametrize("network", ["mlp", "cnn", "vit"])
@pytest.mark.parametrize("learner", ["continual_backprop", "adahessian", "spectral"])
def test_graphs_of_learners_are_those_of_pytorch(monkeypatch, learner, network):
    recorded, same = tracing.recorded, []

    def compared(function, examples, table=None, **options):
        module = recorded(function, list(map(torch.clone, examples)), table, **options)
        expected = of_pytorch(function, examples, table)
        same.append(description(module) == description(expected))
        return module

    monkeypatch.setattr(tracing, "recorded", compared)
    monkeypatch.setattr(graph, "recorded", compared)
    tracing._graphs.clear()
    spec = pb.NetworkSpec(**bits.NETWORKS[network], input_shape=(8, 8), num_outputs=10)
    population = pb.Population([pb.Replica(0, bits.acting(learner))], spec)
    population.update(torch.rand(1, 4, 8, 8), torch.zeros(1, 4, dtype=torch.int64))
    assert len(same) >= 3
    assert all(same)


def test_for_the_compiler_results_are_fake_tensors():
    fake = FakeTensorMode()
    module = FxRecorder(fake=fake).record(lambda x: [x + 1], [torch.ones(3)])
    assert all(n.meta["val"].fake_mode is fake for n in module.graph.nodes if n.op != "output")


@pytest.mark.parametrize(
    "function",
    [
        lambda x: [x] if x.sum() > 0 else [-x],
        lambda x: [x * x.sum().item()],
        lambda x: [x] if torch.equal(x, x + 1) else [-x],
        lambda x: [x * torch.bernoulli(torch.tensor(0.5)).item()],
    ],
)
def test_what_depends_on_values_is_refused(function):
    with pytest.raises(RuntimeError, match="data-dependent"):
        FxRecorder().record(function, [torch.ones(3)])


def test_what_is_no_operation_is_refused():
    with pytest.raises(UnrecordableError, match="no operation on tensors"):
        FxRecorder().record(
            lambda x: [torch.ops.higher_order.cond(x.sum() > 0, torch.sin, torch.cos, (x,))],
            [torch.ones(3)],
        )
