"""Recurring and partial change, conflicting labels, and changes that a nonce draws."""

import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import plasticity_bench as pb
from plasticity_bench.data import load
from plasticity_bench.streams import walk
from plasticity_bench.streams.changing_stream import cycled
from plasticity_bench.streams.drawn_changes import KINDS

KINDS_OF_STREAMS = ("RandomLabelDigits", "PermutedLabelDigits", "PermutedClassDigits", "PermutedPixelDigits")  # fmt: skip
SEEDS = st.integers(0, 2**31)
DIGITS = load("digits")


def make(name, **parameters):
    return pb.make_stream(f"plasticity/{name}-v0", **parameters)


def equal(one, other):
    return all(
        (a is None and b is None) or np.array_equal(a, b)
        for a, b in zip(one.arrays(), other.arrays(), strict=True)
    )


def assigned(stream, seed, index):
    """What the task assigns, told from its arrays."""
    task = stream.task(seed, index)
    if type(stream).__name__ == "PermutedPixels":
        return task.input_permutation
    if type(stream).__name__ != "PermutedClasses":
        return task.targets
    names = dict(zip(DIGITS.labels[task.examples].tolist(), task.targets.tolist(), strict=True))
    return np.array([names[true] for true in range(10)])


# ---- walks -----------------------------------------------------------------------------------


class Sums:
    """The state of task i is the sum of the indices on its line."""

    def __init__(self):
        self.steps = 0

    def first_state(self, seed, index):
        return (np.array([seed + index]),)

    def next_state(self, before, seed, index):
        self.steps += 1
        return (before[0] + index,)


def test_a_walk_ends_where_one_step_after_another_ends():
    walker = Sums()
    lines = [range(1, n) for n in range(2, 200)]
    for line in (*lines, *reversed(lines), (3, 9, 4), tuple(range(5000))):
        assert walk.walked(walker, 7, line)[0] == 7 + sum(line)


def test_walks_one_after_another_take_few_steps():
    walker = Sums()
    for length in range(1, 1025):
        walk.walked(walker, 0, range(length))
    assert walker.steps < 1024 * 10  # log2(1024); rather than 1024 * 512


# ---- tasks that come again ---------------------------------------------------------------------


@pytest.mark.parametrize("name", KINDS_OF_STREAMS)
@pytest.mark.parametrize("changed", [{}, {"changed_share": 0.3}, {"new_examples": True}])
def test_tasks_come_again_in_other_batches(name, changed):
    stream = make(name, distinct_tasks=3, **changed)
    for index in range(7):
        assert equal(stream.task(5, index), stream.task(5, index % 3))
    for one, other in itertools.combinations(range(3), 2):
        assert not equal(stream.task(5, one), stream.task(5, other))
    assert not np.array_equal(stream.batches(5, 1), stream.batches(5, 4))
    if not changed:
        endless = make(name)
        assert all(equal(stream.task(5, i), endless.task(5, i)) for i in range(3))


@pytest.mark.parametrize("name", KINDS_OF_STREAMS)
def test_one_distinct_task_is_a_stationary_stream(name):
    stationary = make(name, distinct_tasks=1)
    assert stationary.is_stationary
    pb.check_stream(stationary)
    assert not make(name).is_stationary


def test_a_stream_that_does_not_change_by_mistake_is_refused():
    class Still(pb.DatasetStream):
        def task(self, seed, index):
            examples = self.examples(seed)
            return pb.Task(examples, self.data.labels[examples])

    with pytest.raises(pb.StreamError, match="nothing changes"):
        pb.check_stream(Still(num_examples=64))


# ---- partial change ----------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(seed=SEEDS, size=st.integers(2, 40), data=st.data())
def test_a_cycle_moves_every_chosen_value(seed, size, data):
    count = data.draw(st.integers(2, size))
    values = np.random.default_rng(0).permutation(size)
    moved = cycled(values, count, np.random.default_rng(seed))
    assert sorted(moved) == sorted(values)
    assert (moved != values).sum() == count


@pytest.mark.parametrize(
    ("name", "share", "count"),
    [
        ("PermutedPixelDigits", 0.25, 16),
        ("PermutedClassDigits", 0.2, 2),
        ("PermutedClassDigits", 0.5, 5),
    ],
)
def test_exactly_a_share_of_a_permutation_changes(name, share, count):
    stream = make(name, changed_share=share)
    states = [assigned(stream, 3, index) for index in range(20)]
    for one, other in itertools.pairwise(states):
        assert (one != other).sum() == count
        assert sorted(one) == sorted(other)
    moves = [frozenset(np.flatnonzero(a != b).tolist()) for a, b in itertools.pairwise(states)]
    assert len(set(moves)) > 5  # not always the same ones


def test_a_share_of_random_labels_is_drawn_again():
    stream = make("RandomLabelDigits", changed_share=0.25)
    states = np.stack([stream.task(0, index).targets for index in range(40)])
    changed = (states[1:] != states[:-1]).sum(1)
    assert changed.max() <= 128
    # Of 128 labels that are drawn again, a tenth come out the same: binomial, four deviations.
    assert abs(changed.mean() - 115.2) < 4 * (128 * 0.09 / 39) ** 0.5
    expected = states.size / 10
    counts = np.bincount(states[::20].ravel(), minlength=10)
    assert ((counts - expected / 20) ** 2 / (expected / 20)).sum() < 27.9  # 0.999 quantile


def test_a_share_of_true_labels_is_exchanged():
    stream = make("PermutedLabelDigits", changed_share=0.25)
    for one, other in itertools.pairwise([stream.task(0, index).targets for index in range(20)]):
        assert np.array_equal(np.bincount(one), np.bincount(other))
        assert 90 < (one != other).sum() <= 128


@pytest.mark.parametrize("name", KINDS_OF_STREAMS)
def test_partly_changed_tasks_are_those_of_a_plain_loop(name):
    """Made one after another; the walk makes any of them by itself, in any order."""
    stream = make(name, changed_share=0.3)
    for seed in (0, 2**31):
        state = stream.new_assignment(seed, 0)
        expected = [state]
        for index in range(1, 30):
            state = stream.changed_assignment(state, seed, index)
            expected.append(state)
        walk._kept.cache_clear()
        for index in np.random.default_rng(0).permutation(30).tolist():
            assert np.array_equal(assigned(stream, seed, index), expected[index])
        assert equal(stream.task(seed, 0), make(name).task(seed, 0))


def test_what_is_kept_cannot_be_changed():
    stream = make("PermutedPixelDigits", changed_share=0.3)
    for index in range(6):
        before = stream.task(0, index).input_permutation.copy()
        stream.task(0, index).input_permutation[:] = 0
        assert np.array_equal(stream.task(0, index).input_permutation, before)


@pytest.mark.parametrize(
    ("name", "wrong", "sentence"),
    [
        ("RandomLabelDigits", {"distinct_tasks": 0}, "distinct_tasks must be a whole number of at"),
        ("RandomLabelDigits", {"changed_share": 0}, "above 0 and at most 1, not 0"),
        ("RandomLabelDigits", {"changed_share": 1.5}, "above 0 and at most 1, not 1.5"),
        ("RandomLabelDigits", {"changed_share": "half"}, "above 0 and at most 1, not 'half'"),
        ("RandomLabelDigits", {"changed_share": 0.0001}, "0.0001 of 512, rounded 0, but at least 1"),
        ("PermutedClassDigits", {"changed_share": 0.1}, "0.1 of 10, rounded 1, but at least 2"),
        (
            "RandomLabelDigits",
            {"changed_share": 0.5, "new_examples": True},
            "needs new_examples: false",
        ),
        (
            "PermutedLabelDigits",
            {"changed_share": 0.5, "new_examples": True},
            "needs new_examples: false",
        ),
    ],
)  # fmt: skip
def test_wrong_changes_get_a_sentence(name, wrong, sentence):
    with pytest.raises(pb.BadInputError, match=sentence) as raised:
        make(name, **wrong)
    assert raised.value.key == next(iter(wrong))


@pytest.mark.parametrize("name", KINDS_OF_STREAMS)
def test_keys_of_earlier_results_stay_valid(name):
    """Parameters are in keys; those that were added later are in them only where they are used."""
    assert list(make(name).parameters()) == [
        "num_tasks",
        "updates_per_task",
        "batch_size",
        "transition",
        "resets_head",
        "dataset",
        "num_examples",
        "new_examples",
    ]
    changed = make(name, distinct_tasks=2, changed_share=0.5).parameters()
    assert (changed["distinct_tasks"], changed["changed_share"]) == (2, 0.5)


# ---- a ceiling ---------------------------------------------------------------------------------


def best_accuracy(task):
    """Of any function of the inputs: the most frequent label of each image is right."""
    labels = defaultdict(Counter)
    for image, label in zip(DIGITS.images[task.examples], task.targets.tolist(), strict=True):
        labels[image.tobytes()][label] += 1
    return sum(counts.most_common(1)[0][1] for counts in labels.values()) / len(task.targets)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("changed", [{}, {"changed_share": 0.2}, {"new_examples": True}])
def test_looking_up_every_input_attains_the_ceiling_exactly(share, changed):
    stream = make("ConflictingLabelDigits", conflicting_share=share, **changed)
    assert stream.ceiling == 1 - int(share * 64) / 128
    for seed, index in itertools.product((0, 5), (0, 1, 7)):
        task = stream.task(seed, index)
        assert len(task.targets) == stream.size(index) == 128
        assert best_accuracy(task) == stream.ceiling


def test_conflicting_pairs_are_spread_over_the_task():
    task = make("ConflictingLabelDigits", conflicting_share=0.5).task(0, 0)
    first = task.examples[:64]
    assert 64 - len(np.unique(first)) in range(10, 20)  # a quarter of them come again


def test_labels_with_a_ceiling_are_uniform():
    stream = make("ConflictingLabelDigits", num_examples=1000, conflicting_share=0.8)
    counts = np.bincount(np.concatenate([stream.task(0, i).targets for i in range(20)]))
    assert ((counts - 2000) ** 2 / 2000).sum() < 27.9  # 0.999 quantile with 9 degrees of freedom


@pytest.mark.parametrize("wrong", [-0.1, 1.1, True, "all"])
def test_wrong_shares_of_conflicts_get_a_sentence(wrong):
    with pytest.raises(pb.BadInputError, match="conflicting_share must be a number from 0 to 1"):
        make("ConflictingLabelDigits", conflicting_share=wrong)


def test_other_streams_have_no_ceiling_below_one():
    assert {make(name).ceiling for name in KINDS_OF_STREAMS} == {1.0}


# ---- changes that a nonce draws ------------------------------------------------------------------


def test_the_nonce_draws_kinds_and_times_and_the_seed_does_not():
    one, same, other = (make("HeldOutDigits", nonce=nonce) for nonce in (1, "1", 2))
    changes = [one.change(index) for index in range(30)]
    assert changes == [same.change(index) for index in range(30)]
    assert changes != [other.change(index) for index in range(30)]
    updates = [change.updates for change in changes]
    assert updates == [len(one.batches(seed, i)) for seed in [9] for i in range(30)]
    assert 100 <= min(updates) < 120
    assert 280 < max(updates) <= 300
    transitions = [len(one.left_over(3, index)) for index in range(30)]
    assert transitions == [change.transition for change in changes]


def test_kinds_extents_and_returns_are_as_frequent_as_stated():
    stream = make("HeldOutDigits", nonce="many", num_tasks=3001)
    changes = [stream.change(index) for index in range(1, 3001)]
    for kind in KINDS:
        assert abs(sum(c.kind == kind for c in changes) / 3000 - 1 / 3) < 0.035  # four deviations
    assert abs(sum(c.share == 1 for c in changes) / 3000 - 1 / 2) < 0.037
    assert abs(sum(c.transition == 0 for c in changes) / 3000 - 1 / 2) < 0.037
    assert abs(sum(c.returns_to is not None for c in changes) / 3000 - 1 / 5) < 0.03
    for index, change in enumerate(changes, 1):
        assert 0.2 <= change.share <= 1
        assert change.transition <= 0.75 * change.updates
        assert change.returns_to is None or 0 <= change.returns_to < index - 1


def plain_tasks(stream, seed, count):
    """Labels and orders of tasks that are made one after another, element by element."""
    rows = stream.examples(seed)
    labels = [[int(DIGITS.labels[row]) for row in rows]]
    orders = [list(range(64))]
    for index in range(1, count):
        change, rng = stream.change(index), stream.rng(seed, index)
        new, order = list(labels[-1]), list(orders[-1])
        if change.returns_to is not None:
            new, order = labels[change.returns_to], orders[change.returns_to]
        elif change.kind == "labels":
            chosen = rng.permutation(len(new))[: int(np.ceil(change.share * len(new)))]
            for place, label in zip(chosen, rng.integers(10, size=len(chosen)), strict=True):
                new[place] = int(label)
        else:
            values = order if change.kind == "pixels" else list(range(10))
            if change.share == 1:
                values = rng.permutation(values).tolist()
            else:
                places = rng.permutation(len(values))[: max(2, round(change.share * len(values)))]
                before = list(values)
                for i, place in enumerate(places):
                    values[place] = before[places[i - 1]]
            if change.kind == "pixels":
                order = values
            else:
                new = [values[label] for label in new]
        labels.append(new)
        orders.append(order)
    return labels, orders


@pytest.mark.parametrize("nonce", [0, 1, "held out"])
def test_drawn_tasks_are_those_of_a_plain_loop(nonce):
    stream = make("HeldOutDigits", nonce=nonce)
    labels, orders = plain_tasks(stream, 4, 30)
    for index in np.random.default_rng(0).permutation(30).tolist():
        task = stream.task(4, index)
        assert task.targets.tolist() == labels[index]
        assert task.input_permutation.tolist() == orders[index]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"nonce": 1.5}, "nonce must be a whole number or text, not 1.5"),
        ({"nonce": True}, "nonce must be a whole number or text, not True"),
        ({"transition": 5}, "transition has no effect: the nonce draws changes"),
        ({"new_examples": True}, "new_examples has no effect"),
    ],
)
def test_wrong_nonces_get_a_sentence(wrong, sentence):
    with pytest.raises(pb.BadInputError, match=sentence):
        make("HeldOutDigits", **wrong)
