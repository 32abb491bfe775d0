"""All rows of the leaderboard as plain values: a data frame, CSV and JSON."""

import json
import math
import warnings
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard import page
from plasticity_bench.leaderboard.page import Tables
from plasticity_bench.leaderboard.ranking import AVERAGED, Row
from plasticity_bench.safe_files import folders_in
from plasticity_bench.scoring.scores import SCORES
from plasticity_bench.suite.suite import Suite

ENTRIES = "entries"
_WHOLE = (
    *("rank", "rank_low", "rank_high", "num_seeds", "constants"),
    *("searched_settings", "searched_updates"),
)
_TYPES = {**dict.fromkeys(_WHOLE, "Int64"), "boundaries": "boolean"}
"""Of columns where values may be missing, which pandas would not keep whole or true."""


def load_leaderboard(path: str | Path | None = None) -> pd.DataFrame:
    """Return all entries of a leaderboard, of all versions of all suites: one row for each.

    Columns: suite, suite_hash, entry, learner (a baseline's name or module:Class), label, authors,
    licence; rank with rank_low and rank_high, tie_group and remark, which says why there is no
    rank; each score with the ends of its 95 % interval (`trainability`, `trainability_low`,
    `trainability_high`, and so on); headroom, the largest trainability that is possible minus 1;
    worst, collapse and num_seeds; the cost relative to plain Adam (flops, parameters, memory),
    constants, boundaries and recorded; settings, at_edge, searched_settings and searched_updates;
    status, source, verified_by, and the links paper, code, page and files. The last two are
    relative: to the site, and to the folder of the leaderboard.

    Scores and ranks are computed from the measurements of the entries, which takes seconds. Nothing
    of theirs is imported. There is a warning for an entry that cannot be read.

    Args:
        path: a clone of the leaderboard, which has the folder `entries`; by default `leaderboard`
            in the current folder, or in the clone that this package is installed from.

    Raises:
        BadInputError: if there are no entries, or some are of a suite that the package lacks.
    """
    entries, told = _entries_in(path), list[str]()
    tables = page.tables_of(entries, page.suites_in(entries), told.append)
    for sentence in told:
        warnings.warn(sentence, UserWarning, stacklevel=2)
    return frame(tables)


def frame(tables: Tables) -> pd.DataFrame:
    """Return the rows of some suites as a data frame."""
    found = pd.DataFrame(records(tables), columns=list(COLUMNS))
    return found.astype(_TYPES)


def to_csv(tables: Tables) -> str:
    """Return the rows of some suites as CSV, every number with all of its digits."""
    text: str = frame(tables).to_csv(index=False, lineterminator="\n")
    return text.rstrip("\n")


def to_json(tables: Tables) -> str:
    """Return the rows of some suites as JSON, with the suites, and the scores of each stream."""
    entries = [
        {**_record(name, suite, row), "hyperparameters": row.manifest.learner.hyperparameters}
        | {"streams": _streams(row)}
        for name, (suite, rows) in tables.items()
        for row in rows
    ]
    suites = [
        {"suite": name, "name": suite.name, "hash": suite.hash8, "description": suite.description}
        | {"streams": [s.label for s in suite.streams], "reference": suite.reference}
        for name, (suite, _) in tables.items()
    ]
    content = {"format": 1, "suites": suites, "entries": entries}
    return json.dumps(_without_nan(content), indent=1, allow_nan=False, ensure_ascii=False)


def records(tables: Tables) -> list[dict[str, Any]]:
    """Return a dictionary for each row of some suites."""
    return [_record(name, suite, row) for name, (suite, rows) in tables.items() for row in rows]


def _record(name: str, suite: Suite, row: Row) -> dict[str, Any]:
    manifest, settings = row.manifest, row.settings
    rank = (row.rank.rank, row.rank.low, row.rank.high) if row.rank else (None,) * 3
    values = [
        *(name, suite.hash8, row.name, manifest.learner.reference, manifest.learner.label),
        *(", ".join(manifest.authors), manifest.licence),
        *(*rank, row.tie_group, row.remark),
        *(n for s in AVERAGED for n in (row.scores[s].mean, row.scores[s].low, row.scores[s].high)),
        *(row.mean_headroom, row.worst, row.collapse, row.num_seeds),
        *_costs(row),
        *(settings.origin, ", ".join(settings.edges), settings.num_tried, settings.updates),
        *(str(row.status), row.method.citation, row.method.compared_with),
        *(row.paper, row.method.code, page_of(name, row), files_of(name, row)),
    ]
    return dict(zip(COLUMNS, values, strict=True))


def _costs(row: Row) -> list[float | bool | None]:
    """What the record says; nothing is known of a learner that is not recorded."""
    flags = row.flags
    known = [flags.flops, flags.parameters, flags.memory, flags.constants, flags.boundaries]
    return [*(known if flags.recorded else [None] * len(known)), flags.recorded]


COLUMNS = (
    *("suite", "suite_hash", "entry", "learner", "label", "authors", "licence"),
    *("rank", "rank_low", "rank_high", "tie_group", "remark"),
    *(f"{SCORES[name]}{end}" for name in AVERAGED for end in ("", "_low", "_high")),
    *("headroom", "worst", "collapse", "num_seeds"),
    *("flops", "parameters", "memory", "constants", "boundaries", "recorded"),
    *("settings", "at_edge", "searched_settings", "searched_updates"),
    *("status", "source", "verified_by", "paper", "code", "page", "files"),
)


def page_of(suite: str, row: Row) -> str:
    """Return the address of an entry's page, relative to the site."""
    return f"{suite}/{row.name}.html"


def files_of(suite: str, row: Row) -> str:
    """Return where an entry's files are, relative to the site, and to the leaderboard's folder."""
    return f"{ENTRIES}/{suite}/{row.name}"


def _streams(row: Row) -> list[dict[str, Any]]:
    """The scores of each stream, in the suite's order."""
    found = []
    for entry in row.streams:
        scores: dict[str, Any] = {"stream": entry.stream, "num_seeds": entry.num_seeds}
        for name, field in SCORES.items():
            interval = entry.scores[name]
            scores[field] = [interval.mean, interval.low, interval.high] if interval else None
        found.append({**scores, "headroom": row.headroom[entry.stream]})
    return found


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: null takes its place."""
    if isinstance(value, dict):
        return {key: _without_nan(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _entries_in(path: str | Path | None) -> Path:
    """The folder of entries that is meant."""
    if path is not None:
        places = [Path(path) / ENTRIES, Path(path)]
    else:
        clone = Path(__file__).parents[2]
        places = [folder / "leaderboard" / ENTRIES for folder in (Path(), clone)]
    for place in places:
        if folders_in(place):
            return place
    where = f"in {path}" if path is not None else "here"
    raise BadInputError(
        f"There are no entries {where}: give load_leaderboard the path of a clone of the "
        "leaderboard, the folder that has `entries`."
    )
