"""Locks of runs: one process works on a run at a time.

The operating system releases a lock when its process ends, however it ends.
"""

from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

OTHER_FILES = 1024
"""Files that a process may have open beside the claims: what the system usually allows in all."""


@contextmanager
def claimed(folder: Path, keys: Collection[str]) -> Iterator[set[str]]:
    """Yield those keys that no other process works on; they are claimed until the block ends.

    On a file system without locks nothing is claimed: two commands at once then do some work
    twice, and store the same results.

    Args:
        folder: of a suite's results.
        keys: of runs.
    """
    _allow_open_files(len(keys))
    with ExitStack() as stack:
        mine = set()
        for key in sorted(keys):
            lock = FileLock(_file(folder, key), blocking=False, mode=0o666)
            try:
                stack.enter_context(lock)
            except Timeout:
                continue
            except (NotImplementedError, OSError):
                pass
            else:
                # Removed while it is locked: the next process makes a new file and locks that.
                stack.callback(_file(folder, key).unlink, missing_ok=True)
            mine.add(key)
        yield mine


def _allow_open_files(number: int) -> None:
    """Raise the limit of open files by this number, if permitted: each claim is an open file."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return
    wanted = number + OTHER_FILES
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if wanted > limit:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def is_claimed(folder: Path, key: str) -> bool:
    """Return whether a process works on a run."""
    if not _file(folder, key).exists():
        return False
    with claimed(folder, [key]) as mine:
        return not mine


def _file(folder: Path, key: str) -> Path:
    return folder / "locks" / f"{key[:24]}.lock"
