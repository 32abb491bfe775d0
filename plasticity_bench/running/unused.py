"""Checkpoints from which no run will be resumed."""

from pathlib import Path

from plasticity_bench.results import Results, read_requests
from plasticity_bench.running import checkpoints, locks


def unused_checkpoints(results: Results) -> list[Path]:
    """Return the checkpoints that no unfinished run of the last requests can use.

    These are of code, settings or suites that have changed since, of runs that are finished, and
    damaged ones. Those that a process works on are left out.
    """
    requested = read_requests(results.folder).runs
    left = {run.key for run in results.snapshot().missing(requested)}
    unused = []
    for file in checkpoints.stored(results.folder):
        try:
            keys = checkpoints.keys_of(file)
        except checkpoints.CheckpointError:
            keys = ()
        is_used = any(key in left for key in keys)
        if not is_used and not any(locks.is_claimed(results.folder, key) for key in keys):
            unused.append(file)
    return unused
