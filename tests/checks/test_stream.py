"""`check_stream` passes what is sound and names the rule that anything else breaks."""

import random
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.cli import main

OURS = [name for name in pb.registered_streams() if name.startswith("plasticity/")]


@pytest.mark.parametrize("name", OURS)
def test_shipped_streams_keep_the_rules(name):
    pb.check_stream(name)


@pytest.mark.parametrize(
    "name", [name for name in pb.registered_streams() if not name.startswith("plasticity/")]
)
def test_published_protocols_keep_the_rules_on_digits(name):
    """Their data need not be here: the same protocols, cut to fit 1,797 digits."""
    stream = pb.make_stream(name)
    cut = {"updates_per_task": 5, "num_tasks": 4, "transition": min(stream.transition, 2)}
    if isinstance(stream, pb.ClassStream):
        cut |= {"dataset": "digits", "train_per_class": 20}
        if stream.test_per_class:
            cut["test_per_class"] = 5
        if "Incremental" in name:
            cut |= {"classes_per_task": 2, "epochs": 1}
    elif isinstance(stream, pb.DatasetStream):
        cut |= {"dataset": "digits", "num_examples": min(stream.num_examples or 99, 99)}
    if hasattr(stream, "shares"):
        cut |= {"num_tasks": stream.num_tasks, "epochs": 1}
    pb.check_stream(replace(stream, **cut))


@dataclass(frozen=True, kw_only=True)
class Sound(pb.DatasetStream):
    num_tasks: int = 3
    updates_per_task: int = 4
    batch_size: int = 8
    num_examples: int = 40

    def task(self, seed, index):
        labels = self.rng(seed, index).integers(10, size=self.num_examples)
        return pb.Task(self.examples(seed), labels)


class TooFew(Sound):
    def task(self, seed, index):
        sound = super().task(seed, index)
        return replace(sound, examples=sound.examples[1:], targets=sound.targets[1:])


class PermutedForOneSeed(Sound):
    def task(self, seed, index):
        order = self.rng(seed, index).permutation(64) if seed else None
        return replace(super().task(seed, index), input_permutation=order)


class TargetTooHigh(Sound):
    def task(self, seed, index):
        sound = super().task(seed, index)
        return replace(sound, targets=sound.targets + 1)


class HalfPermutation(Sound):
    def task(self, seed, index):
        return replace(super().task(seed, index), input_permutation=np.zeros(64, np.int64))


class GlobalNumpy(Sound):
    def task(self, seed, index):
        return replace(super().task(seed, index), targets=np.random.randint(10, size=40))


class GlobalPython(Sound):
    def task(self, seed, index):
        random.random()
        return super().task(seed, index)


@dataclass(frozen=True, kw_only=True)
class Counts(Sound):
    calls: list = field(default_factory=list)

    def task(self, seed, index):
        self.calls.append(0)
        sound = super().task(seed, index)
        return replace(sound, targets=(sound.targets + len(self.calls)) % 10)

    def parameters(self):
        return {}


class SeedBlind(Sound):
    def task(self, seed, index):
        return super().task(0, index)

    def batches(self, seed, index):
        return super().batches(0, index)


class Constant(Sound):
    def task(self, seed, index):
        return super().task(seed, 0)


class Leaks(Sound):
    def task(self, seed, index):
        sound = super().task(seed, index)
        return replace(sound, test=pb.Task(sound.examples[:2], sound.targets[:2]))


class ScoresNothing(Sound):
    def scored_tasks(self):
        return [3]


class ShortBatches(Sound):
    def batches(self, seed, index):
        return super().batches(seed, index)[1:]


class OtherBatches(Sound):
    def batches(self, seed, index):
        return super().batches(seed, index) + 1


@dataclass(frozen=True, kw_only=True)
class Function(Sound):
    make: object = abs


class Own(Sound):
    """Inputs of its own, 8 x 8."""

    scale = 1.0

    def task(self, seed, index):
        sound = super().task(seed, index)
        return replace(sound, examples=None, inputs=self.scale * self.inputs(sound.examples))


class OutOfBounds(Own):
    scale = np.float32(9.0)


class NotFinite(Own):
    scale = np.float32(np.nan)


class Both(Own):
    def task(self, seed, index):
        return replace(super().task(seed, index), examples=np.arange(40))


BROKEN = {
    TooFew: r"TooFew: task\(0, 0\) must have 40 examples, and as many targets",
    TargetTooHigh: "must have whole numbers from 0 to 9 as targets",
    HalfPermutation: "must have each of 64 pixels once in input_permutation",
    GlobalNumpy: "draws from a global random generator: draw from self.rng",
    GlobalPython: "draws from a global random generator",
    Counts: "differs when it is made again",
    SeedBlind: "task 0 of seed 0 and of seed 1 are the same",
    Constant: "all tasks are the same: nothing changes",
    Leaks: "holds out 2 examples that it trains on",
    PermutedForOneSeed: r"and task\(1, 0\), only task\(1, 0\) has input_permutation",
    ScoresNothing: r"scored_tasks\(\) must be some of its 3 tasks, from 0 to 2 and each once, not \[3",
    ShortBatches: r"batches\(0, 0\) must have the shape \(4, 8\)",
    OtherBatches: "must be rows from 0 to 39",
    Function: "parameters must be numbers, words, or lists",
    OutOfBounds: "but input_bounds are",
    NotFinite: "must have finite inputs; row 0 has nan",
    Both: "must have either examples, rows of a data set, or inputs of its own",
}


def test_what_is_sound_passes():
    pb.check_stream(Sound())
    pb.check_stream(Own())


def test_every_check_looks_at_the_same_seeds():
    seen = []

    class Sees(Sound):
        def task(self, seed, index):
            seen.append(seed)
            return super().task(seed, index)

    pb.check_stream(Sees())
    first = seen.copy()
    seen.clear()
    pb.check_stream(Sees())
    assert seen == first


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_each_broken_rule_is_named(broken):
    with pytest.raises(pb.StreamError, match=BROKEN[broken]):
        pb.check_stream(broken())


def test_the_command_checks_a_stream_by_its_id(capsys):
    assert main(["check", "plasticity/RandomLabelDigits-v0"]) == 0
    assert capsys.readouterr().out == "plasticity/RandomLabelDigits-v0 passed.\n"
    assert main(["check", "plasticity/RandomLabelDigit-v0"]) == 2
    assert "Did you mean 'plasticity/RandomLabelDigits-v0'?" in capsys.readouterr().err
