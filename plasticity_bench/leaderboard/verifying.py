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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from plasticity_bench import tables
from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.entry import Entry, StreamSeed, entry_sha256
from plasticity_bench.leaderboard.manifest import SOURCE, VERIFICATION
from plasticity_bench.leaderboard.tolerance import agree, runs_agree
from plasticity_bench.results import LearnerOnStream, Results
from plasticity_bench.scoring.scores import Means, Score, means_by_key, score
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
        identical: whether the means that scores are computed from are bit-identical.
        ok: whether the scores agree within the tolerance for one run.
    """

    stream: str
    seed: int
    stated: Score
    rerun: Score
    identical: bool
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
        means_of = _found(entry, suite, places, Results(Path(scratch) / "results"))
    runs = tuple(
        _compared(entry, suite, stream_seed, means_of[stream_seed]) for stream_seed in places
    )
    pairs = [(run.stated, run.rerun) for run in runs]
    ok = all(run.ok for run in runs) and runs_agree(pairs)
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
            "bit-identical" if run.identical else "within tolerance" if run.ok else "DIFFERS",
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


def _found(
    entry: Entry, suite: Suite, places: Sequence[StreamSeed], results: Results
) -> dict[StreamSeed, Means]:
    by_run = {}
    label = entry.manifest.learner.label
    for suite_stream in suite.streams:
        tasks, protocol = suite_stream.stream.scored_tasks(), suite.protocol
        by_key = means_by_key(results, LearnerOnStream(suite_stream.label, label), protocol, tasks)
        for stream_seed in places:
            if stream_seed[0] == suite_stream.label:
                key = entry.runs[stream_seed].run.key
                if key not in by_key:
                    raise BadInputError(
                        f"{entry.folder}: {stream_seed[0]} seed {stream_seed[1]} could not be run "
                        "again."
                    )
                by_run[stream_seed] = by_key[key]
    return by_run


def _compared(entry: Entry, suite: Suite, stream_seed: StreamSeed, new: Means) -> Comparison:
    (suite_stream,) = (
        suite_stream for suite_stream in suite.streams if suite_stream.label == stream_seed[0]
    )
    reference = entry.reference[stream_seed].means(suite_stream, suite.protocol)
    old = entry.runs[stream_seed].means(suite_stream, suite.protocol)
    stated, rerun = score(old, reference), score(new, reference)
    same = (old.accuracy, old.curvature, old.diverged) == (
        new.accuracy,
        new.curvature,
        new.diverged,
    )
    return Comparison(stream_seed[0], stream_seed[1], stated, rerun, same, agree(stated, rerun))
