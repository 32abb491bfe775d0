"""Requests: what commands asked for, stored beside the results, so that missing runs are known.

    runs/HASH.json    suite, command, time, and for each stream and learner: identity and seeds

Each different request has a file, which is written atomically; only its number and its time change
afterwards. The number grows with every request of a folder and decides which one was the last,
since clocks differ between machines and are set back.
"""

import datetime
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from plasticity_bench.errors import BadInputError, DamagedError, did_you_mean
from plasticity_bench.results.run import LearnerOnStream, Run
from plasticity_bench.results.run_info import MAX_SEED, check_label, parse_json
from plasticity_bench.safe_files import check_unlinked, read_bytes, write_atomic

MAX_BYTES = 2**26
MAX_RUNS = 10**7
MAX_NUMBER = 2**53
_NAME = re.compile(r"[0-9a-f]{12}\.json")


@dataclass(frozen=True)
class Requests:
    """Everything that was requested so far.

    Attributes:
        runs: all of them; of a learner that has changed since, those of the last command.
        commands: by stream and learner, the command that runs what is missing.
        damaged: files that cannot be used.
    """

    runs: list[Run]
    commands: dict[LearnerOnStream, str]
    damaged: list[DamagedError]

    def of_learner(self, label: str, streams: Iterable[str]) -> list[Run]:
        """Return the requested runs of a learner on some streams.

        Raises:
            BadInputError: if there is none.
        """
        wanted = set(streams)
        runs = [run for run in self.runs if run.learner == label and run.stream in wanted]
        if not runs:
            known = {run.learner for run in self.runs}
            raise BadInputError(
                f"These results have no learner {label!r}. {did_you_mean(label, known)}"
            )
        return runs


def store_request(folder: Path, suite: str, command: str, runs: Iterable[Run]) -> None:
    """Store what a command asks for.

    Args:
        folder: of the results.
        suite: its name.
        command: such that it can be given again.
        runs: all that it asks for, finished or not.
    """
    request = {"format": 1, "suite": suite, "command": command, "groups": _groups(runs)}
    text = json.dumps(request, sort_keys=True)
    number = 1 + max((earlier["number"] for earlier in _read_all(folder)[0]), default=0)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    path = folder / "runs" / f"{sha256(text.encode()).hexdigest()[:12]}.json"
    check_unlinked(folder, path)
    stored = {"number": number, "asked_at": now, **request}
    write_atomic(path, (json.dumps(stored, indent=1) + "\n").encode())


def read_requests(folder: Path) -> Requests:
    """Return what was requested in a results folder."""
    seeds: dict[LearnerOnStream, dict[str, set[int]]] = {}
    commands: dict[LearnerOnStream, tuple[int, str]] = {}
    requests, damaged = _read_all(folder)
    for request in requests:
        requested: dict[LearnerOnStream, dict[str, set[int]]] = {}
        for group, identity, wanted in _seeds(request):
            requested.setdefault(group, {}).setdefault(identity, set()).update(wanted)
        for group, by_identity in requested.items():
            before = seeds.get(group, {})
            seeds[group] = {i: s | before.get(i, set()) for i, s in by_identity.items()}
            num_seeds = sum(map(len, by_identity.values()))
            same = before.keys() == by_identity.keys()
            if not same or num_seeds >= commands[group][0]:
                commands[group] = num_seeds, request["command"]
    runs = [
        run
        for group, by_identity in seeds.items()
        for identity, wanted in by_identity.items()
        for run in Run.of_seeds(*group, json.loads(identity), sorted(wanted))
    ]
    return Requests(runs, {group: command for group, (_, command) in commands.items()}, damaged)


def _groups(runs: Iterable[Run]) -> list[dict[str, Any]]:
    """Runs that differ in their seed only, as one entry for each range of seeds."""
    seeds: dict[tuple[str, str, str], list[int]] = {}
    for run in runs:
        shared = {name: value for name, value in run.identity.items() if name != "seed"}
        group = run.stream, run.learner, json.dumps(shared, sort_keys=True)
        seeds.setdefault(group, []).append(run.seed)
    return [
        {
            "stream": stream,
            "learner": learner,
            "seeds": _ranges(of_group),
            "identity": json.loads(identity),
        }
        for (stream, learner, identity), of_group in seeds.items()
    ]


def _ranges(seeds: Iterable[int]) -> list[list[int]]:
    """Seeds as [first, last] of each range without a gap."""
    ranges: list[list[int]] = []
    for seed in sorted(set(seeds)):
        if ranges and seed == ranges[-1][1] + 1:
            ranges[-1][1] = seed
        else:
            ranges.append([seed, seed])
    return ranges


def _read_all(folder: Path) -> tuple[list[dict[str, Any]], list[DamagedError]]:
    requests, damaged = [], []
    try:
        check_unlinked(folder, folder / "runs")
        paths = sorted((folder / "runs").iterdir()) if (folder / "runs").is_dir() else []
    except (OSError, DamagedError) as error:
        return [], [error if isinstance(error, DamagedError) else DamagedError(folder, str(error))]
    for path in paths:
        if not _NAME.fullmatch(path.name):
            continue
        try:
            request = {"number": 0, **parse_json(read_bytes(path, MAX_BYTES), path)}
            _check(request, path)
            requests.append(request)
        except FileNotFoundError:
            continue
        except DamagedError as error:
            damaged.append(error)
    # Requests of earlier versions have no number; among equal ones, the clock has to do.
    return sorted(requests, key=lambda r: (r["number"], r["asked_at"])), damaged


def _check(request: dict[str, Any], path: Path) -> None:
    try:
        valid = all(isinstance(request[name], str) for name in ("asked_at", "command"))
        valid &= request["command"].isprintable()
        valid &= type(request["number"]) is int and 0 <= request["number"] < MAX_NUMBER
        total = 0
        for group in request["groups"]:
            check_label(group["stream"], path)
            check_label(group["learner"], path)
            valid &= isinstance(group["identity"], dict)
            for first, last in group["seeds"]:
                valid &= type(first) is type(last) is int and 0 <= first <= last < MAX_SEED
                total += last - first + 1
        valid &= total <= MAX_RUNS
    except (LookupError, TypeError, ValueError, AttributeError):
        valid = False
    if not valid:
        raise DamagedError(path, "is not a request that this package has stored")


def _seeds(request: dict[str, Any]) -> Iterator[tuple[LearnerOnStream, str, set[int]]]:
    for group in request["groups"]:
        wanted = {s for first, last in group["seeds"] for s in range(first, last + 1)}
        identity = json.dumps(group["identity"], sort_keys=True)
        yield LearnerOnStream(group["stream"], group["learner"]), identity, wanted
