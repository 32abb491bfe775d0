"""Which runs are probed, and on which task."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

import plasticity_bench as pb
from plasticity_bench.probing import requested
from plasticity_bench.probing.requested import Chosen, adam_step_size, with_next_task
from plasticity_bench.results import Results, select
from plasticity_bench.streams import make_stream
from plasticity_bench.streams.random_labels import RandomLabels
from plasticity_bench.suite import planning
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.suite import SuiteStream

SUITE = """\
suite: test/probed-v0
streams:
  - {id: plasticity/RandomLabelDigits-v0, num_tasks: 3, num_examples: 40, label: labels, network: {hidden: [8]}}
  - {id: plasticity/IncrementalDigits-v0, label: classes, network: {hidden: [8]}}
learners:
  - {name: fresh, step_size: 3e-2, streams: {labels: {step_size: 1e-2}}}
  - {name: adam, step_size: 2e-2}
  - {name: optimizer_reset, optimizer: sgd}
seeds: 12
measure: {curvature: {examples: 16}}
"""


def of(name, **changes):
    stream = make_stream(f"plasticity/{name}-v0", **changes)
    return SuiteStream(name, f"plasticity/{name}-v0", stream, None)


@pytest.mark.parametrize(
    "name",
    [
        *("ChangingRewards", "ChangingText", "ClassPairDigits", "ConflictingLabelDigits"),
        *("HardEasyDigits", "HeldOutDigits", "PermutedClassDigits", "PermutedLabelDigits"),
        *("PermutedPixelDigits", "RandomLabelDigits", "SlowlyChangingRegression"),
    ],
)
def test_most_streams_have_a_next_task(name):
    entry = of(name)
    longer = with_next_task(entry)
    assert longer.num_tasks == entry.stream.num_tasks + 1
    for index in range(entry.stream.num_tasks):
        assert entry.stream.updates(index) == longer.updates(index)
        assert (entry.stream.batches(4, index) == longer.batches(4, index)).all()


@dataclass(frozen=True, kw_only=True)
class Shrinking(RandomLabels):
    """A user's stream, whose tasks depend on their number."""

    def task(self, seed, index):
        task = super().task(seed, index)
        return replace(task, targets=np.minimum(task.targets, self.num_tasks))


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (of("IncrementalDigits"), "after its last one, 4, .*6 tasks of 2 classes are more than"),
        (of("WarmStartDigits"), "shares and label_noise need one number for each"),
        (of("HardEasyDigits", num_tasks=5), "the next one is not of the kind that is scored"),
        (
            SuiteStream("s", "s", Shrinking(num_tasks=4, num_examples=40), None),
            "its tasks depend on how many there are",
        ),
    ],
)
def test_a_stream_without_a_next_task_is_told(entry, told):
    with pytest.raises(pb.BadInputError, match=told):
        with_next_task(entry)


@pytest.fixture
def suite(tmp_path):
    (tmp_path / "suite.yaml").write_text(SUITE)
    return load_suite(str(tmp_path / "suite.yaml"))


@pytest.fixture
def selection(suite, tmp_path):
    """Results of which nothing but the identities is real; seed 3 of adam is missing."""
    results = Results(tmp_path / suite.directory_name)
    for group in planning.plan(suite, suite.contenders, range(12)):
        for run in group.runs:
            if (run.learner, run.seed) != ("adam", 3):
                results.save(run, [], {"status": "complete"})
    return select(results)


def seeds(probed):
    return {
        (one.group.suite_stream.label, one.group.label): [run.seed for run in one.group.runs]
        for one in probed
    }


def test_by_default_the_first_ten_seeds_of_all_that_do_not_restart(selection, suite):
    probed, told = requested.requested(selection, suite, Chosen())
    ten = list(range(10))
    assert seeds(probed) == {
        ("labels", "adam"): [seed for seed in range(11) if seed != 3],
        ("labels", "optimizer_reset"): ten,
    }
    assert len(told) == 1 and told[0].startswith("classes has no task after its last one, 4,")
    assert {one.task.step_size for one in probed} == {1e-2}
    assert all(one.task.index == 3 for one in probed)
    keys = {run.key for run, _ in selection.finished}
    assert all(run.key in keys for one in probed for run in one.group.runs)


def test_what_is_named_is_probed(selection, suite):
    chosen = Chosen(learners=("fresh",), streams=("labels",), num_seeds=2, step_size=0.3)
    probed, told = requested.requested(selection, suite, chosen)
    assert seeds(probed) == {("labels", "fresh"): [0, 1]}
    assert told == []
    assert probed[0].task.step_size == 0.3
    with pytest.raises(pb.BadInputError, match="classes has no task after its last one"):
        requested.requested(selection, suite, Chosen(streams=("classes",)))


def test_the_settings_are_those_that_were_run(tmp_path, suite):
    tuned = suite.contenders[1].learner.replaced({"step_size": 0.5})
    contender = Contender("adam (tuned)", tuned)
    results = Results(tmp_path / suite.directory_name)
    for group in planning.plan(suite, [contender], range(2)):
        for run in group.runs:
            results.save(run, [], {"status": "complete"})
    probed, _ = requested.requested(select(results), suite, Chosen(learners=("adam",)))
    assert seeds(probed) == {("labels", "adam (tuned)"): [0, 1]}
    assert probed[0].group.learners[0].hyperparameters()["step_size"] == 0.5


def test_a_reference_that_is_not_adam_has_no_step_size_of_adam(suite):
    contenders = [
        replace(c, learner=c.learner.replaced({"optimizer": "sgd"}), by_stream={})
        for c in suite.contenders
    ]
    other = replace(suite, contenders=tuple(contenders))
    with pytest.raises(pb.BadInputError, match="give one with --step-size"):
        adam_step_size(other, "labels")
    assert adam_step_size(suite, "classes") == 3e-2
