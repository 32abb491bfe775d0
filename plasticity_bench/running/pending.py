"""Which runs are still to be computed, in groups of a good size."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from plasticity_bench.errors import DamagedError
from plasticity_bench.recording.users_learners import by_network
from plasticity_bench.results import Results, Snapshot
from plasticity_bench.results.reuse import take_over
from plasticity_bench.running import checkpoints, population_size
from plasticity_bench.running.execution import Execution
from plasticity_bench.safe_files import remove_abandoned, remove_file
from plasticity_bench.suite.planning import Group, all_runs

DEFAULT = Execution()
Notify = Callable[[str], None]


def pending(
    groups: Sequence[Group],
    results: Results,
    execution: Execution = DEFAULT,
    notify: Notify = lambda _: None,
    reuse: bool = True,
) -> list[Group]:
    """Return what is still to be computed.

    Runs that share a checkpoint stay together and resume from it; the other unfinished runs form
    groups of a good size, as equal as possible. Settings whose networks differ in more than
    parameters, such as in a scale, are in different groups.

    Args:
        groups: what was planned.
        results: where finished runs and checkpoints are.
        execution: how the groups will be run.
        notify: called with a sentence about what is measured, about damaged files and about runs
            that were taken over.
        reuse: whether runs that are finished in other folders of the same root, or come with the
            package, are taken over.
    """
    snapshot = results.snapshot()
    for damage in snapshot.damaged:
        notify(f"{damage}: what it held is run again.")
        results.set_aside(damage)
    if reuse and _taken_over(groups, results, snapshot, notify):
        snapshot = results.snapshot()
    begun = _begun(groups, results, snapshot, notify)
    left = []
    for group in groups:
        missing = {run.key for run in snapshot.missing(group.runs)}
        index_of = {run.key: i for i, run in enumerate(group.runs) if run.key in missing}
        for file, keys in begun.items():
            together = [index_of.pop(key) for key in keys if key in index_of]
            if together:
                left.append(replace(group.part(together), checkpoint=file))
        for part in _alike(group.part(list(index_of.values()))):
            left += _of_good_size(part, execution, notify)
    return left


def _taken_over(
    groups: Sequence[Group], results: Results, snapshot: Snapshot, notify: Notify
) -> int:
    """Copy what is finished elsewhere; return the number of runs."""
    missing = [(run, group.notes) for group in groups for run in snapshot.missing(group.runs)]
    if not missing:
        return 0
    try:
        taken = take_over(results, missing)
    except (OSError, DamagedError) as error:
        notify(f"Finished runs of other folders cannot be taken over: {error}")
        return len(missing)  # some of them may have been
    for folder, number in taken.items():
        notify(f"{number} {'run' if number == 1 else 'runs'} taken over from {folder}.")
    return taken.total()


def _alike(group: Group) -> list[Group]:
    """Parts of a group whose networks differ in parameters only."""
    if not group.runs:
        return []
    if not group.differing:
        return [group]
    return [group.part(part) for part in by_network(group.learners, group.suite_stream.network)]


def _of_good_size(group: Group, execution: Execution, notify: Notify) -> list[Group]:
    num_runs = len(group.runs)
    size = population_size.chosen(
        group.suite_stream.stream,
        group.suite_stream.network,
        group.learners[0],
        execution,
        num_runs,
        lambda sentence: notify(f"{group.label}: {sentence}"),
    )
    num_groups = -(-num_runs // size)
    return [group.part(range(num_runs)[start::num_groups]) for start in range(num_groups)]


def _begun(
    groups: Sequence[Group], results: Results, snapshot: Snapshot, notify: Notify
) -> dict[Path, tuple[str, ...]]:
    """The runs' keys of each checkpoint; those whose runs are all finished are removed."""
    remove_abandoned(results.folder / "checkpoints")
    files = checkpoints.stored(results.folder)
    if not files:
        return {}
    planned = {run.key: run for run in all_runs(groups)}
    begun = {}
    for file in files:
        try:
            keys = checkpoints.keys_of(file)
        except checkpoints.CheckpointError as error:
            notify(f"{error}: it is removed, and its runs start anew.")
            remove_file(file)
            continue
        known = all(key in planned for key in keys)
        if known and not snapshot.missing(planned[key] for key in keys):
            remove_file(file)
        else:
            begun[file] = keys
    return begun
