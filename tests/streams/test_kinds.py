"""What each kind of stream does to its data, told from the data alone."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plasticity_bench as pb
from plasticity_bench.data import load

SEEDS, INDICES = st.integers(0, 2**31), st.integers(0, 40)
DIGITS = load("digits")


def make(name, **parameters):
    return pb.make_stream(f"plasticity/{name}-v0", **parameters)


def true_classes(rows):
    return set(DIGITS.labels[rows].tolist())


# ---- groups of classes -----------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, index=INDICES, group=st.integers(1, 10))
def test_class_groups_are_new_classes_named_from_zero(seed, index, group):
    stream = make("ClassPairDigits", classes_per_task=group, train_per_class=30, test_per_class=5)
    task = stream.task(seed, index)
    assert len(task.examples) == stream.size(index) == 30 * group
    assert stream.num_outputs == group
    names = {}
    for part in (task, task.test):
        for true, new in zip(DIGITS.labels[part.examples], part.targets, strict=True):
            assert names.setdefault(true, new) == new
    assert sorted(names.values()) == list(range(group))
    assert not set(task.examples.tolist()) & set(task.test.examples.tolist())
    assert len(set(task.examples.tolist())) == 30 * group


@pytest.mark.parametrize(("group", "per_round"), [(2, 5), (3, 3), (4, 2)])
def test_no_class_returns_before_all_groups_were_seen(group, per_round):
    stream = make("ClassPairDigits", classes_per_task=group)
    seen = [true_classes(stream.task(7, index).examples) for index in range(2 * per_round)]
    for round_ in (seen[:per_round], seen[per_round:]):
        assert len(set.union(*round_)) == group * per_round
    assert seen[:per_round] != seen[per_round:]  # in another order


def test_classes_are_of_one_size_for_every_seed():
    """The smallest of the ten digits has 174 examples."""
    assert np.bincount(DIGITS.labels).min() == 174
    stream = make("HardEasyDigits")
    assert stream.size(0) == 5 * 174
    assert {len(stream.task(seed, 0).examples) for seed in range(5)} == {5 * 174}


def test_too_many_examples_of_a_class_are_refused():
    stream = make("ClassPairDigits", train_per_class=170, test_per_class=10)
    with pytest.raises(pb.BadInputError, match="180 examples of each class are requested, but a"):
        stream.task(0, 0)


# ---- hard and easy -----------------------------------------------------------------------------


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, pair=st.integers(0, 20))
def test_hard_and_easy_tasks_alternate_over_new_classes(seed, pair):
    stream = make("HardEasyDigits", hard_classes=3, easy_classes=2)
    hard, easy = stream.task(seed, 2 * pair), stream.task(seed, 2 * pair + 1)
    assert len(true_classes(hard.examples)) == 3
    assert len(true_classes(easy.examples)) == 2
    assert not true_classes(hard.examples) & true_classes(easy.examples)
    assert np.array_equal(hard.targets, DIGITS.labels[hard.examples])
    assert (len(hard.targets), len(easy.targets)) == (stream.size(0), stream.size(1))


def test_hard_tasks_alone_are_scored():
    assert make("HardEasyDigits", num_tasks=30).scored_tasks() == [28]
    assert make("HardEasyDigits", num_tasks=41).scored_tasks() == [38, 40]
    assert pb.make_stream("kumar2023/HardEasyCIFAR100-v0").scored_tasks() == [28]


# ---- more and more classes, more and more data -------------------------------------------------


def test_incremental_tasks_keep_the_classes_before():
    stream = make("IncrementalDigits")
    seen = [true_classes(stream.task(3, index).examples) for index in range(5)]
    for before, after in itertools.pairwise(seen):
        assert before < after
        assert len(after - before) == 2
    assert seen[-1] == set(range(10))
    assert [stream.size(i) for i in range(5)] == [300, 600, 900, 1200, 1500]
    assert [stream.updates(i) for i in range(5)] == [188, 375, 563, 750, 938]  # 20 passes by 32
    assert stream.num_updates == 188 + 375 + 563 + 750 + 938
    assert [len(stream.batches(3, i)) for i in range(5)] == [188, 375, 563, 750, 938]


def test_more_classes_than_there_are_are_refused():
    with pytest.raises(pb.BadInputError, match="6 tasks of 2 classes are more than the 10"):
        make("IncrementalDigits", num_tasks=6).size(5)


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS)
def test_growing_data_keep_what_came_before(seed):
    stream = make("WarmStartDigits", shares=[0.1, 0.2, 0.7], label_noise=[0.0] * 3, num_tasks=3)
    tasks = [stream.task(seed, index) for index in range(3)]
    assert [len(task.examples) for task in tasks] == [180, 539, 1797]
    for before, after in itertools.pairwise(tasks):
        assert set(before.examples.tolist()) < set(after.examples.tolist())
    for task in tasks:
        assert np.array_equal(task.targets, DIGITS.labels[task.examples])
    assert stream.scored_tasks() == [2]


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, noise=st.floats(0, 1))
def test_label_noise_is_its_share_of_other_classes(seed, noise):
    stream = make("WarmStartDigits", label_noise=[noise, 0.0])
    task = stream.task(seed, 0)
    wrong = task.targets != DIGITS.labels[task.examples]
    assert wrong.sum() == int(noise * len(wrong))
    assert task.targets.min() >= 0
    assert task.targets.max() <= 9


def test_noisy_labels_are_uniform_over_the_other_classes():
    stream = make("WarmStartDigits", label_noise=[1.0, 0.0])
    shifts = []
    for seed in range(20):
        task = stream.task(seed, 0)
        shifts.append((task.targets - DIGITS.labels[task.examples]) % 10)
    counts = np.bincount(np.concatenate(shifts), minlength=10)
    expected = counts.sum() / 9
    assert counts[0] == 0
    assert ((counts[1:] - expected) ** 2 / expected).sum() < 26.1  # 0.999 quantile of 8 degrees


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"shares": [0.5, 0.6]}, "shares add up to 1.1, more than all the data"),
        ({"shares": [0.5]}, "need one number for each of the 2 tasks"),
        ({"shares": [0.0, 1.0]}, r"shares must be numbers in \(0, 1\]"),
        ({"label_noise": [0.5, 2.0]}, r"label_noise must be numbers in \[0, 1\]"),
        ({"label_noise": 0.5}, r"label_noise must be numbers in \[0, 1\]"),
        ({"num_examples": 5, "stream": "HardEasyDigits"}, "num_examples has no effect where"),
    ],
)
def test_wrong_parameters_get_a_sentence(wrong, sentence):
    wrong = dict(wrong)
    with pytest.raises(pb.BadInputError, match=sentence):
        make(wrong.pop("stream", "WarmStartDigits"), **wrong)


# ---- new examples, slow regression -------------------------------------------------------------


def test_new_examples_are_drawn_for_every_task():
    same = make("PermutedPixelDigits", num_examples=100)
    new = make("PermutedPixelDigits", num_examples=100, new_examples=True)
    assert np.array_equal(same.task(0, 0).examples, same.task(0, 1).examples)
    assert not np.array_equal(new.task(0, 0).examples, new.task(0, 1).examples)
    assert np.array_equal(new.task(0, 0).examples, same.task(0, 0).examples)


def brute_force_target(stream, seed, inputs):
    """The target network as its paper words it, unit by unit and example by example."""
    from plasticity_bench.seeding import Branch, generator

    teacher = generator(seed, Branch.TEACHER)
    bits, features = stream.num_bits, stream.num_features
    weights = 2 * teacher.integers(2, size=(bits + 1, features)) - 1
    outer, bias = 2 * teacher.integers(2, size=features) - 1, 2 * teacher.integers(2) - 1
    values = []
    for x in inputs:
        total = bias
        for unit in range(features):
            agreeing = int(weights[bits, unit] == 1)  # the constant input is 1
            for bit in range(bits):
                # An input of 1 agrees with a weight of +1, an input of 0 with one of -1.
                agreeing += int(weights[bit, unit] == (1 if x[bit] else -1))
            # sum of w x + (number of negative weights) = number of agreeing inputs
            if agreeing > stream.threshold * (bits + 1):
                total += outer[unit]
        values.append([total])
    return np.array(values, np.float32)


def test_slowly_changing_regression_is_the_papers_target_network():
    stream = make(
        "SlowlyChangingRegression",
        num_bits=7,
        num_slow_bits=4,
        num_features=9,
        updates_per_task=5,
    )
    for seed in range(3):
        task = stream.task(seed, 1)
        assert set(np.unique(task.inputs)) == {0.0, 1.0}
        assert np.array_equal(task.targets, brute_force_target(stream, seed, task.inputs))
        assert len(np.unique(task.targets)) > 1


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, index=INDICES)
def test_slow_bits_change_one_at_a_time(seed, index):
    stream = make("SlowlyChangingRegression", updates_per_task=4)
    now, then = stream.task(seed, index).inputs, stream.task(seed, index + 1).inputs
    assert (now[:, :15] == now[0, :15]).all()
    assert (now[0, :15] != then[0, :15]).sum() == 1
    assert 0.2 < now[:, 15:].mean() < 0.8
    redrawn = make("SlowlyChangingRegression", updates_per_task=4, flips_one=False)
    bits = np.stack([redrawn.task(seed, i).inputs[0, :15] for i in range(40)])
    assert 0.35 < (bits[1:] != bits[:-1]).mean() < 0.65


# ---- gradual change ----------------------------------------------------------------------------


def test_change_is_abrupt_by_default():
    assert len(make("RandomLabelDigits").left_over(0, 3)) == 0


def test_a_transition_hands_over_evenly():
    stream = make("RandomLabelDigits", transition=100, batch_size=200, num_examples=512)
    assert len(stream.left_over(0, 0)) == 0
    old = np.concatenate([stream.left_over(seed, 1) for seed in range(5)], axis=1) >= 0
    share = old.mean(1)  # of 1,000 examples in each update
    expected = 1 - (np.arange(100) + 0.5) / 100
    deviation = np.sqrt(expected * (1 - expected) / 1000)
    assert (np.abs(share - expected) < 4.5 * deviation).all()
    rows = stream.left_over(0, 1)
    counts = np.bincount(rows[rows >= 0], minlength=512)
    assert counts.min() > 0  # all of the task before


@pytest.mark.parametrize("wrong", [-1, 1.5, True, 201])
def test_wrong_transitions_are_refused(wrong):
    with pytest.raises(pb.BadInputError, match="transition"):
        make("RandomLabelDigits", transition=wrong)


# ---- test parts --------------------------------------------------------------------------------


def test_held_out_examples_follow_the_task(monkeypatch):
    """With a data set that has a test part: the last 297 digits."""
    from dataclasses import replace

    from plasticity_bench import data

    split = replace(DIGITS, num_train=1500)
    monkeypatch.setattr(data, "load", lambda _name: split)
    known = replace(data.source("digits"), num_train=1500, num_test=297)
    monkeypatch.setattr(data, "source", lambda _name: known)
    for name in ("PermutedPixelDigits", "PermutedClassDigits"):
        task = make(name).task(0, 1)
        assert task.test.examples.tolist() == list(range(1500, 1797))
        assert task.examples.max() < 1500
        pairs = {
            pair
            for part in (task, task.test)
            for pair in zip(DIGITS.labels[part.examples], part.targets, strict=True)
        }
        assert len(pairs) == 10  # one name for each class, in both parts
        assert np.array_equal(task.test.input_permutation, task.input_permutation)
    for name in ("RandomLabelDigits", "PermutedLabelDigits"):
        assert make(name).task(0, 1).test is None
    warm = make("WarmStartDigits", label_noise=[1.0, 0.0]).task(0, 0)
    assert np.array_equal(warm.test.targets, DIGITS.labels[1500:])
    hard = make("HardEasyDigits", train_per_class=100).task(0, 0)
    assert true_classes(hard.test.examples) == true_classes(hard.examples)
    assert len(hard.test.examples) == np.isin(DIGITS.labels[1500:], list(set(hard.targets))).sum()
