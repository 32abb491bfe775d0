"""Run randomly drawn runs of an entry again, and compare."""

import datetime
import json
import math
import random
import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from plasticity_bench import portability, tables
from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard import unpublished
from plasticity_bench.leaderboard.entry import Entry, StreamSeed, entry_sha256, scores_of
from plasticity_bench.leaderboard.flags import flags_from
from plasticity_bench.leaderboard.manifest import STORED, VERIFICATION, Flags
from plasticity_bench.leaderboard.rerun import (
    found,
    groups_of,
    groups_of_reference,
    run_again,
)
from plasticity_bench.leaderboard.tolerance import agree, runs_agree
from plasticity_bench.leaderboard.unpublished import Shortfall, Unpublished
from plasticity_bench.leaderboard.verification import hashes_of
from plasticity_bench.programs.kernels import building
from plasticity_bench.results import Results, RunTable
from plasticity_bench.scoring.associations import NOT_EXPLANATIONS
from plasticity_bench.scoring.scores import Means, Score, means, score
from plasticity_bench.suite.suite import Suite

DIAGNOSTIC_ROUNDING = 1e-12
"""Relative. Decompositions, and in earlier results roots and logarithms, are the work of libraries
that round the last bits by the processor. What scores are made of is equal in every bit."""


@dataclass(frozen=True)
class Comparison:
    """A run that was run again.

    Attributes:
        stream: the stream's label.
        seed: of the run.
        stated: its score from the entry's measurements and the entry's reference.
        rerun: its score from the new measurements, the controls' included.
        identical: whether all measurements, and those of both controls, are bit-identical; of
            diagnostics, which enter no score, to `DIAGNOSTIC_ROUNDING`.
        ok: whether they are identical; of a run on a GPU, whether the scores agree within the
            tolerance for one run.
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
        hashes: of the entry, before any of its runs was drawn, as `hashes_of` returns them.
        runs: that were drawn.
        unpublished: scores of runs with seeds that the entry does not have.
        shortfalls: by score, how much lower it is with those.
        same_costs: whether the manifest states what the learner costs by its record.
        ok: whether that is so, every run, and their mean, agree, and scores with other seeds are
            no lower.
    """

    nonce: str
    hashes: tuple[str, str]
    runs: tuple[Comparison, ...]
    unpublished: tuple[Unpublished, ...]
    shortfalls: Mapping[str, Shortfall]
    same_costs: bool
    ok: bool


def drawn(entry: Entry, number: int, nonce: str) -> list[StreamSeed]:
    """Return runs of an entry, drawn by a nonce that was made after the entry.

    The draw depends on the entry's hash, so that a submitter cannot choose the runs.
    """
    places = sorted(entry.runs)
    chance = random.Random(f"{nonce}:{entry_sha256(entry.folder)}")
    return sorted(chance.sample(places, min(number, len(places))))


def verify(
    entry: Entry, suite: Suite, number: int, num_seeds: int, nonce: str = ""
) -> Verification:
    """Run drawn runs again, and compare; run others with seeds that the entry does not have.

    Args:
        entry: a valid one.
        suite: its suite.
        number: how many runs are run again.
        num_seeds: how many other seeds.
        nonce: to repeat a draw; by default random.

    Raises:
        BadInputError: if the runs cannot be run, or not with the same bits on this machine.
    """
    _check_machine()
    nonce, hashes = nonce or secrets.token_hex(16), hashes_of(entry.folder)
    places = drawn(entry, number, nonce)
    if not entry.manifest.flags.recorded:
        raise BadInputError(
            f"{entry.folder}: its learner is not recorded, so its runs cannot be verified."
        )
    with tempfile.TemporaryDirectory(prefix="verify-") as scratch:
        seeds = range(max(seed for _, seed in places) + 1)
        drawn_runs = [entry.runs[place].run for place in places]
        again = groups_of(entry, suite, drawn_runs) + groups_of_reference(suite, seeds, places)
        others = unpublished.groups(entry, suite, unpublished.drawn_seeds(num_seeds, nonce))
        results = run_again(entry, [*again, *others], Path(scratch))
        runs = tuple(_compared(entry, suite, place, results) for place in places)
        with_other_seeds = unpublished.scores(entry, suite, others, results)
        costs = _costs(entry, places, results)
    stated = {name: list(of.values()) for name, of in scores_of(entry, suite).items()}
    shortfalls = unpublished.shortfalls(stated, with_other_seeds)
    pairs = [(run.stated, run.rerun) for run in runs]
    ok = all(run.ok for run in runs) and (all(run.identical for run in runs) or runs_agree(pairs))
    same_costs = costs == entry.manifest.flags
    ok = ok and same_costs and all(shortfall.ok for shortfall in shortfalls.values())
    return Verification(nonce, hashes, runs, tuple(with_other_seeds), shortfalls, same_costs, ok)


def _check_machine() -> None:
    try:
        building.library()
    except building.BuildError as error:
        reason = str(error)
    else:
        reason = portability.unpinned()
    if reason:
        raise BadInputError(f"Runs do not have the same bits here as elsewhere: {reason}.")


def write_record(entry: Entry, done: Verification) -> Path:
    """Write a verification's record into the entry's folder, and return its path."""
    now = datetime.datetime.now(datetime.UTC)
    record = {
        "nonce": done.nonce,
        "date": now.isoformat(timespec="seconds"),
        "ok": done.ok,
        "entry_sha256": done.hashes[0],
        "source_bytes_sha256": done.hashes[1],
        "version": {name: metadata.version(name) for name in ("plasticity-bench", "torch")},
        "cells": [_as_json(run) for run in done.runs],
        "unpublished": [
            {"stream": run.stream, "seed": run.seed, "found": _numbers(run.score)}
            for run in done.unpublished
        ],
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
            "identical" if run.identical else "within tolerance" if run.ok else "differs",
        ]
        for run in done.runs
    ]
    headers = ["stream", "seed", "trainability", "again", "retained", "again", "so"]
    parts = [tables.render(headers, rows, left=("stream", "so"))]
    parts += [_of_other_seeds(done, name, found) for name, found in done.shortfalls.items()]
    if not done.same_costs:
        parts.append("The manifest's flags are not those of the learner's record.")
    parts.append(f"{len(done.runs)} runs drawn by {done.nonce}: {_verdict(done)}.")
    return "\n\n".join(parts)


def _of_other_seeds(done: Verification, name: str, found: Shortfall) -> str:
    number = len({run.seed for run in done.unpublished})
    text = f"Mean {name.replace('_', ' ')} with {number} other seeds: {found.found:.3f}, "
    if found.ok:
        return f"{text}stated {found.stated:.3f}."
    return f"{text}which is more than {found.most:.3f} below the stated {found.stated:.3f}."


def _verdict(done: Verification) -> str:
    if not done.ok:
        return "NOT verified: these are not the scores of this learner"
    if all(run.identical for run in done.runs):
        return "verified"
    return "consistent, within the tolerance of runs on a GPU"


def _values(stated: Score, rerun: Score) -> tuple[float, float, float, float]:
    return (
        stated.trainability,
        rerun.trainability,
        stated.retained_plasticity,
        rerun.retained_plasticity,
    )


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
    values = {name: getattr(score, name) for name in STORED}
    return {name: None if math.isnan(value) else value for name, value in values.items()}


def _compared(entry: Entry, suite: Suite, place: StreamSeed, results: Results) -> Comparison:
    (suite_stream,) = (s for s in suite.streams if s.label == place.stream)
    own, reference = entry.runs[place], entry.reference[place]
    controls = [reference, *([entry.copies[place]] if place in entry.copies else [])]

    def means_of(run_table: RunTable) -> Means:
        tasks = suite_stream.stream.scored_tasks()
        return next(means(run_table, suite.protocol, tasks))

    again = [found(entry, one.run, results) for one in (own, *controls)]
    stated = score(*(means_of(one.run_table) for one in (own, *controls)))
    rerun = score(*(means_of(one) for one in again))
    curvature = suite.protocol.curvature_name
    identical = all(
        same_measurements(one.run_table, other, curvature)
        for one, other in zip([own, *controls], again, strict=True)
    )
    ok = identical or (_on_gpu(own.run_table) and agree(stated, rerun))
    return Comparison(place.stream, place.seed, stated, rerun, identical, ok)


def _costs(entry: Entry, places: Sequence[StreamSeed], results: Results) -> Flags:
    """The flags of the learner by its record, on the suite's first stream that was drawn."""
    run = entry.runs[places[0]].run
    return flags_from(found(entry, run, results).info(0))


def same_measurements(stated: RunTable, new: RunTable, curvature: str) -> bool:
    """Return whether all stated measurements were found again; NaN equals NaN.

    Args:
        stated: of one run.
        new: of the same run.
        curvature: the name of the headline measurement.
    """
    if stated.statuses[0] != new.statuses[0]:
        return False
    scored = {*NOT_EXPLANATIONS, curvature}
    found = {(task, when, name): value for task, when, name, value in _rows(new)}
    return all(
        (key := (task, when, name)) in found
        and _equal(value, found[key], exactly=when == "during" or name in scored)
        for task, when, name, value in _rows(stated)
    )


def _equal(stated: float, found: float, exactly: bool) -> bool:
    if stated == found or (math.isnan(stated) and math.isnan(found)):
        return True
    return not exactly and math.isclose(stated, found, rel_tol=DIAGNOSTIC_ROUNDING)


def _rows(table: RunTable) -> Iterator[tuple[int, str, str, float]]:
    columns = table.result(0).columns
    names = ("task", "when", "name", "value")
    yield from zip(*(columns[name].tolist() for name in names), strict=True)


def _on_gpu(run_table: RunTable) -> bool:
    device = run_table.info(0).get("execution", {}).get("device", "cpu")
    return bool(device != "cpu")
