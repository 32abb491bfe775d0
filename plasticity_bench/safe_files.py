"""Reading untrusted files with limits, and writing files and folders atomically."""

import contextlib
import errno
import glob
import os
import shutil
import stat
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from plasticity_bench.errors import DamagedError

ABANDONED_SECONDS = 2 * 24 * 3600
"""A draft older than this was left behind by a process that was killed."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


# ---- reading ------------------------------------------------------------------------------------


def read_bytes(path: Path, limit: int) -> bytes:
    """Return a file's contents; links are not followed, and pipes not opened.

    Args:
        path: of the file.
        limit: largest accepted size, in bytes.

    Raises:
        FileNotFoundError: if there is no such file.
        DamagedError: if it is not a regular file, cannot be read, or is larger than `limit`.
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
            return file.read(facts.st_size)  # reading takes a buffer of the size that is given
    except FileNotFoundError:
        raise
    except OSError as error:
        linked = error.errno in (errno.ELOOP, errno.EMLINK)
        raise DamagedError(
            path, "is a link, which is not followed" if linked else f"cannot be read: {error}"
        ) from None


def folders_in(folder: Path) -> list[Path]:
    """Return the subfolders of a folder, sorted; links and hidden folders are left out.

    Raises:
        DamagedError: if the folder exists and cannot be listed.
    """
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
    """Check that no component of `path` below `root` is a symbolic link.

    Raises:
        DamagedError: if one is: what is written to the path would end up elsewhere.
    """
    current = root
    for part in path.relative_to(root).parts:
        current /= part
        if current.is_symlink():
            raise DamagedError(current, "is a link, which is not followed; remove it")


# ---- writing ------------------------------------------------------------------------------------


def write_atomic(path: Path, content: bytes) -> None:
    """Write a file that exists completely or not at all, even after a loss of power.

    The file that had this name before stays until the new one is complete. Missing parent folders
    are made.

    Raises:
        OSError: if it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft_of(path)
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
def atomic_folder(path: Path, *, replace: bool) -> Iterator[Path]:
    """Yield an empty folder that is renamed to `path` when the block ends without an error.

    Args:
        path: the name that the folder gets.
        replace: whether a folder that has the name already is replaced; if not, it stays, and the
            new one is dropped.

    Raises:
        OSError: if the folder cannot be made or renamed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = _draft_of(path)
    draft.mkdir()
    try:
        yield draft
        while draft.exists():
            try:
                draft.replace(path)
            except OSError as error:
                # A folder does not replace another one: a failed attempt, a damaged run, or what
                # another process has just written.
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
                    raise
                if not replace and path.is_dir():
                    return
                remove_folder(path)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Remove a folder in one step as seen by others; another process may do the same."""
    old = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.old")
    try:
        path.replace(old)
    except FileNotFoundError:
        return
    if old.is_symlink() or not old.is_dir():
        old.unlink()
    else:
        shutil.rmtree(old, ignore_errors=True)


def remove_file(path: Path) -> None:
    """Remove a file, and drafts of it that killed processes left behind.

    Only for a file that one process writes at a time, and that none is writing.
    """
    path.unlink(missing_ok=True)
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*"):
        draft.unlink(missing_ok=True)


def remove_abandoned(folder: Path) -> None:
    """Remove drafts that killed processes left behind in a folder."""
    for draft in folder.glob(".*"):
        with contextlib.suppress(OSError):
            facts = draft.lstat()
            if time.time() - facts.st_mtime < ABANDONED_SECONDS:
                continue
            if stat.S_ISDIR(facts.st_mode):
                shutil.rmtree(draft, ignore_errors=True)
            else:
                draft.unlink()


def _draft_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")


def _sync_folder(folder: Path) -> None:
    """Make a new name survive a loss of power, where the system supports it."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
