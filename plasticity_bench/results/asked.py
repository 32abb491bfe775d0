"""What commands asked for, kept beside the results: what is missing can be told from it.

    runs/HASH.json    suite, command, when, and of each stream and learner: identity and seeds

A file for each different question, written whole and never changed but for its time.
"""

import datetime
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from plasticity_bench.errors import DamagedError
from plasticity_bench.results.cell import Cell
from plasticity_bench.results.files import check_unlinked, read_bytes, write_whole
from plasticity_bench.results.info import MAX_SEED, check_label, parse_json

MAX_BYTES = 2**26
MAX_CELLS = 10**7
_NAME = re.compile(r"[0-9a-f]{12}\.json")

Place = tuple[str, str]
"""A stream's label and a learner's."""


@dataclass(frozen=True)
class Asked:
    """What was asked for so far.

    Attributes:
        cells: all of them. Of a learner that has changed since, those of the last command.
        commands: by stream and learner, the command that runs its cells.
        damaged: files that tell nothing.
    """

    cells: list[Cell]
    commands: dict[Place, str]
    damaged: list[DamagedError]


def note_asked(folder: Path, suite: str, command: str, cells: Iterable[Cell]) -> None:
    """Store what a command asks for.

    Args:
        folder: of the results.
        suite: its name.
        command: as it can be given again.
        cells: all that it asks for, finished or not.
    """
    question = {"format": 1, "suite": suite, "command": command, "groups": _groups(cells)}
    text = json.dumps(question, sort_keys=True)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    path = folder / "runs" / f"{sha256(text.encode()).hexdigest()[:12]}.json"
    check_unlinked(folder, path)
    write_whole(path, (json.dumps({"asked_at": now, **question}, indent=1) + "\n").encode())


def asked(folder: Path) -> Asked:
    """Return what was asked for in a results folder."""
    seeds: dict[Place, dict[str, set[int]]] = {}
    commands: dict[Place, tuple[int, str]] = {}
    questions, damaged = _read_all(folder)
    for question in questions:
        own: dict[Place, dict[str, set[int]]] = {}
        for place, identity, wanted in _seeds(question):
            own.setdefault(place, {}).setdefault(identity, set()).update(wanted)
        for place, by_identity in own.items():
            before = seeds.get(place, {})
            seeds[place] = {i: s | before.get(i, set()) for i, s in by_identity.items()}
            number = sum(map(len, by_identity.values()))
            same = before.keys() == by_identity.keys()
            if not same or number >= commands[place][0]:
                commands[place] = number, question["command"]
    cells = [
        cell
        for place, by_identity in seeds.items()
        for identity, wanted in by_identity.items()
        for cell in Cell.of_seeds(*place, json.loads(identity), sorted(wanted))
    ]
    return Asked(cells, {place: command for place, (_, command) in commands.items()}, damaged)


def _groups(cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """Cells that differ in their seed only, as one entry for each run of seeds."""
    seeds: dict[tuple[str, str, str], list[int]] = {}
    for cell in cells:
        rest = {name: value for name, value in cell.identity.items() if name != "seed"}
        group = cell.stream, cell.learner, json.dumps(rest, sort_keys=True)
        seeds.setdefault(group, []).append(cell.seed)
    return [
        {
            "stream": stream,
            "learner": learner,
            "seeds": _ranges(own),
            "identity": json.loads(identity),
        }
        for (stream, learner, identity), own in seeds.items()
    ]


def _ranges(seeds: Iterable[int]) -> list[list[int]]:
    """Seeds as [first, last] of each run without a gap."""
    ranges: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if ranges and seed == ranges[-1][1] + 1:
            ranges[-1][1] = seed
        else:
            ranges.append([seed, seed])
    return ranges


def _read_all(folder: Path) -> tuple[list[dict[str, Any]], list[DamagedError]]:
    questions, damaged = [], []
    try:
        check_unlinked(folder, folder / "runs")
        paths = sorted((folder / "runs").iterdir()) if (folder / "runs").is_dir() else []
    except (OSError, DamagedError) as error:
        return [], [error if isinstance(error, DamagedError) else DamagedError(folder, str(error))]
    for path in paths:
        if not _NAME.fullmatch(path.name):
            continue
        try:
            question = parse_json(read_bytes(path, MAX_BYTES), path)
            _check(question, path)
            questions.append(question)
        except FileNotFoundError:
            continue
        except DamagedError as error:
            damaged.append(error)
    return sorted(questions, key=lambda q: q["asked_at"]), damaged


def _check(question: dict[str, Any], path: Path) -> None:
    try:
        whole = all(isinstance(question[name], str) for name in ("asked_at", "command"))
        whole &= question["command"].isprintable()
        total = 0
        for group in question["groups"]:
            check_label(group["stream"], path)
            check_label(group["learner"], path)
            whole &= isinstance(group["identity"], dict)
            for first, last in group["seeds"]:
                whole &= type(first) is type(last) is int and 0 <= first <= last < MAX_SEED
                total += last - first + 1
        whole &= total <= MAX_CELLS
    except (LookupError, TypeError, ValueError, AttributeError):
        whole = False
    if not whole:
        raise DamagedError(path, "is not a question that this package has stored")


def _seeds(question: dict[str, Any]) -> Iterator[tuple[Place, str, set[int]]]:
    for group in question["groups"]:
        wanted = {s for first, last in group["seeds"] for s in range(first, last + 1)}
        identity = json.dumps(group["identity"], sort_keys=True)
        yield (group["stream"], group["learner"]), identity, wanted
