"""Compiled updates: the same run to rounding, the same bits in any population, or a stated reason."""

import os
import shutil

import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

import plasticity_bench as pb
from plasticity_bench.programs import compiling
from plasticity_bench.programs.compiling import should_compile
from plasticity_bench.programs.tracing import trace
from tests.support.helpers import SPEC, replica, same, stacked_batch

pytestmark = pytest.mark.slow


class Noisy(pb.Learner):
    """Plain descent with a penalty, noise and ranking: what a graph of ours may hold."""

    optimizer = "sgd"
    step_size = 0.05

    def memory(self, params):
        return {"sorted": params["head.weight"].flatten().sort().values}

    def penalty(self, params, state):
        weight = params["head.weight"]
        return (weight - pb.match_ranks(weight, state.memory["sorted"])).square().sum()

    def after_update(self, state, noise):
        moved = state.params["head.bias"] + 1e-3 * noise.normal(state.params["head.bias"])
        return state._replace(params={**state.params, "head.bias": moved})


def population(seeds, compiles, steps=30, learner=Noisy):
    made = pb.Population(
        [pb.Replica(seed, learner()) for seed in seeds], SPEC, compile_updates=compiles
    )
    for step in range(steps):
        made.update(*stacked_batch(seeds, step))
    return made


class Mixing(pb.Learner):
    """Returns what its state held under other names, or twice: what in-place writes could spoil."""

    optimizer = "sgd"
    step_size = 0.05

    def memory(self, params):
        bias = params["linear0.bias"]
        return {"one": bias + 1, "two": bias + 2, "three": bias + 3, "flipped": bias.flip(0)}

    def after_update(self, state, noise):
        one, two = state.memory["one"], state.memory["two"]
        memory = {
            "one": two,
            "two": one,
            "three": state.params["linear0.bias"],
            "flipped": one.flip(0),
        }
        return state._replace(initial=state.params, memory=memory)

    def begin_task(self, state, fresh, noise):
        return state._replace(params=state.initial, initial=state.params)


@pytest.fixture(scope="module")
def pair():
    if not (os.environ.get("CXX") or shutil.which("g++") or shutil.which("clang++")):
        pytest.skip("there is no C++ compiler")
    return population([0, 1, 2], compiles=True)


def test_the_compiled_run_is_the_traced_run_to_rounding(pair):
    assert pair.compiled
    assert pair.fallback is None
    traced = population([0, 1, 2], compiles=False)
    assert traced.compiled is False
    for one, other in zip(replica(pair, 1), replica(traced, 1), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-4)


def test_a_compiled_replicas_run_does_not_depend_on_the_others(pair):
    assert same(replica(pair, 2), replica(population([2], compiles=True), 0))


def test_a_refusal_is_stated(monkeypatch):
    def refuse(*_, **__):
        raise RuntimeError("No working C++ compiler found\nand more")

    monkeypatch.setattr(torch._inductor, "standalone_compile", refuse)
    with pytest.raises(compiling.CompilationError, match="RuntimeError: No working C.. compiler"):
        trace(lambda x: x.exp() + 1, (torch.ones(3),), into_code=True)


def test_a_looped_learner_is_not_compiled():
    looped = type("Looped", (Noisy,), {"vectorized": False, "__module__": __name__})
    made = population([0], compiles=True, steps=2, learner=looped)
    assert made.compiled is False
    assert made.fallback == "the learner is not recorded"


def test_auto_compiles_what_is_long():
    assert should_compile("on", 1)
    assert not should_compile("off", 10**9)
    assert not should_compile("auto", compiling.AUTO_UPDATES - 1)
    assert should_compile("auto", compiling.AUTO_UPDATES)


@pytest.mark.usefixtures("pair")
def test_tensors_that_trade_places_are_not_mixed_up():
    def run(compiles):
        made = population([0, 1], compiles, steps=3, learner=Mixing)
        made.begin_task(1)
        for step in range(3, 6):
            made.update(*stacked_batch([0, 1], step))
        return made

    compiled, traced = run(True), run(False)
    assert compiled.compiled
    for one, other in zip(replica(compiled, 1), replica(traced, 1), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


@pytest.mark.usefixtures("pair")
def test_a_state_that_was_put_aside_is_not_overwritten_once_it_is_put_back():
    made = population([0, 1], compiles=True, steps=3)
    kept = torch.utils._pytree.tree_map(torch.clone, made.state)
    before = torch.utils._pytree.tree_map(torch.clone, kept)
    made.state = kept
    made.update(*stacked_batch([0, 1], 3))
    assert same(torch.utils._pytree.tree_leaves(kept), torch.utils._pytree.tree_leaves(before))
    assert not torch.equal(made.state.params["head.bias"], before.params["head.bias"])


@pytest.mark.usefixtures("pair")
def test_what_stays_as_it_is_goes_round_the_code():
    def function(written, kept, unused, other):
        return [written + other, kept, kept * other, other]

    tensors = [torch.full((3,), float(value)) for value in range(1, 5)]
    code = compiling.compiled(make_fx(function)(*tensors), tensors, num_carried=2)
    written, kept, product, other = code(*tensors)
    assert written.tolist() == [5, 5, 5]
    assert kept is tensors[1]
    assert product.tolist() == [8, 8, 8]
    assert other is tensors[3]
    assert tensors[0].tolist() == [1, 1, 1]  # the caller's, and so copied first
    assert code(written, *tensors[1:])[0] is written


class Solving(Noisy):
    """Uses an operation that the compiler has no direct call to."""

    def penalty(self, params, state):
        return torch.linalg.svdvals(params["head.weight"]).max()


@pytest.mark.usefixtures("pair")
def test_operations_that_the_compiler_cannot_write_are_called():
    made = population([0, 1], compiles=True, steps=3, learner=Solving)
    assert made.compiled
    traced = population([0, 1], compiles=False, steps=3, learner=Solving)
    for one, other in zip(replica(made, 1), replica(traced, 1), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-5)
