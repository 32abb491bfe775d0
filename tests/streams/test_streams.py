"""Streams are a gym: registered by id, pure in (seed, index), and each what its name says."""

import itertools
from dataclasses import dataclass

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

import plasticity_bench as pb
from plasticity_bench.data import load
from plasticity_bench.streams import registry
from plasticity_bench.streams.random_labels import RandomLabels

OURS = [name for name in pb.registered_streams() if name.startswith("plasticity/")]
"""Those that need no data but the digits."""
SEEDS, INDICES = st.integers(0, 2**31), st.integers(0, 200)


@pytest.fixture
def clean_registry(monkeypatch):
    monkeypatch.setattr(registry, "_registered", dict(registry._registered))
    before = dict(gymnasium.registry)
    yield
    gymnasium.registry.clear()
    gymnasium.registry.update(before)


@pytest.mark.parametrize("name", OURS)
def test_every_stream_is_a_valid_environment(name):
    check_env(gymnasium.make(name).unwrapped)


@pytest.mark.parametrize("name", OURS)
def test_environments_vectorise(name):
    envs = gymnasium.make_vec(name, num_envs=3)
    observations, _ = envs.reset(seed=0)
    stream = pb.make_stream(name)
    assert observations.shape == (3, stream.batch_size, *stream.input_shape)
    assert not np.array_equal(observations[0], observations[1])
    _, rewards, *_ = envs.step(envs.action_space.sample())
    assert rewards.shape == (3,)


def test_an_episode_is_the_whole_stream():
    env = gymnasium.make("plasticity/RandomLabelDigits-v0", num_tasks=3, updates_per_task=20)
    _, info = env.reset(seed=5)
    tasks, boundaries, epochs, terminated = (
        [info["task"]],
        [info["boundary"]],
        [info["epoch"]],
        False,
    )
    while not terminated:
        _, _, terminated, truncated, info = env.step(env.action_space.sample())
        assert not truncated
        tasks.append(info["task"])
        boundaries.append(info["boundary"])
        epochs.append(info["epoch"])
    assert tasks == [0] * 20 + [1] * 20 + [2] * 21  # the last batch is seen once more, at the end
    assert np.flatnonzero(boundaries).tolist() == [0, 20, 40]
    assert epochs[:20] == [batch * 32 // 512 for batch in range(20)]


def test_the_right_answers_are_worth_one_in_classes_and_in_logits():
    stream = pb.make_stream("plasticity/PermutedClassDigits-v0")
    targets = stream.task(3, 0).targets[stream.batches(3, 0)[0]]
    env = gymnasium.make("plasticity/PermutedClassDigits-v0")
    env.reset(seed=3)
    _, reward, _, _, info = env.step(targets)
    assert reward == 1.0
    assert np.array_equal(info["targets"], targets)
    env = gymnasium.make("plasticity/PermutedClassDigits-v0", logits=True)
    env.reset(seed=3)
    assert env.step(np.eye(10, dtype=np.float32)[targets])[1] == 1.0
    env.reset(seed=3)
    assert env.step(np.eye(10, dtype=np.float32)[(targets + 1) % 10])[1] == 0.0


@pytest.mark.parametrize("name", OURS)
@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, index=INDICES)
def test_tasks_are_pure(name, seed, index):
    """Any task can be made alone: neither order nor what was made before matters."""
    stream, again = pb.make_stream(name), pb.make_stream(name)
    index %= stream.num_tasks
    again.task(seed + 1, index)
    one, other = stream.task(seed, index), again.task(seed, index)
    assert len(one.arrays()) == len(other.arrays())
    for some, same in zip(one.arrays(), other.arrays(), strict=True):
        assert np.array_equal(some, same)
    assert np.array_equal(stream.batches(seed, index), again.batches(seed, index))
    assert np.array_equal(stream.left_over(seed, index), again.left_over(seed, index))


@settings(max_examples=25, deadline=None)
@given(seed=SEEDS, index=INDICES, examples=st.integers(1, 1797), batch=st.integers(1, 100))
def test_batches_are_whole_epochs_laid_end_to_end(seed, index, examples, batch):
    stream = pb.make_stream(
        "plasticity/RandomLabelDigits-v0",
        num_examples=examples,
        batch_size=batch,
        updates_per_task=7,
    )
    order = stream.batches(seed, index)
    assert order.shape == (7, batch)
    flat = order.ravel()
    for start in range(0, len(flat) - examples + 1, examples):
        assert np.array_equal(np.sort(flat[start : start + examples]), np.arange(examples))


def test_random_labels_are_uniform_and_new_in_every_task():
    stream = pb.make_stream("plasticity/RandomLabelDigits-v0", num_examples=None)
    labels = np.stack([stream.task(0, index).targets for index in range(20)])
    counts = np.bincount(labels.ravel(), minlength=10)
    expected = labels.size / 10
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 27.9  # 0.999 quantile with 9 degrees of freedom
    for one, other in itertools.pairwise(labels):
        assert abs((one == other).mean() - 0.1) < 0.03  # 4 standard errors


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, index=INDICES)
def test_permuted_labels_keep_the_class_counts_and_nothing_else(seed, index):
    stream = pb.make_stream("plasticity/PermutedLabelDigits-v0")
    task, true = stream.task(seed, index), load("digits").labels
    assert np.array_equal(np.bincount(task.targets), np.bincount(true[task.examples]))
    assert (task.targets == true[task.examples]).mean() < 0.25


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, index=INDICES)
def test_permuted_classes_rename_each_class_as_one(seed, index):
    stream = pb.make_stream("plasticity/PermutedClassDigits-v0")
    task, true = stream.task(seed, index), load("digits").labels
    pairs = set(zip(true[task.examples].tolist(), task.targets.tolist(), strict=True))
    assert len(pairs) == 10
    assert len({new for _, new in pairs}) == 10


@settings(max_examples=10, deadline=None)
@given(seed=SEEDS, index=INDICES)
def test_permuted_pixels_keep_the_labels_and_every_pixel(seed, index):
    stream = pb.make_stream("plasticity/PermutedPixelDigits-v0")
    task = stream.task(seed, index)
    assert np.array_equal(task.targets, load("digits").labels[task.examples])
    assert np.array_equal(np.sort(task.input_permutation), np.arange(64))


def test_pixels_are_observed_in_the_order_of_the_task():
    stream = pb.make_stream("plasticity/PermutedPixelDigits-v0")
    task, rows = stream.task(1, 0), stream.batches(1, 0)[0]
    observation, _ = gymnasium.make("plasticity/PermutedPixelDigits-v0").reset(seed=1)
    image = load("digits").inputs(task.examples[rows[4:5]]).ravel()
    assert np.array_equal(observation[4].ravel(), [image[p] for p in task.input_permutation])


def test_seeds_draw_different_examples_and_keep_them():
    stream = pb.make_stream("plasticity/RandomLabelDigits-v0", num_examples=256)
    assert np.array_equal(stream.task(0, 0).examples, stream.task(0, 9).examples)
    assert len(set(stream.task(0, 0).examples.tolist())) == 256
    assert set(stream.task(0, 0).examples.tolist()) != set(stream.task(1, 0).examples.tolist())


def test_published_streams_never_change():
    """Golden hashes: a change here breaks every stored result and needs a new -vN."""
    assert {name: pb.make_stream(name).fingerprint()[:16] for name in OURS} == {
        "plasticity/ChangingRewards-v0": "b2f79bf574fdc46c",
        "plasticity/ChangingText-v0": "05bfe6cfa9cd5661",
        "plasticity/ClassPairDigits-v0": "00b67b196d1b2c31",
        "plasticity/ConflictingLabelDigits-v0": "851d2201a991d6af",
        "plasticity/HardEasyDigits-v0": "7583dc481961e3d4",
        "plasticity/HeldOutDigits-v0": "2984bf3532a17246",
        "plasticity/IncrementalDigits-v0": "9cd3b5b875927664",
        "plasticity/PermutedClassDigits-v0": "9df4b011b3002450",
        "plasticity/PermutedLabelDigits-v0": "170f4dde11fea3d4",
        "plasticity/PermutedPixelDigits-v0": "7fbf6abd36be4bc4",
        "plasticity/RandomLabelDigits-v0": "fb210a9371483c18",
        "plasticity/SlowlyChangingRegression-v0": "13f938ce2341ca99",
        "plasticity/WarmStartDigits-v0": "05b62cbe0ff10cce",
    }


def test_an_unknown_id_names_the_nearest():
    with pytest.raises(pb.BadInputError, match=r"Did you mean 'plasticity/RandomLabelDigits-v0'\?"):
        pb.make_stream("plasticity/RandomLabelDigit-v0")
    with pytest.raises(gymnasium.error.Error):
        gymnasium.make("plasticity/RandomLabelDigit-v0")


def test_an_unknown_parameter_names_the_nearest():
    with pytest.raises(
        pb.BadInputError, match=r"no parameter 'num_task'. Did you mean 'num_tasks'"
    ):
        pb.make_stream("plasticity/RandomLabelDigits-v0", num_task=3)


@pytest.mark.parametrize("value", [0, -1, 2.5, True, "many"])
def test_counts_must_be_positive_whole_numbers(value):
    with pytest.raises(pb.BadInputError, match="num_tasks must be a whole number of at least 1"):
        pb.make_stream("plasticity/RandomLabelDigits-v0", num_tasks=value)


class Plain(RandomLabels):
    num_tasks = 4


class Annotated(RandomLabels):
    num_tasks: int = 4


class Mixin:
    num_tasks = 4


@dataclass(frozen=True, kw_only=True)
class Unannotated(RandomLabels):
    num_tasks = 4


@dataclass(frozen=True, kw_only=True)
class Mixed(Mixin, RandomLabels):
    pass


@pytest.mark.parametrize("cls", [Plain, Annotated, Unannotated, Mixed])
def test_a_default_that_the_constructor_does_not_know_is_refused(cls):
    told = rf"{cls.__name__}: num_tasks = 4 has no effect. Write `num_tasks: int = 4`, below @data"
    with pytest.raises(pb.BadInputError, match=told):
        cls()


@dataclass(frozen=True, kw_only=True, slots=True)
class Slotted(RandomLabels):
    num_tasks: int = 4
    regression = False  # no parameter


def test_a_default_with_an_annotation_has_an_effect():
    assert Slotted().num_tasks == 4
    assert Slotted(num_tasks=5).num_tasks == 5


def test_more_examples_than_the_data_has_are_refused():
    with pytest.raises(pb.BadInputError, match="num_examples is 1798, but digits has only 1797"):
        pb.make_stream("plasticity/RandomLabelDigits-v0", num_examples=1798)


class Constant(pb.DatasetStream):
    """Everything is a zero."""

    def task(self, seed, index):
        examples = self.examples(seed)
        return pb.Task(examples, np.zeros(len(examples), np.int64))


def test_users_register_streams_of_their_own(clean_registry):
    pb.register("lab/AllZero-v0", Constant, num_examples=100, num_tasks=2)
    stream = pb.make_stream("lab/AllZero-v0")
    assert stream.size(0) == 100
    assert stream.task(0, 0).chance == 1.0
    check_env(gymnasium.make("lab/AllZero-v0").unwrapped)
    pb.register("lab/AllZero-v0", Constant, num_examples=100, num_tasks=2)  # the same again
    with pytest.raises(pb.BadInputError, match="registered already"):
        pb.register("lab/AllZero-v0", Constant, num_examples=99)
    with pytest.raises(pb.BadInputError, match="looks like namespace/Name-v0"):
        pb.register("AllZero", Constant)


def test_a_class_that_is_defined_again_replaces_itself(clean_registry):
    """As a notebook's cell that is edited and run again does."""

    def define(value):
        class Filled(pb.DatasetStream):
            """All targets are one value."""

            def task(self, seed, index):
                examples = self.examples(seed)
                return pb.Task(examples, np.full(len(examples), value))

        return Filled

    pb.register("lab/Filled-v0", define(1), num_examples=64)
    pb.register("lab/Filled-v0", define(2), num_examples=32)
    assert pb.make_stream("lab/Filled-v0").task(0, 0).targets.tolist() == [2] * 32
    assert gymnasium.make("lab/Filled-v0", disable_env_checker=True).unwrapped.stream.size(0) == 32
    with pytest.raises(pb.BadInputError, match="registered already"):
        pb.register("lab/Filled-v0", Constant)


def test_a_broken_plugin_warns_and_does_not_stop_the_rest(clean_registry, monkeypatch):
    class Plugin:
        def __init__(self, name, load):
            self.name, self.load = name, load

    def broken():
        raise ImportError("no such thing")

    def working():
        return lambda: pb.register("lab/AllZero-v1", Constant)

    plugins = [Plugin("bad", broken), Plugin("good", working)]
    monkeypatch.setattr(registry, "entry_points", lambda group: plugins)
    with pytest.warns(UserWarning, match="'bad' is left out"):
        registry.load_plugins()
    assert "lab/AllZero-v1" in pb.registered_streams()


def test_digits_are_the_real_ones():
    digits = load("digits")
    assert digits.images.shape == (1797, 8, 8)
    assert digits.images.max() == 16
    assert np.bincount(digits.labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    inputs = digits.inputs(np.arange(1797))
    assert abs(inputs.mean()) < 1e-6
    assert abs(inputs.std() - 1) < 1e-6


def test_an_unknown_data_set_names_the_known():
    with pytest.raises(pb.BadInputError, match="Unknown data set 'digit'. Did you mean 'digits'"):
        load("digit")


def test_make_is_that_of_gymnasium_and_takes_modules_and_data_sets():
    name = "plasticity/RandomLabelDigits-v0"
    env = pb.make(name, num_tasks=3, dataset=pb.data.load("digits"))
    (one, _), (other, _) = env.reset(seed=1), gymnasium.make(name, num_tasks=3).reset(seed=1)
    np.testing.assert_array_equal(one, other)
    with pytest.raises(pb.BadInputError, match="Did you mean"):
        pb.make("plasticity/RandomLabelDigit-v0")
