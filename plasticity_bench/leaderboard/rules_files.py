"""Rules on the files of an entry's folder."""

import os
import stat
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from plasticity_bench.leaderboard.manifest import (
    MANIFEST,
    MAX_BYTES,
    MAX_FILES,
    MAX_RECORD_BYTES,
    MAX_SOURCE_BYTES,
    MEASUREMENTS,
    SOURCE_FILE,
    TUNING,
    VERIFICATION,
    Manifest,
)
from plasticity_bench.leaderboard.submitted_code import source_hash_of_entry
from plasticity_bench.safe_files import read_bytes

Files = dict[str, os.stat_result]
"""Results of `lstat` by path relative to the entry's folder."""


def files_in(folder: Path) -> Files:
    """Return all paths in a folder that are not folders, without following links."""
    files_by_name: Files = {}
    for subfolder, folders, files in os.walk(folder, followlinks=False):
        linked = [name for name in folders if (Path(subfolder) / name).is_symlink()]
        for name in (*files, *linked):
            path = Path(subfolder) / name
            files_by_name[path.relative_to(folder).as_posix()] = path.lstat()
            if len(files_by_name) > MAX_FILES:
                return files_by_name
    return files_by_name


def plain_files(present: Files) -> Iterator[str]:
    """No links, no pipes, and not too many files."""
    if len(present) > MAX_FILES:
        yield f"there are more than {MAX_FILES} files"
    for name, facts in present.items():
        if stat.S_ISLNK(facts.st_mode):
            yield f"{name} is a link"
        elif not stat.S_ISREG(facts.st_mode):
            yield f"{name} is not a plain file"


def sizes(present: Files) -> Iterator[str]:
    """Every file is small enough for a pull request."""
    for name, facts in present.items():
        limit = MAX_BYTES.get(name, MAX_SOURCE_BYTES)
        if name.startswith(f"{VERIFICATION}/"):
            limit = MAX_RECORD_BYTES
        if facts.st_size > limit:
            yield f"{name} has {facts.st_size:,} bytes; at most {limit:,} are taken"


def belonging(present: Files, manifest: Manifest) -> Iterator[str]:
    """The folder contains what the manifest lists and records of verification, nothing else."""
    for name in manifest.learner.source:
        if not SOURCE_FILE.fullmatch(name):
            yield f"the manifest lists {name!r}, which is no Python file below source/"
    listed = {MANIFEST, MEASUREMENTS, *manifest.learner.source}
    listed |= {TUNING} if manifest.tuning else set()
    for name in sorted(listed - present.keys()):
        yield f"{name} is not there"
    for name in sorted(present.keys() - listed):
        parts = name.split("/")
        if not (len(parts) == 2 and parts[0] == VERIFICATION and name.endswith(".json")):
            yield f"{name} does not belong there"


def hashes(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Source and tuning record match the manifest's hashes."""
    if source_hash_of_entry(folder, manifest.learner.source) != manifest.learner.source_sha256:
        yield "the source is not that of learner.source_sha256"
    if manifest.tuning:
        tuning_sha256 = sha256(read_bytes(folder / TUNING, MAX_BYTES[TUNING])).hexdigest()
        if tuning_sha256 != manifest.tuning.sha256:
            yield f"{TUNING} is not that of tuning.sha256"


def records(folder: Path, published: Path) -> Iterator[str]:
    """Records of verification are the published ones.

    Anyone can write a record into a folder, so none is taken from a submission. `verify` writes
    them on a maintainer's machine, who adds them to the published entries.

    Args:
        folder: of the entry.
        published: the folder of the published entry of this name, which need not exist.
    """
    ours, theirs = _records_in(folder), _records_in(published)
    for name in sorted(ours):
        if ours[name] != theirs.get(name):
            yield f"{VERIFICATION}/{name} is not a published record; only maintainers add records"
    if theirs.keys() - ours.keys() and _manifest_in(folder) == _manifest_in(published):
        yield "a published record of its verification is missing"


def _records_in(folder: Path) -> dict[str, bytes]:
    paths = sorted((folder / VERIFICATION).glob("*.json"))
    return {path.name: read_bytes(path, MAX_RECORD_BYTES) for path in paths}


def _manifest_in(folder: Path) -> bytes:
    return read_bytes(folder / MANIFEST, MAX_BYTES[MANIFEST])
