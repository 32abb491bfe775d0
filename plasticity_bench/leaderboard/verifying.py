"""Run randomly drawn runs of an entry again and compare, in a separate process."""

import datetime
import json
import math
import os
import random
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from plasticity_bench import tables
from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.entry import Entry, StreamSeed, entry_sha256
from plasticity_bench.leaderboard.manifest import SOURCE, VERIFICATION
from plasticity_bench.leaderboard.tolerance import agree, runs_agree
from plasticity_bench.results import Results, Run, RunTable
from plasticity_bench.scoring.scores import Means, Score, means, score
from plasticity_bench.suite.suite import Suite

LIMIT_SECONDS = 24 * 3600.0
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_CACHE_HOME", "SYSTEMROOT")
KEPT_PREFIXES = ("PLASTICITY_BENCH_", "LD_", "CUDA_")


@dataclass(frozen=True)
class Comparison:
    """A run that was run again.

    Attributes:
        stream: the stream's label.
        seed: of the run.
        stated: its score from the entry's measurements and the entry's reference.
        rerun: its score from the new measurements.
        identical: whether all measurements, and those of the reference's run, are bit-identical.
        varies: why they need not be; empty if they must.
        ok: whether they are identical, or, where they need not be, whether the scores agree within
            the tolerance for one run.
    """

    stream: str
    seed: int
    stated: Score
    rerun: Score
    identical: bool
    varies: tuple[str, ...]
    ok: bool


@dataclass(frozen=True)
class Verification:
    """The outcome of a verification.

    Attributes:
        nonce: that seeded the draw of the runs.
        runs: that were drawn.
        ok: whether every run, and their mean, agree.
        without_network: whether the process had no network access.
    """

    nonce: str
    runs: tuple[Comparison, ...]
    ok: bool
    without_network: bool


def drawn(entry: Entry, number: int, nonce: str) -> list[StreamSeed]:
    """Return runs of an entry, drawn by a nonce that was made after the entry.

    The draw depends on the entry's hash, so that a submitter cannot choose the runs.
    """
    places = sorted(entry.runs)
    chance = random.Random(f"{nonce}:{entry_sha256(entry.folder)}")
    return sorted(chance.sample(places, min(number, len(places))))


def verify(
    entry: Entry, suite: Suite, given: str | None, number: int, nonce: str = ""
) -> Verification:
    """Run drawn runs again in a separate process, and compare.

    Args:
        entry: a valid one.
        suite: its suite.
        given: its file, if the package does not include it.
        number: how many runs.
        nonce: to repeat a draw; by default random.

    Raises:
        BadInputError: if the runs cannot be run.
    """
    nonce = nonce or secrets.token_hex(16)
    places = drawn(entry, number, nonce)
    with tempfile.TemporaryDirectory(prefix="verify-") as scratch:
        without_network = _run_again(entry, given, places, Path(scratch))
        results = Results(Path(scratch) / "results")
        runs = tuple(_compared(entry, suite, place, results) for place in places)
    pairs = [(run.stated, run.rerun) for run in runs]
    ok = all(run.ok for run in runs) and (all(run.identical for run in runs) or runs_agree(pairs))
    return Verification(nonce, runs, ok, without_network)


def write_record(entry: Entry, done: Verification) -> Path:
    """Write a verification's record into the entry's folder, and return its path."""
    now = datetime.datetime.now(datetime.UTC)
    record = {
        "nonce": done.nonce,
        "date": now.isoformat(timespec="seconds"),
        "ok": done.ok,
        "entry_sha256": entry_sha256(entry.folder),
        "version": {name: metadata.version(name) for name in ("plasticity-bench", "torch")},
        "without_network": done.without_network,
        "cells": [_as_json(run) for run in done.runs],
    }
    file = entry.folder / VERIFICATION / f"{now:%Y%m%d}-{done.nonce[:8]}.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(record, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return file


def table(done: Verification) -> str:
    """Return the outcome of each run and of the verification as a table."""
    rows = [
        [
            run.stream,
            run.seed,
            *(f"{value:.3f}" for value in _values(run.stated, run.rerun)),
            "bit-identical" if run.identical else "within tolerance" if run.ok else "differs",
        ]
        for run in done.runs
    ]
    headers = ["stream", "seed", "trainability", "again", "retention", "again", "so"]
    text = tables.render(headers, rows, left=("stream", "so"))
    verdict = "verified" if done.ok else "NOT verified: these are not the scores of this learner"
    return f"{text}\n\n{len(done.runs)} runs drawn by {done.nonce}: {verdict}."


def _values(stated: Score, rerun: Score) -> tuple[float, float, float, float]:
    return stated.trainability, rerun.trainability, stated.retention, rerun.retention


def _as_json(run: Comparison) -> dict[str, Any]:
    return {
        "stream": run.stream,
        "seed": run.seed,
        "stated": _numbers(run.stated),
        "found": _numbers(run.rerun),
        "identical": run.identical,
        "varies": list(run.varies),
        "ok": run.ok,
    }


def _numbers(score: Score) -> dict[str, float | None]:
    pairs = {"trainability": score.trainability, "retention": score.retention}
    return {name: None if math.isnan(value) else value for name, value in pairs.items()}


def _run_again(
    entry: Entry, given: str | None, places: Sequence[StreamSeed], scratch: Path
) -> bool:
    """Run the runs; return whether their process had no network access."""
    request = {
        "entry": str(entry.folder.resolve()),
        "suite": given and str(Path(given).resolve()),
        "cells": places,
        "results": str(scratch / "results"),
    }
    (scratch / "request.json").write_text(json.dumps(request), encoding="utf-8")
    prefix = _cut_off()
    module = "plasticity_bench.leaderboard.rerun"
    command = [*prefix, sys.executable, "-m", module, str(scratch / "request.json")]
    try:
        done = subprocess.run(
            command,
            cwd=entry.folder / SOURCE,
            env={"PYTHONDONTWRITEBYTECODE": "1", **_environment()},
            capture_output=True,
            text=True,
            check=False,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise BadInputError(
            f"{entry.folder}: its runs took longer than {LIMIT_SECONDS:.0f} seconds; draw fewer "
            "--runs."
        ) from None
    if done.returncode:
        messages = done.stderr.strip().splitlines()
        raise BadInputError(
            f"{entry.folder}: its runs could not be run again: "
            f"{messages[-1] if messages else 'no message'}"
        )
    return bool(prefix)


def _environment() -> Mapping[str, str]:
    """The environment variables that the other process inherits: no secrets."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in KEPT_VARIABLES or name.startswith(KEPT_PREFIXES)
    }


def _cut_off() -> list[str]:
    """The prefix of a command that removes network access, if this system has one."""
    for prefix in (["unshare", "--net"], ["unshare", "--user", "--map-root-user", "--net"]):
        try:
            done = subprocess.run([*prefix, "true"], capture_output=True, check=False, timeout=10)
        except (OSError, subprocess.SubprocessError):
            return []
        if done.returncode == 0:
            return prefix
    return []


def _compared(entry: Entry, suite: Suite, place: StreamSeed, results: Results) -> Comparison:
    (suite_stream,) = (s for s in suite.streams if s.label == place.stream)
    own, control = entry.runs[place], entry.reference[place]
    new, new_control = _found(entry, own.run, results), _found(entry, control.run, results)

    def means_of(run_table: RunTable) -> Means:
        tasks = suite_stream.stream.scored_tasks()
        return next(means(run_table, suite.protocol, tasks))

    reference = means_of(control.run_table)
    stated = score(means_of(own.run_table), reference)
    rerun = score(means_of(new), reference)
    identical = _same(own.run_table, new) and _same(control.run_table, new_control)
    execution = new.info(0).get("execution", {})
    varies = tuple(execution.get("varies", ())) or _on_gpu(own.run_table)
    ok = identical or (bool(varies) and agree(stated, rerun))
    return Comparison(place.stream, place.seed, stated, rerun, identical, varies, ok)


def _found(entry: Entry, run: Run, results: Results) -> RunTable:
    for run_table in results.run_tables(*run.group):
        if run.key in run_table.keys:
            return run_table.only(list(run_table.keys).index(run.key))
    raise BadInputError(
        f"{entry.folder}: {run.learner} on {run.stream}, seed {run.seed}, could not be run again."
    )


def _same(stated: RunTable, new: RunTable) -> bool:
    """Whether all stated measurements were found again, in every bit; NaN equals NaN."""
    if stated.statuses[0] != new.statuses[0]:
        return False
    found = {(task, when, name): value for task, when, name, value in _rows(new)}
    return all(
        (key := (task, when, name)) in found
        and (found[key] == value or (math.isnan(found[key]) and math.isnan(value)))
        for task, when, name, value in _rows(stated)
    )


def _rows(table: RunTable) -> Iterator[tuple[int, str, str, float]]:
    columns = table.result(0).columns
    names = ("task", "when", "name", "value")
    yield from zip(*(columns[name].tolist() for name in names), strict=True)


def _on_gpu(run_table: RunTable) -> tuple[str, ...]:
    """Why a run on a GPU is compared within a tolerance."""
    device = run_table.info(0).get("execution", {}).get("device", "cpu")
    return () if device == "cpu" else (f"it was computed on {device}",)
