"""What the page of an entry shows beyond its row: sources, settings, history."""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from plasticity_bench.errors import DamagedError
from plasticity_bench.leaderboard.entry import entry_sha256
from plasticity_bench.leaderboard.frame import page_of
from plasticity_bench.leaderboard.manifest import (
    MANIFEST,
    MAX_BYTES,
    MAX_SOURCE_BYTES,
    MEASUREMENTS,
    SOURCE_FILE,
    TUNING,
    Value,
)
from plasticity_bench.leaderboard.page import Tables
from plasticity_bench.leaderboard.ranking import Row
from plasticity_bench.leaderboard.verification import Record, records_of
from plasticity_bench.safe_files import check_unlinked, read_bytes
from plasticity_bench.suite.suite import Suite


@dataclass(frozen=True)
class Related:
    """Another entry, or the same one, in the history of an entry.

    Attributes:
        suite: the name of its suite's folder.
        row: the entry.
        page: its address on the site.
        why: what it has to do with the entry.
    """

    suite: str
    row: Row
    page: str
    why: str


def related(row: Row, suite: Suite, tables: Tables) -> list[Related]:
    """Return the history of an entry: on other versions of its suite, and by the same learner.

    They are sorted by suite, the latest version first; the entry itself is among them.
    """
    found = []
    for folder, (other_suite, rows) in tables.items():
        for other in rows:
            if why := _why(row, suite, other, other_suite):
                found.append(Related(folder, other, page_of(folder, other), why))
    return sorted(found, key=lambda one: (_family(one.suite)[0], -_family(one.suite)[1]))


def _why(row: Row, suite: Suite, other: Row, other_suite: Suite) -> str:
    if other.folder == row.folder:
        return "this entry"
    same_suite = _family(other_suite.name)[0] == _family(suite.name)[0]
    if other.name == row.name and same_suite:
        return "this name, another version of the suite"
    mine, theirs = row.manifest, other.manifest
    # Two strangers may both call their learner my_module:Learner.
    if (mine.learner.reference, mine.authors) == (theirs.learner.reference, theirs.authors):
        return "this learner, other settings" if other_suite is suite else "this learner"
    return ""


def _family(name: str) -> tuple[str, int]:
    """A suite's name without its version, and the version."""
    family, _, version = name.rpartition("-v")
    return family, int(version)


def sources(row: Row) -> dict[str, str]:
    """Return the text of each source file; a sentence where it cannot be shown.

    The manifest is by a stranger: only files that lie below the entry's source folder are read.
    """
    texts = {}
    for name in row.manifest.learner.source:
        try:
            if not SOURCE_FILE.fullmatch(name):
                raise DamagedError(row.folder, "names a source that is none")
            check_unlinked(row.folder, row.folder / name)
            content = read_bytes(row.folder / name, MAX_SOURCE_BYTES)
        except (DamagedError, FileNotFoundError):
            texts[name] = "(This file cannot be shown.)"
        else:
            texts[name] = content.decode(errors="replace")
    return texts


def files(row: Row) -> dict[str, bytes]:
    """Return the files that the site has of an entry; its source is on its page, as text."""
    contents = {}
    for name in (MANIFEST, MEASUREMENTS, *([TUNING] if row.manifest.tuning else [])):
        with contextlib.suppress(DamagedError, FileNotFoundError):
            contents[name] = read_bytes(row.folder / name, MAX_BYTES[name])
    return contents


def hyperparameters(row: Row) -> dict[str, dict[str, Value]]:
    """Return hyperparameters by stream; under "all streams" where all have the same."""
    by_stream: Mapping[str, dict[str, Value]] = row.manifest.learner.hyperparameters
    first = next(iter(by_stream.values()), {})
    if all(own == first for own in by_stream.values()):
        return {"all streams": first}
    return dict(by_stream)


def records(row: Row) -> list[Record]:
    """Return the records of verification that are of the entry as it is now, the last one first."""
    return sorted(records_of(row.folder), key=lambda record: record.date, reverse=True)


def sha256(row: Row) -> str:
    """Return the hash of an entry, by which records of verification refer to it."""
    return entry_sha256(row.folder)


def badge_text(row: Row, rows: Sequence[Row]) -> str:
    """Return what a badge says of an entry, after the name of its suite."""
    if row.rank is None:
        return row.remark.partition(":")[0]
    ranked = sum(other.rank is not None for other in rows)
    return f"rank {row.rank.rank} of {ranked}, tie group {row.tie_group}"
