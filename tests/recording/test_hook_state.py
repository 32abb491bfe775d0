"""Hooks that depend on more than their arguments are refused, whatever they do with it later."""

import collections
import cProfile
import dataclasses
import functools
import itertools
import os
import random
import secrets
import threading
import time
import types
from datetime import datetime

import numpy as np
import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.recording import purity
from tests.support.helpers import SPEC, same, stacked_batch, train

NUMBER = 0
LIST = [0]
DICT = {}
COUNTER = collections.Counter()
ITERATOR = itertools.count()
NUMPY = np.random.default_rng(0)
RANDOM = random.Random(0)
OBJECT = types.SimpleNamespace(n=0)
TENSOR = torch.zeros(())
ARRAY = np.zeros(3)
GENERATOR = (i for i in range(10**6))
TORCH = torch.Generator()
NETWORK = torch.nn.Linear(2, 2)
FIRST = [True]


class Ticker:
    ticks = 0

    @classmethod
    def tick(cls):
        cls.ticks += 1


def number():
    global NUMBER
    NUMBER += 1


def by_globals():
    globals()["NUMBER"] += 1


def helper_of_helper():
    number()


def default(box=[]):  # noqa: B006
    box.append(1)


def attribute():
    attribute.n = getattr(attribute, "n", 0) + 1


def first():
    if FIRST[0]:
        FIRST[0] = False


def network():
    with torch.no_grad():
        NETWORK.weight.add_(1.0)


def listed():
    LIST[0] += 1


CHANGES = {
    "NUMBER": number,
    "NUMBER, by globals()": by_globals,
    "NUMBER, by a helper": helper_of_helper,
    "LIST": lambda: listed(),
    "DICT": lambda: DICT.update(k=DICT.get("k", 0) + 1),
    "COUNTER": lambda: COUNTER.update("a"),
    "ITERATOR": lambda: next(ITERATOR),
    "NUMPY": lambda: NUMPY.normal(),
    "RANDOM": lambda: RANDOM.random(),
    "OBJECT": lambda: setattr(OBJECT, "n", OBJECT.n + 1),
    "TENSOR": lambda: TENSOR.add_(1),
    "ARRAY": lambda: ARRAY.__iadd__(1),
    "GENERATOR": lambda: next(GENERATOR),
    "TORCH": lambda: torch.rand(1, generator=TORCH),
    "NETWORK": network,
    "Ticker.ticks": lambda: Ticker.tick(),
    "default": default,
    "attribute": lambda: attribute(),
}
READS = {
    "time.time()": time.time,
    "time.perf_counter()": time.perf_counter,
    "datetime.now()": datetime.now,
    "hash()": lambda: hash("text"),
    "os.urandom()": lambda: os.urandom(1),
    "os.urandom(), by secrets": lambda: secrets.randbelow(3),
}
DRAWS = {
    "random": random.random,
    "random, by choice": lambda: random.choice([1, 2]),
    "numpy.random": lambda: np.random.rand(),
}


def learner(do, vectorized, hook="after_update"):
    """A learner whose hook does something beside what it is for."""

    def does(self, *arguments):
        do()
        return getattr(pb.Learner, hook)(self, *arguments)

    hooks = {hook: does, "vectorized": vectorized, "__module__": __name__}
    return type("Does", (pb.Learner,), hooks)()


@pytest.mark.parametrize("vectorized", [True, False])
@pytest.mark.parametrize("name", CHANGES)
def test_a_hook_that_changes_python_state_is_refused(name, vectorized):
    where = name.split(",")[0]
    sentence = f"it changes .*{where}.*: hooks may depend on their"
    if name == "TORCH" and vectorized:  # which vmap refuses before
        sentence = "draws from PyTorch's global generator"
    with pytest.raises(pb.LearnerError, match=sentence):
        train(learner(CHANGES[name], vectorized), [0, 1], 1)


@pytest.mark.parametrize("name", READS)
def test_a_hook_that_reads_a_clock_is_refused(name):
    what = name.split(",")[0].replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(pb.LearnerError, match=f"it calls {what}: hooks may depend"):
        train(learner(READS[name], True), [0], 1)


@pytest.mark.parametrize("name", DRAWS)
def test_a_hook_that_draws_from_a_global_generator_is_refused(name):
    generator = name.split(",")[0]
    with pytest.raises(
        pb.LearnerError, match=f"it uses the global random generator of {generator}"
    ):
        train(learner(DRAWS[name], True), [0], 1)


def test_other_threads_may_draw_from_a_global_generator():
    """As clients of Dask and notebooks do."""
    ended = threading.Event()

    def draws():
        while not ended.is_set():
            random.random()

    other = threading.Thread(target=draws)
    other.start()
    try:
        train(learner(lambda: None, True), [0], 1)
    finally:
        ended.set()
        other.join()


def test_a_profiler_may_watch():
    profile = cProfile.Profile()
    profile.runcall(train, learner(lambda: None, True), [0], 1)
    called = {entry.code.co_name for entry in profile.getstats() if hasattr(entry.code, "co_name")}
    assert {"train", "check_repeatable"} <= called, "it goes on after the hooks"


def test_what_is_done_in_the_first_call_only_is_refused():
    FIRST[0] = True
    with pytest.raises(pb.LearnerError, match=r"it changes .*FIRST\[0\]"):
        train(learner(first, True), [0], 1)


@pytest.mark.parametrize(
    "hook",
    ["build", "loss", "penalty", "apply_gradients", "after_update", "memory", "predict_params"],
)
def test_every_hook_is_watched(hook):
    with pytest.raises(pb.LearnerError, match=r"it changes .*LIST\[0\]"):
        train(learner(listed, True, hook), [0, 1], 1)


def test_begin_task_is_watched_at_every_task():
    class Late(pb.Learner):
        def begin_task(self, state, fresh, noise):
            LIST[0] += 1
            return state

    class Later(pb.Learner):
        vectorized = False
        _tasks = []

        def after_update(self, state, noise):
            return state

        def begin_task(self, state, fresh, noise):
            if len(LIST) > 1:
                self._tasks.append(1)
            return state

    with pytest.raises(pb.LearnerError, match=r"hook begin_task: it changes .*LIST\[0\]"):
        train(Late(), [0], 1)
    population = train(Later(), [0], 1)
    population.begin_task(1)
    LIST.append(0)
    try:
        with pytest.raises(pb.LearnerError, match="it changes"):
            population.begin_task(2)
    finally:
        LIST.pop()


def test_a_network_that_counts_its_calls_is_refused():
    class Counting(torch.nn.Module):
        def __init__(self, body):
            super().__init__()
            self.body, self.calls = body, 0

        def forward(self, x):
            self.calls += 1
            return self.body(x)

    class Counts(pb.Learner):
        def build(self, spec):
            return Counting(pb.build_network(spec))

    with pytest.raises(
        pb.LearnerError, match="hook build: the network's forward pass changes network.calls"
    ):
        train(Counts(), [0], 1)


def test_a_cache_of_the_forward_pass_is_not_refused():
    class Caching(torch.nn.Module):
        def __init__(self, body):
            super().__init__()
            self.body, self.ones = body, None

        def forward(self, x):
            if self.ones is None:
                self.ones = torch.ones(x.shape[1:])
            return self.body(x * self.ones)

    class Caches(pb.Learner):
        def build(self, spec):
            return Caching(pb.build_network(spec))

    train(Caches(), [0, 1], 2)


@functools.lru_cache
def eye(n):
    return torch.eye(n)


@dataclasses.dataclass(frozen=True)
class Size:
    n: int


@functools.cache
def eye_of(size):
    return torch.eye(size.n)


def test_what_changes_nothing_is_not_refused():
    class Reads(pb.Learner):
        """It reads globals, and caches of functools, one by a key that Python hashes."""

        def penalty(self, params, state):
            return (
                1e-3
                * (eye(5) * eye_of(Size(5)) * NUMBER).sum()
                * params["head.bias"].square().sum()
            )

    train(Reads(), [0, 1], 3)


def test_a_looped_learner_is_watched_in_later_updates():
    class Late(pb.Learner):
        vectorized = False

        def after_update(self, state, noise):
            if state.step == 4:
                LIST[0] += 1
            return state

    with pytest.raises(pb.LearnerError, match=r"hook after_update: it changes .*LIST\[0\]"):
        train(Late(), [0], 4)


def test_other_results_from_the_same_arguments_are_refused():
    """What is kept where nobody looks, and acts in every tenth call."""

    class Tenth(pb.Learner):
        vectorized = False

        def after_update(self, state, noise):
            calls = 1 + int(os.environ.get("PLASTICITY_BENCH_TEST_CALLS", "0"))
            os.environ["PLASTICITY_BENCH_TEST_CALLS"] = str(calls)
            factor = 0.5 if calls % 10 == 0 else 1.0
            return state._replace(params={k: factor * v for k, v in state.params.items()})

    os.environ.pop("PLASTICITY_BENCH_TEST_CALLS", None)
    try:
        with pytest.raises(pb.LearnerError, match="called again with the same arguments"):
            train(Tenth(), [0], 1)
    finally:
        os.environ.pop("PLASTICITY_BENCH_TEST_CALLS", None)


def test_a_record_that_differs_from_its_hooks_is_refused():
    with pytest.raises(pb.LearnerError, match="the recorded update differs from its hooks"):
        purity.check_recorded(pb.Learner(), [torch.zeros(2)], [torch.tensor([0.0, 1e-12])])
    purity.check_recorded(pb.Learner(), [torch.tensor(torch.nan)], [torch.tensor(torch.nan)])


def test_a_class_is_compared_once_in_a_process_and_its_results_do_not_change():
    class Plain(pb.Learner):
        pass

    assert purity.is_due(Plain())
    assert not purity.is_due(Plain(step_size=0.1))
    assert purity.is_due(Plain(optimizer="sgd"))  # another switch, perhaps other code
    later = train(Plain(), [0, 1], 3)
    purity.forget(Plain)
    first = train(Plain(), [0, 1], 3)
    assert not purity.is_due(Plain())
    for one, other in zip(later.tensors().values(), first.tensors().values()):
        assert same([one], [other])


def test_the_recorded_update_is_compared(monkeypatch):
    """Break the record: it is noticed."""
    from plasticity_bench.recording import recorder

    class Plain(pb.Learner):
        pass

    real = recorder.record

    def broken(*arguments):
        graph = real(*arguments)
        return dataclasses.replace(graph, outputs=(graph.outputs[1], *graph.outputs[1:]))

    monkeypatch.setattr(recorder, "record", broken)
    population = train(Plain(), [0], 0, spec=SPEC)
    with pytest.raises(pb.LearnerError, match="the recorded update differs from its hooks"):
        population.update(*stacked_batch([0], 0))
