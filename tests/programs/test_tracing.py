"""A record replays its function to the last bit, and holds no more than it must."""

import pytest
import torch
from torch.func import vmap
from torch.utils._pytree import tree_leaves

import plasticity_bench as pb
from plasticity_bench.programs import tracing
from plasticity_bench.programs.tracing import trace
from tests.support.helpers import SPEC, replica, same, stacked_batch, train


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


# ---- graphs that are kept -----------------------------------------------------------------------


class Pulled(pb.Learner):
    strength: float = 0.1

    def penalty(self, params, state):
        return self.strength * sum(value.square().sum() for value in params.values())


def trained_in_turn(*learners):
    """All tensors of populations of one replica each."""
    populations = [pb.Population([pb.Replica(0, one)], SPEC) for one in learners]
    for step in range(4):
        for population in populations:
            population.update(*stacked_batch([0], step))
    return [replica(population, 0) for population in populations]


def test_the_same_learner_is_recorded_once(monkeypatch):
    tracing._graphs.clear()
    made, recorded = [], tracing.recorded
    monkeypatch.setattr(tracing, "recorded", lambda *a: made.append(0) or recorded(*a))
    (alone,) = trained_in_turn(Pulled())
    number = len(made)
    assert number > 0
    first, second, stronger = trained_in_turn(Pulled(), Pulled(), Pulled(strength=0.2))
    assert len(made) == number + 1, "the update of another strength"
    assert same(alone, first)
    assert same(alone, second)
    assert not same(alone, stronger)


def test_settings_that_differ_between_replicas_are_part_of_their_graph():
    two, others = (
        train([Pulled(strength=0.1), Pulled(strength=strength)], [0, 1], 2)
        for strength in (0.2, 0.3)
    )
    assert same(replica(two, 0), replica(others, 0))
    assert not same(replica(two, 1), replica(others, 1))


def test_graphs_that_were_used_last_are_kept(monkeypatch):
    monkeypatch.setattr(tracing, "MOST_GRAPHS", 2)
    tracing._graphs.clear()
    first, second = trained_in_turn(Pulled(), Pulled(strength=0.2))
    assert len(tracing._graphs) == 2
    assert same(first, *trained_in_turn(Pulled()))
    assert not same(first, second)
