"""Reading and writing files of a store that others may have touched: no links, no absurd sizes."""

import contextlib
import errno
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from plasticity_bench.errors import DamagedError

ABANDONED_SECONDS = 2 * 24 * 3600
"""After this long, a draft is taken for the remains of a process that was killed."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def read_bytes(path: Path, limit: int) -> bytes:
    """Return a file's contents; never those of what a link leads to, nor of a pipe.

    Raises:
        FileNotFoundError: if there is none.
        DamagedError: if it is no plain file, cannot be read, or has more than `limit` bytes.
    """
    try:
        with os.fdopen(os.open(path, _FLAGS), "rb") as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise DamagedError(path, "is not a plain file")
            if facts.st_size > limit:
                raise DamagedError(
                    path, f"has {facts.st_size:,} bytes; more than {limit:,} are not read"
                )
            return file.read(limit)
    except FileNotFoundError:
        raise
    except OSError as error:
        linked = error.errno in (errno.ELOOP, errno.EMLINK)
        raise DamagedError(
            path, "is a link, which is not followed" if linked else f"cannot be read: {error}"
        ) from None


def folders_in(folder: Path) -> list[Path]:
    """Return the folders in a folder, sorted; none that a link leads to, none that is hidden."""
    try:
        with os.scandir(folder) as entries:
            names = [
                entry.name
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and not entry.name.startswith(".")
            ]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DamagedError(folder, f"cannot be listed: {error}") from None
    return [folder / name for name in sorted(names)]


def check_unlinked(root: Path, path: Path) -> None:
    """Make sure that no link lies on the way from a store's folder to a path in it.

    Raises:
        DamagedError: if one does: what is written there would be written elsewhere.
    """
    place = root
    for part in path.relative_to(root).parts:
        place /= part
        if place.is_symlink():
            raise DamagedError(place, "is a link, which is not followed; remove it")


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there as a whole or not at all, whatever happens to the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        _sync_folder(path.parent)
    finally:
        draft.unlink(missing_ok=True)


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder; it takes its name when, and only when, it is complete."""
    draft = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    draft.mkdir(parents=True)
    try:
        yield draft
        while draft.exists():
            _put_in_place(draft, path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Remove a folder so that half of it is never seen; another process may do so too."""
    old = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.old")
    try:
        path.replace(old)
    except FileNotFoundError:
        return
    if old.is_symlink() or not old.is_dir():
        old.unlink()
    else:
        shutil.rmtree(old, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove the drafts that killed processes left behind in a folder."""
    for draft in folder.glob(".*"):
        with contextlib.suppress(OSError):
            facts = draft.lstat()
            if time.time() - facts.st_mtime < ABANDONED_SECONDS:
                continue
            if stat.S_ISDIR(facts.st_mode):
                shutil.rmtree(draft, ignore_errors=True)
            else:
                draft.unlink()


def _put_in_place(draft: Path, path: Path) -> None:
    try:
        draft.replace(path)
    except OSError as error:
        # A folder does not replace another: put what is there aside, and try again. It is a
        # failed attempt, a damaged cell, or what another process has just written.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise
        remove_folder(path)


def _sync_folder(folder: Path) -> None:
    """Make a new name outlast a loss of power, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
