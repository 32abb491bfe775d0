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
from plasticity_bench.safe_files import read_bytes

Found = dict[str, os.stat_result]
"""By path below the entry's folder, the facts of what lies there."""


def found_in(folder: Path) -> Found:
    """Return all paths in a folder that are not folders, without following links."""
    found: Found = {}
    for place, folders, files in os.walk(folder, followlinks=False):
        linked = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in (*files, *linked):
            path = Path(place) / name
            found[path.relative_to(folder).as_posix()] = path.lstat()
            if len(found) > MAX_FILES:
                return found
    return found


def plain_files(found: Found) -> Iterator[str]:
    """No links, no pipes, and not too many files."""
    if len(found) > MAX_FILES:
        yield f"there are more than {MAX_FILES} files"
    for name, facts in found.items():
        if stat.S_ISLNK(facts.st_mode):
            yield f"{name} is a link"
        elif not stat.S_ISREG(facts.st_mode):
            yield f"{name} is not a plain file"


def sizes(found: Found) -> Iterator[str]:
    """Every file is small enough for a pull request."""
    for name, facts in found.items():
        limit = MAX_BYTES.get(name, MAX_SOURCE_BYTES)
        if name.startswith(f"{VERIFICATION}/"):
            limit = MAX_RECORD_BYTES
        if facts.st_size > limit:
            yield f"{name} has {facts.st_size:,} bytes; at most {limit:,} are taken"


def belonging(found: Found, manifest: Manifest) -> Iterator[str]:
    """The folder contains what the manifest lists and records of verification, nothing else."""
    for name in manifest.learner.source:
        if not SOURCE_FILE.fullmatch(name):
            yield f"the manifest lists {name!r}, which is no Python file below source/"
    listed = {MANIFEST, MEASUREMENTS, *manifest.learner.source}
    listed |= {TUNING} if manifest.tuning else set()
    for name in sorted(listed - found.keys()):
        yield f"{name} is not there"
    for name in sorted(found.keys() - listed):
        parts = name.split("/")
        if not (len(parts) == 2 and parts[0] == VERIFICATION and name.endswith(".json")):
            yield f"{name} does not belong there"


def hashes(folder: Path, manifest: Manifest) -> Iterator[str]:
    """Source and tuning record match the manifest's hashes."""
    digest = sha256()
    for name in manifest.learner.source:
        digest.update(read_bytes(folder / name, MAX_SOURCE_BYTES))
    if digest.hexdigest() != manifest.learner.source_sha256:
        yield "the source is not that of learner.source_sha256"
    if manifest.tuning:
        own = sha256(read_bytes(folder / TUNING, MAX_BYTES[TUNING])).hexdigest()
        if own != manifest.tuning.sha256:
            yield f"{TUNING} is not that of tuning.sha256"
