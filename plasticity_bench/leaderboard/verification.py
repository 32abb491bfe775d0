"""Whether an entry was verified, from the records of its re-run runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plasticity_bench.errors import DamagedError
from plasticity_bench.leaderboard.entry import entry_sha256, source_bytes_sha256
from plasticity_bench.leaderboard.manifest import MAX_FILES, MAX_RECORD_BYTES, VERIFICATION
from plasticity_bench.safe_files import read_bytes


class VerifiedRun(BaseModel):
    """A run that was run again, whether it was reproduced, and whether in every bit."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    stream: str
    seed: int
    ok: bool
    identical: bool


class Record(BaseModel):
    """The contents of one verification's file."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    nonce: str
    date: str
    runs: list[VerifiedRun] = Field(alias="cells")  # the earlier name of runs, kept on disk
    ok: bool
    entry_sha256: str
    source_bytes_sha256: str
    version: Any


@dataclass(frozen=True)
class VerificationStatus:
    """The verification status of an entry.

    Attributes:
        state: "self-reported" without any; "failed" if one did; "verified" if all runs were the
            same in every bit; else "consistent": those of a GPU were, within a tolerance.
        num_runs: distinct runs that were reproduced.
        date: of the last record.
    """

    state: str
    num_runs: int = 0
    date: str = ""

    def __str__(self) -> str:
        if self.state in ("verified", "consistent"):
            return f"{self.state} ({self.num_runs} runs, {self.date})"
        return f"failed ({self.date})" if self.state == "failed" else self.state


def status_of(folder: Path) -> VerificationStatus:
    """Return whether the current state of an entry was verified."""
    records = records_of(folder)
    if not records:
        return VerificationStatus("self-reported")
    last = max(record.date for record in records)[:10]
    if not all(record.ok and all(run.ok for run in record.runs) for record in records):
        return VerificationStatus("failed", date=last)
    runs = {(run.stream, run.seed) for record in records for run in record.runs}
    identical = all(run.identical for record in records for run in record.runs)
    return VerificationStatus("verified" if identical else "consistent", len(runs), last)


def records_of(folder: Path) -> list[Record]:
    """Return the records of verification of the current state of an entry."""
    records = [record for record in map(_read, _paths(folder)) if record and record.runs]
    try:
        hashes = hashes_of(folder) if records else None
    except (FileNotFoundError, DamagedError):
        return []
    return [r for r in records if (r.entry_sha256, r.source_bytes_sha256) == hashes]


def hashes_of(folder: Path) -> tuple[str, str]:
    """Return the hashes of an entry's manifest and of its source's bytes: what a record is of.

    Raises:
        FileNotFoundError, DamagedError: if one of them cannot be read.
    """
    return entry_sha256(folder), source_bytes_sha256(folder)


def _paths(folder: Path) -> list[Path]:
    records = folder / VERIFICATION
    return [] if records.is_symlink() else sorted(records.glob("*.json"))[:MAX_FILES]


def _read(path: Path) -> Record | None:
    """A record; None if it is not one."""
    try:
        record = Record.model_validate_json(read_bytes(path, MAX_RECORD_BYTES))
    except (OSError, DamagedError, ValidationError, RecursionError):
        return None
    return record if record.date.isprintable() else None
