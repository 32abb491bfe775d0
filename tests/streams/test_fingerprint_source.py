"""The fingerprint of a stream of one's own has its source, whatever its first seed shows."""

from dataclasses import dataclass

import numpy as np
import pytest

import plasticity_bench as pb


@dataclass(frozen=True, kw_only=True)
class Base(pb.DatasetStream):
    num_examples: int = 128
    num_tasks: int = 40
    updates_per_task: int = 20

    def task(self, seed, index):
        examples = self.examples(seed)
        return pb.Task(examples, self.rng(seed, index).integers(10, size=len(examples)))


@dataclass(frozen=True, kw_only=True)
class OtherSeeds(Base):
    """Differs for seeds above 0 only."""

    def task(self, seed, index):
        task = super().task(seed, index)
        return task if seed == 0 else pb.Task(task.examples, task.targets[::-1].copy())


@dataclass(frozen=True, kw_only=True)
class OtherTask(Base):
    """Differs in one task that is not among those that are hashed."""

    def task(self, seed, index):
        task = super().task(seed, index)
        return pb.Task(task.examples, np.zeros_like(task.targets)) if index == 17 else task


@dataclass(frozen=True, kw_only=True)
class OtherInputs(Base):
    def inputs(self, examples):
        return super().inputs(examples) * np.float32(0.5)


@dataclass(frozen=True, kw_only=True)
class OtherUpdates(Base):
    def updates(self, index):
        return 40 if index == 1 else 20


@dataclass(frozen=True, kw_only=True)
class OtherScored(Base):
    def scored_tasks(self):
        return [0]


@pytest.mark.parametrize("cls", [OtherSeeds, OtherTask, OtherInputs, OtherUpdates, OtherScored])
def test_what_the_hashed_tasks_do_not_show_changes_the_fingerprint(cls):
    assert cls().fingerprint() != Base().fingerprint()
    assert cls().fingerprint() == cls().fingerprint()
