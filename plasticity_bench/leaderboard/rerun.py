"""Run runs of an entry again: its learner is recorded in another process, and evaluated here."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

from plasticity_bench.errors import BadInputError, PlasticityBenchError
from plasticity_bench.leaderboard.entry import Entry, StreamSeed
from plasticity_bench.leaderboard.manifest import SOURCE, LearnerPart
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.submitted import AnyLearner, SubmittedLearner, Value
from plasticity_bench.results import Results, Run
from plasticity_bench.running import group_run
from plasticity_bench.running.execution import Execution
from plasticity_bench.shipped import baseline_names
from plasticity_bench.source_code.source import source_of
from plasticity_bench.suite import planning
from plasticity_bench.suite.own_fresh import own_fresh_of
from plasticity_bench.suite.planning import Group
from plasticity_bench.suite.suite import Suite


def run_again(entry: Entry, suite: Suite, places: Sequence[StreamSeed], folder: Path) -> Results:
    """Run runs of an entry, and its controls' of the same streams and seeds; return them all.

    Nothing of the entry's code is imported here.

    Raises:
        BadInputError: if its code does not match the entry, or a run fails.
    """
    results = Results(folder)
    _check_packages([entry.runs[place].run for place in places])
    groups = [*_groups(entry, suite, places), *_of_reference(suite, places)]
    done: set[str] = set()
    for group in groups:
        left = group.part([i for i, run in enumerate(group.runs) if run.key not in done])
        done |= {run.key for run in left.runs}
        if left.runs:
            outcome = group_run.run_group(results, Execution(), left, lambda _: None)
            if outcome.error:
                raise BadInputError(
                    f"{entry.folder}: its runs could not be run again: {outcome.error}"
                )
    return results


def _groups(entry: Entry, suite: Suite, places: Sequence[StreamSeed]) -> Iterable[Group]:
    """The entry's runs, stream by stream, as they are written in it, and its own fresh copy's."""
    part = entry.manifest.learner
    (control,) = (c for c in suite.contenders if c.label == suite.reference)
    for suite_stream in suite.streams:
        runs = [entry.runs[place].run for place in places if place.stream == suite_stream.label]
        if runs:
            learner = _learner(entry.folder, part, part.hyperparameters[suite_stream.label])
            same = type(learner) is type(control.learner)
            protocol = planning.protocol_of(suite, is_control=same)
            group = Group(suite_stream, part.label, protocol, tuple(runs), (learner,) * len(runs))
            yield group
            if entry.copies is not entry.runs:
                yield own_fresh_of(group)


def _of_reference(suite: Suite, places: Sequence[StreamSeed]) -> Iterable[Group]:
    (control,) = (c for c in suite.contenders if c.label == suite.reference)
    for group in planning.plan(suite, [control], range(max(seed for _, seed in places) + 1)):
        indices = [i for i, run in enumerate(group.runs) if (run.stream, run.seed) in set(places)]
        if indices:
            yield group.part(indices)


def _learner(folder: Path, part: LearnerPart, settings: Mapping[str, Value]) -> AnyLearner:
    """The entry's learner: a baseline of this package, or one that is recorded elsewhere."""
    if part.reference not in baseline_names():
        path = (str((folder / SOURCE).resolve()),)
        return SubmittedLearner(part.reference, settings, path)
    cls: type[Learner] = find_learner(part.reference)
    if source_of(cls).hash != part.source_sha256:
        raise BadInputError(f"{part.reference} is not what was submitted: its source differs.")
    try:
        return cls.from_settings(settings)
    except PlasticityBenchError as error:
        raise BadInputError(f"{folder}: {error}") from None


def _check_packages(runs: Iterable[Run]) -> None:
    """Raise unless the packages that runs were computed with are here, in the same versions."""
    stated = {one for run in runs for one in run.identity["learner"].get("packages", {}).items()}
    for name, version in sorted(stated):
        try:
            here = metadata.version(name)
        except metadata.PackageNotFoundError:
            here = "missing"
        if here != version:
            raise BadInputError(
                f"its learner imports {name} {version}, which is {here} here: install that version."
            )
