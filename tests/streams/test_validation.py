"""Every task is checked when it is made, by the evaluator and by the environment."""

from dataclasses import dataclass, replace

import gymnasium
import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.errors import StreamError
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.streams.env import StreamEnv
from plasticity_bench.streams.validation import checked_batches, checked_task, checked_tasks

BAD_TASK, BAD_SEED, ROW = 2, 1, 5


@dataclass(frozen=True, kw_only=True)
class Slipping(pb.DatasetStream):
    """A stream with a slip in one task of one seed."""

    num_tasks: int = 4
    updates_per_task: int = 2
    num_examples: int = 40
    slip: object = None

    def task(self, seed, index):
        examples = self.examples(seed)
        task = pb.Task(examples, self.rng(seed, index).integers(10, size=len(examples)))
        if self.slip and (seed, index) == (BAD_SEED, BAD_TASK):
            return self.slip(task)
        return task


@dataclass(frozen=True, kw_only=True)
class Values(pb.Stream):
    """Regression with a slip in one task of one seed."""

    regression = True
    num_tasks: int = 4
    updates_per_task: int = 2
    slip: object = None
    input_shape = (3,)
    num_outputs = 2

    def size(self, index):
        return 40

    def task(self, seed, index):
        rng = self.rng(seed, index)
        draw = lambda width: rng.standard_normal((40, width)).astype(np.float32)  # noqa: E731
        task = pb.Task(None, draw(2), inputs=draw(3))
        if self.slip and (seed, index) == (BAD_SEED, BAD_TASK):
            return self.slip(task)
        return task


def put(name, value, row=ROW):
    def slip(task):
        array = getattr(task, name).copy()
        array[row] = value
        return replace(task, **{name: array})

    return slip


def cast(name, dtype):
    return lambda task: replace(task, **{name: getattr(task, name).astype(dtype)})


def in_test(slip):
    return lambda task: replace(task, test=slip(task))


def raising(task):
    raise KeyError("no such file")


CLASSES = {
    "row too large": (put("examples", 5000), "rows from 0 to 1796; at 5 there is 5000"),
    "row negative": (put("examples", -1), "rows from 0 to 1796; at 5 there is -1"),
    "rows that are no numbers": (cast("examples", float), "whole numbers, not float64"),
    "class too large": (put("targets", 10), "row 5 has 10"),
    "class negative": (put("targets", -1), "row 5 has -1"),
    "classes as floats": (cast("targets", np.float64), "(40,) of float64"),
    "classes as truth values": (cast("targets", bool), "(40,) of bool"),
    "one-hot classes": (
        lambda t: replace(t, targets=np.eye(10, dtype=int)[t.targets]),
        "(40, 10) of int64",
    ),
    "fewer": (lambda t: pb.Task(t.examples[:30], t.targets[:30]), "must have 40 examples"),
    "more": (
        lambda t: pb.Task(np.tile(t.examples, 2), np.tile(t.targets, 2)),
        "must have 40 examples",
    ),
    "one target too few": (lambda t: replace(t, targets=t.targets[1:]), "not 40 and 39"),
    "lists": (lambda t: replace(t, targets=t.targets.tolist()), "numpy array as targets"),
    "pixels doubled": (
        lambda t: replace(t, input_permutation=np.zeros(64, int)),
        "each of 64 pixels once",
    ),
    "pixels missing": (
        lambda t: replace(t, input_permutation=np.arange(63)),
        "each of 64 pixels once",
    ),
    "two kinds of input": (
        lambda t: replace(t, inputs=np.zeros((40, 8, 8), np.float32)),
        "either examples",
    ),
    "no task": (lambda t: None, "must return a Task, not NoneType"),
    "raises": (raising, "raised KeyError: 'no such file'"),
    "test part": (in_test(put("targets", 10)), "has a test part, which must have whole numbers"),
    "empty test part": (
        lambda t: replace(t, test=pb.Task(t.examples[:0], t.targets[:0])),
        "has a test part",
    ),
}
REGRESSION = {
    "NaN": (put("targets", np.nan), "row 5 has nan"),
    "infinite": (put("targets", -np.inf), "row 5 has -inf"),
    "NaN in one output": (put("targets", np.nan, (ROW, 1)), "row 5 has nan"),
    "input": (put("inputs", np.inf, (ROW, 1)), "row 5 has inf"),
    "opposite infinities": (
        lambda t: put("inputs", -np.inf, (7, 0))(put("inputs", np.inf, (ROW, 1))(t)),
        "row 5 has inf",
    ),
    "all alike": (put("targets", 3.0, slice(None)), "R squared is undefined"),
    "one column": (lambda t: replace(t, targets=t.targets[:, :1]), "(40, 1) of float32"),
    "whole numbers": (cast("targets", np.uint8), "of uint8"),
    "truth values": (cast("targets", bool), "of bool"),
    "inputs of another shape": (lambda t: replace(t, inputs=t.inputs[:, :2]), "shape (3,)"),
    "double inputs": (cast("inputs", np.float64), "inputs of float32, not float64"),
    "test part": (in_test(put("targets", np.nan)), "has a test part, which must have finite"),
}
SLIPS = [(Slipping, *case) for case in CLASSES.values()]
SLIPS += [(Values, *case) for case in REGRESSION.values()]
IDS = [*CLASSES, *REGRESSION]


@pytest.mark.parametrize(("cls", "slip", "problem"), SLIPS, ids=IDS)
def test_a_slip_in_any_task_is_named_with_stream_seed_task_and_row(cls, slip, problem):
    stream = cls(slip=slip)
    with pytest.raises(StreamError) as raised:
        checked_task(stream, BAD_SEED, BAD_TASK)
    assert str(raised.value).startswith(f"Stream {cls.__name__}: task(1, 2) ")
    assert problem in str(raised.value)
    assert checked_task(stream, BAD_SEED, BAD_TASK - 1)


@pytest.mark.parametrize("cls", [Slipping, Values])
def test_the_evaluator_and_the_environment_refuse_it(cls):
    stream = cls(slip=raising)
    network = pb.NetworkSpec(
        hidden=(8,), input_shape=stream.input_shape, num_outputs=stream.num_outputs
    )
    replicas = [pb.Replica(seed, find_learner("sgd")()) for seed in range(2)]
    with pytest.raises(StreamError, match=r"task\(1, 2\) raised KeyError"):
        pb.evaluate(stream, pb.Population(replicas, network), pb.Protocol(curvature_examples=16))
    env = StreamEnv(stream)
    env.reset(seed=BAD_SEED)
    nothing = np.zeros(env.action_space.shape, env.action_space.dtype)
    with pytest.raises(StreamError, match=r"task\(1, 2\) raised KeyError"):
        for _ in range(8):
            env.step(nothing)


def test_a_single_class_is_refused_only_where_it_is_scored():
    one_class = put("targets", 4, slice(None))
    assert checked_task(Slipping(slip=one_class), BAD_SEED, BAD_TASK)  # task 3 is scored
    with pytest.raises(StreamError, match="is scored but has a single class"):
        checked_task(Slipping(slip=one_class, num_tasks=3), BAD_SEED, BAD_TASK)


@pytest.mark.parametrize(
    ("batches", "problem"),
    [
        (np.full((2, 32), 40), "rows from 0 to 39; at 0, 0 there is 40"),
        (np.zeros((2, 31), int), r"must have the shape \(2, 32\), not \(2, 31\)"),
        (np.zeros((2, 32)), "whole numbers, not float64"),
    ],
)
def test_batches_are_of_the_tasks_examples(batches, problem):
    class Batching(Slipping):
        def batches(self, seed, index):
            return batches

    with pytest.raises(StreamError, match=r"batches\(0, 1\) .*" + problem):
        checked_batches(Batching(), 0, 1)


STREAMS = ("plasticity/RandomLabelDigits-v0", "plasticity/SlowlyChangingRegression-v0")


@pytest.mark.parametrize("logits", [False, True])
@pytest.mark.parametrize("stream_id", STREAMS)
def test_only_actions_of_the_action_space_are_scored(stream_id, logits):
    env = gymnasium.make(stream_id, num_tasks=2, logits=logits, disable_env_checker=True)
    env.reset(seed=0)
    batch, *rest = env.action_space.shape
    shapes = [(), (batch - 1, *rest), (1, batch, *rest), (batch, *rest, 1), (batch, 3, *rest)]
    shapes += [(batch,)] if rest else [(batch, 1)]
    for shape in shapes:
        with pytest.raises(ValueError, match=r"An action has the shape"):
            env.step(np.zeros(shape, env.action_space.dtype))
    assert env.step(np.zeros((batch, *rest), env.action_space.dtype))


def test_actions_outside_the_range_are_refused():
    env = gymnasium.make(STREAMS[0], num_tasks=2, disable_env_checker=True)
    env.reset(seed=0)
    for value in (10, -1, 0.0, True, np.nan):
        with pytest.raises(ValueError, match="An action is"):
            env.step(np.full(env.action_space.shape, value))
    env = gymnasium.make(STREAMS[1], num_tasks=2, disable_env_checker=True)
    env.reset(seed=0)
    for value in (np.nan, np.inf, 1j):
        with pytest.raises(ValueError, match="An action is finite numbers"):
            env.step(np.full(env.action_space.shape, value))


PARTS = {
    "input_permutation": lambda t: replace(t, input_permutation=np.arange(64)),
    "a test part of 40 examples": lambda t: replace(t, test=t),
}


@pytest.mark.parametrize(("part", "slip"), PARTS.items(), ids=PARTS.keys())
def test_a_part_that_only_some_seeds_have_is_named(part, slip):
    stream = Slipping(slip=slip)
    assert len(checked_tasks(stream, [0, 1, 2], 1)) == 3
    assert len(checked_tasks(stream, [BAD_SEED], BAD_TASK)) == 1
    told = rf"of task\(0, 2\) and task\(1, 2\), only task\(1, 2\) has {part}: "
    with pytest.raises(StreamError, match=told):
        checked_tasks(stream, [0, 1, 2], BAD_TASK)
    with pytest.raises(StreamError, match=r"only task\(1, 2\) has"):
        checked_tasks(stream, [1, 0], BAD_TASK)
