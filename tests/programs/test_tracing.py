"""A record replays its function to the last bit, and holds no more than it must."""

import pytest
import torch
from torch.func import vmap
from torch.utils._pytree import tree_leaves

from plasticity_bench.programs.tracing import trace


def count_operations(monkeypatch):
    """Count the operations that run while a record is replayed."""
    counted = []

    class Count(torch.utils._python_dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            counted.append(function)
            return function(*args, **(kwargs or {}))

    return Count(), counted


def layer(state, x):
    """A function whose record has repetitions, views to the same shape and a product with one."""
    hidden = vmap(lambda w, b, x: torch.nn.functional.linear(x, w, b))(state["w"], state["b"], x)
    once, again = hidden.exp() + 1, hidden.exp() + 1
    return {"w": state["w"] * 0.5, "b": state["b"] + once.sum(1)}, (once * again).view(2, 3, 4)


def arguments():
    generator = torch.Generator().manual_seed(0)
    shapes = {"w": (2, 4, 5), "b": (2, 4)}
    state = {k: torch.randn(s, generator=generator) for k, s in shapes.items()}
    return state, torch.randn(2, 3, 5, generator=generator)


def test_a_record_replays_its_function():
    replay = trace(layer, arguments())
    state, x = arguments()
    for _ in range(3):
        expected, found = tree_leaves(layer(state, x)), replay(*tree_leaves((state, x)))
        assert all(torch.equal(one, other) for one, other in zip(expected, found, strict=True))
        state, x = dict(zip(state, found, strict=False)), x + 1


def test_what_changes_nothing_is_left_out(monkeypatch):
    replay = trace(layer, arguments())
    mode, counted = count_operations(monkeypatch)
    with mode:
        replay(*tree_leaves(arguments()))
    names = [str(function) for function in counted]
    assert names.count("aten.exp.default") == 1
    assert "aten.mul.Scalar" not in names
    assert "aten.expand.default" not in names


def test_one_tensor_given_twice_stays_two_arguments():
    zeros = torch.zeros(3)
    replay = trace(lambda a, b: (a + 1, b + 2), (zeros, zeros))
    one, other = replay(torch.tensor([1.0, 2, 3]), torch.tensor([10.0, 20, 30]))
    assert one.tolist() == [2, 3, 4]
    assert other.tolist() == [12, 22, 32]


def test_a_record_with_writes_in_place_is_left_alone():
    def writes(x):
        y = x * 2
        alias = y[:2]
        before = alias.exp()
        y.add_(1)
        return before, alias.exp()

    replay = trace(writes, (torch.zeros(3),))
    for expected, found in zip(writes(torch.ones(3)), replay(torch.ones(3)), strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("factor", [1, 1.0, 2, True])
def test_only_a_product_with_one_is_dropped(factor):
    replay = trace(lambda x: x * factor, (torch.ones(3),))
    (found,) = replay(torch.full((3,), 5.0))
    assert found.tolist() == [5.0 * factor] * 3
    integers = trace(lambda x: x * 1.0, (torch.ones(3, dtype=torch.int64),))
    assert integers(torch.tensor([1, 2, 3]))[0].dtype == torch.float32
