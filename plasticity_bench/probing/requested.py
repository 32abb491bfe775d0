"""Which runs are probed: stored ones, whose learners are made again from what is stored of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from plasticity_bench.errors import BadInputError, PlasticityBenchError, did_you_mean
from plasticity_bench.learners.learner import Learner
from plasticity_bench.probing.branches import ProbingTask
from plasticity_bench.results import LearnerOnStream, Run, Selection
from plasticity_bench.streams.stream import Stream
from plasticity_bench.streams.validation import checked_task
from plasticity_bench.suite.contenders import Contender, class_of
from plasticity_bench.suite.own_fresh import is_own_fresh
from plasticity_bench.suite.planning import Group, plan
from plasticity_bench.suite.suite import Suite, SuiteStream

DEFAULT_SEEDS = 10


@dataclass(frozen=True)
class Chosen:
    """What is probed of the finished runs.

    Attributes:
        learners: labels; without any, all that do not restart at every task.
        streams: labels; without any, all that have a task to probe on.
        num_seeds: the first so many; None for `DEFAULT_SEEDS`, or as many as there are.
        step_size: of Adam; None for the reference's.
    """

    learners: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    num_seeds: int | None = None
    step_size: float | None = None


@dataclass(frozen=True)
class ProbedGroup:
    """Runs of one learner on one stream, and the task that they are probed on.

    Attributes:
        group: the finished runs.
        task: the probing task.
    """

    group: Group
    task: ProbingTask

    def only(self, runs: Sequence[Run]) -> "ProbedGroup":
        """Return the same with some of its runs."""
        return replace(self, group=self.group.only(runs))


def requested(
    selection: Selection, suite: Suite, chosen: Chosen
) -> tuple[list[ProbedGroup], list[str]]:
    """Return what is probed, and a sentence for each thing that is not.

    Raises:
        BadInputError: if there is no such learner or stream, nothing to probe, or code has changed.
    """
    labels = [selection.checked(label) for label in chosen.learners] or selection.learners
    for stream in chosen.streams:
        if stream not in selection.streams:
            hint = did_you_mean(stream, selection.streams)
            raise BadInputError(f"These results have no stream {stream!r}. {hint}")
    runs: dict[LearnerOnStream, list[Run]] = {}
    for run, _ in selection.finished:
        runs.setdefault(run.group, []).append(run)
    probed: list[ProbedGroup] = []
    told: list[str] = []
    for suite_stream in suite.streams:
        if suite_stream.label not in (chosen.streams or selection.streams):
            continue
        try:
            longer = with_next_task(suite_stream)
        except BadInputError as error:
            told.append(str(error))
            continue
        of_labels = {
            label: runs.get(LearnerOnStream(suite_stream.label, label)) for label in labels
        }
        told += [
            f"{label} has no finished runs on {suite_stream.label}."
            for label, of_label in of_labels.items()
            if not of_label
        ]
        first = {
            label: sorted(some, key=lambda run: run.seed)[: chosen.num_seeds or DEFAULT_SEEDS]
            for label, some in of_labels.items()
            if some
        }
        step_size = chosen.step_size or adam_step_size(suite, suite_stream.label)
        for group in _groups(suite, suite_stream, first):
            if chosen.learners or not is_own_fresh(group):
                task = ProbingTask(longer, group.protocol, suite_stream.network, step_size)
                probed.append(ProbedGroup(group, task))
    if not probed:
        raise BadInputError(" ".join(told) or "Nothing to probe: every learner restarts by itself.")
    return probed, told


def with_next_task(suite_stream: SuiteStream) -> Stream:
    """Return a stream with one more task, all others as they were.

    Raises:
        BadInputError: if it has no such task.
    """
    stream, label = suite_stream.stream, suite_stream.label
    count = stream.num_tasks
    told = f"{label} has no task after its last one, {count - 1}, that networks can be probed on: "
    try:
        longer = replace(stream, num_tasks=count + 1)
        checked_task(longer, 0, count)
        same = all(_same_task(stream, longer, index) for index in {0, count - 1})
    except PlasticityBenchError as error:
        raise BadInputError(told + str(error)) from None
    if not same:
        raise BadInputError(f"{told}its tasks depend on how many there are.")
    if count not in longer.scored_tasks():
        raise BadInputError(f"{told}the next one is not of the kind that is scored.")
    return longer


def adam_step_size(suite: Suite, stream: str) -> float:
    """Return the step size of the suite's reference on a stream, given by its label.

    Raises:
        BadInputError: if the reference is not trained by Adam.
    """
    (reference,) = (c for c in suite.contenders if c.label == suite.reference)
    settings = reference.on(stream).learner.hyperparameters()
    if settings["optimizer"] != "adam":
        raise BadInputError(
            f"The reference {suite.reference} is not trained by Adam, so its step size is none for "
            "the fresh Adam of a probe: give one with --step-size."
        )
    return float(settings["step_size"])


def _same_task(stream: Stream, longer: Stream, index: int) -> bool:
    for one, other in zip(
        stream.task(0, index).arrays(), longer.task(0, index).arrays(), strict=True
    ):
        if (one is None) != (other is None):
            return False
        if one is not None and other is not None and not np.array_equal(one, other):
            return False
    return True


def _groups(suite: Suite, suite_stream: SuiteStream, runs: dict[str, list[Run]]) -> list[Group]:
    """The groups of stored runs on one stream, by their learners' labels.

    Raises:
        BadInputError: if a learner is not what they were computed with.
    """
    if not runs:
        return []
    contenders = [Contender(label, _learner(suite, label, some[0])) for label, some in runs.items()]
    seeds = range(1 + max(run.seed for some in runs.values() for run in some))
    planned = plan(replace(suite, streams=(suite_stream,)), contenders, seeds)
    groups = [group.only(runs[group.label]) for group in planned]
    for group in groups:
        if len(group.runs) < len(runs[group.label]):
            raise BadInputError(
                f"The code of {group.label}, or of what it is run on, is not that of its stored "
                f"results on {suite_stream.label}: run the suite again."
            )
    return groups


def _learner(suite: Suite, label: str, run: Run) -> Learner:
    """The learner of a stored run, with its settings."""
    cls = class_of(label, suite.contenders)
    try:
        return cls.from_settings(run.identity["learner"]["hyperparameters"])
    except (LookupError, TypeError) as error:
        raise BadInputError(f"The results of {label} do not say its settings: {error}.") from None
