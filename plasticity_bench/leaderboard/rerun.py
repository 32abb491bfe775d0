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
from plasticity_bench.results import Results, Run, RunTable
from plasticity_bench.running import group_run
from plasticity_bench.running.execution import Execution
from plasticity_bench.shipped import baseline_names
from plasticity_bench.source_code.source import source_of
from plasticity_bench.suite import planning
from plasticity_bench.suite.own_fresh import own_fresh_of
from plasticity_bench.suite.planning import Group
from plasticity_bench.suite.suite import Suite


def run_again(entry: Entry, groups: Iterable[Group], folder: Path) -> Results:
    """Run groups of an entry's runs, and of its controls'; return them all.

    Nothing of the entry's code is imported here.

    Raises:
        BadInputError: if its code does not match the entry, or a run fails.
    """
    results = Results(folder)
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


def found(entry: Entry, run: Run, results: Results) -> RunTable:
    """Return the measurements of a run that was run again.

    Raises:
        BadInputError: if there are none.
    """
    for run_table in results.run_tables(*run.group):
        if run.key in run_table.keys:
            return run_table.only(list(run_table.keys).index(run.key))
    raise BadInputError(
        f"{entry.folder}: {run.learner} on {run.stream}, seed {run.seed}, could not be run again."
    )


def groups_of(entry: Entry, suite: Suite, runs: Sequence[Run]) -> list[Group]:
    """Return the groups of an entry's runs, each followed by that of its own fresh copy.

    Raises:
        BadInputError: if its code does not match the entry, or needs packages that are not here.
    """
    _check_packages(runs)
    part = entry.manifest.learner
    (control,) = (c for c in suite.contenders if c.label == suite.reference)
    groups = []
    for suite_stream in suite.streams:
        here = tuple(run for run in runs if run.stream == suite_stream.label)
        if here:
            learner = _learner(entry.folder, part, part.hyperparameters[suite_stream.label])
            same = type(learner) is type(control.learner)
            protocol = planning.protocol_of(suite, is_control=same)
            group = Group(suite_stream, part.label, protocol, here, (learner,) * len(here))
            groups.append(group)
            if entry.copies is not entry.runs:
                groups.append(own_fresh_of(group))
    return groups


def groups_of_reference(suite: Suite, seeds: range, places: Iterable[StreamSeed]) -> list[Group]:
    """Return the groups of the reference's runs of some streams and seeds.

    Args:
        suite: whose reference it is.
        seeds: among which those of the places are.
        places: streams and seeds.
    """
    (control,) = (c for c in suite.contenders if c.label == suite.reference)
    wanted = set(places)
    groups = []
    for group in planning.plan(suite, [control], seeds):
        indices = [i for i, run in enumerate(group.runs) if (run.stream, run.seed) in wanted]
        if indices:
            groups.append(group.part(indices))
    return groups


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
