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
    "classes as floats": (cast("targets", np.float64), "(40,) of floats"),
    "classes as truth values": (cast("targets", bool), "(40,) of bool"),
    "one-hot classes": (
        lambda t: replace(t, targets=np.eye(10, dtype=int)[t.targets]),
        "(40, 10) of integers",
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
    "one column": (lambda t: replace(t, targets=t.targets[:, :1]), "not (40, 1) of floats"),
    "whole numbers": (cast("targets", np.uint8), "not (40, 2) of integers"),
    "truth values": (cast("targets", bool), "of bool"),
    "inputs of another shape": (lambda t: replace(t, inputs=t.inputs[:, :2]), "shape (3,)"),
    "double inputs": (cast("inputs", np.float64), "inputs of float32, not float64"),
    "test part": (in_test(put("targets", np.nan)), "has a test part, which must have targets that"),
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


@dataclass(frozen=True, kw_only=True)
class Stating(Slipping):
    """A stream that states something wrong about itself."""

    size_of: object = 40
    updates_of: object = 2
    scored: object = None

    def size(self, index):
        return self.size_of

    def updates(self, index):
        return self.updates_of if index == BAD_TASK else 2

    def scored_tasks(self):
        return [3] if self.scored is None else self.scored


STATEMENTS = {
    "no update": ({"updates_of": 0}, "updates(2) must be a whole number of at least 1, not 0"),
    "part of an update": ({"updates_of": 2.0}, "updates(2) must be a whole number"),
    "no size": ({"size_of": None}, "size(0) must be a whole number of at least 1, not None"),
    "scored in an array": ({"scored": np.arange(2)}, "must return a list of ints"),
    "scored by a generator": ({"scored": (i for i in (1, 2))}, "must return a list of ints"),
    "scored of NumPy": ({"scored": list(np.arange(2))}, "must return a list of ints"),
    "none is scored": ({"scored": []}, "must be some of its 4 tasks, from 0 to 3"),
    "the last, as in Python": ({"scored": [-1]}, "must be some of its 4 tasks, from 0 to 3"),
    "one that there is not": ({"scored": [4]}, "must be some of its 4 tasks, from 0 to 3"),
    "one twice": ({"scored": [1, 2, 2]}, "each once, not [1, 2, 2]"),
}


@pytest.mark.parametrize(("wrong", "told"), STATEMENTS.values(), ids=STATEMENTS.keys())
def test_what_a_stream_states_is_checked_before_anything_is_made(wrong, told, monkeypatch):
    stream = Stating(**wrong)
    for use in (pb.check_stream, StreamEnv, lambda s: pb.evaluate("sgd", s, seeds=1)):
        with pytest.raises(StreamError) as raised:
            use(stream)
        assert str(raised.value).startswith("Stream Stating: ")
        assert told in str(raised.value)
    monkeypatch.setattr(Stating, "parameters", lambda self: {})
    pb.register("tests/Stating-v0", Stating)
    with pytest.raises(pb.BadInputError) as raised:
        pb.make_stream("tests/Stating-v0", **wrong)
    assert told in str(raised.value)
    assert raised.value.key == "id"


def test_sizes_and_updates_of_numpy_are_whole_numbers():
    stream = Stating(size_of=np.int64(40), updates_of=np.int32(2))
    assert len(pb.evaluate("sgd", stream, seeds=1, network={"hidden": [4]}).scores) == 1


@pytest.mark.parametrize("value", [np.float32(0.5), frozenset({1}), {(1, 2): 3}, abs])
def test_parameters_that_cannot_be_stored_are_refused(value):
    pb.register("tests/Slipping-v0", Slipping)
    told = "Stream tests/Slipping-v0: parameters must be numbers, words, .* but slip is "
    with pytest.raises(pb.BadInputError, match=told):
        pb.make_stream("tests/Slipping-v0", slip=value)


def test_what_is_no_stream_is_told_apart():
    with pytest.raises(pb.BadInputError, match="an id or a Stream that was made, not 42"):
        pb.check_stream(42)
    with pytest.raises(pb.BadInputError, match="already has its parameters: give its id"):
        pb.check_stream(Slipping(), num_tasks=2)
    with pytest.raises(pb.BadInputError, match="dict is not a subclass of plasticity_bench.Strea"):
        pb.register("tests/Dict-v0", dict)
    pb.register("tests/Text-v0", "json:loads")
    with pytest.raises(pb.BadInputError, match="Text-v0: loads is not a subclass of plasticity_b"):
        pb.make_stream("tests/Text-v0")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint64, np.int16])
def test_classes_of_any_integer_type_are_learnt_and_observed(dtype):
    class Unsigned(Slipping):
        def task(self, seed, index):
            return cast("targets", dtype)(super().task(seed, index))

    observed = StreamEnv(Unsigned()).reset(seed=0)[1]["targets"]
    assert observed.dtype == np.int64
    assert (observed == -1).all()
    assert len(pb.evaluate("sgd", Unsigned(), seeds=1, network={"hidden": [4]}).scores) == 1


@pytest.mark.parametrize(
    ("scale", "offset", "told"),
    [
        (1e300, 0, "targets that are finite in float32; row 0 has -?inf"),
        (1e-50, 0, "in float32, the same target in every row"),
        (1, 1e10, "in float32, the same target in every row"),
    ],
)
def test_targets_without_meaning_in_float32_are_refused(scale, offset, told):
    wide = lambda t: replace(t, targets=t.targets.astype(float) * scale + offset)  # noqa: E731
    with pytest.raises(StreamError, match=rf"Values: task\(1, 2\) .*{told}"):
        checked_task(Values(slip=wide), BAD_SEED, BAD_TASK)
