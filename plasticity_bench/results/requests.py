"""Requests: what commands asked for, stored beside the results, so that missing runs are known.

    runs/HASH.json    suite, command, time, reference, the tasks that are scored, and for each
                      stream and learner: identity, seeds, and where its settings come from

Each different request has a file, which is written atomically; only its number and its time change
afterwards. The number grows with every request of a folder and decides which one was the last,
since clocks differ between machines and are set back.
"""

import datetime
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from plasticity_bench.errors import DamagedError
from plasticity_bench.results.run import LearnerOnStream, Run
from plasticity_bench.results.run_info import MAX_SEED, check_label, parse_json
from plasticity_bench.safe_files import check_unlinked, read_bytes, write_atomic

MAX_BYTES = 2**26
MAX_RUNS = 10**7
MAX_NUMBER = 2**53
_NAME = re.compile(r"[0-9a-f]{12}\.json")
_UNSAID: dict[str, Any] = {"number": 0, "reference": None, "scored_tasks": {}}
"""What requests of earlier versions do not say."""
_UNSAID_OF_GROUPS: dict[str, Any] = {"tuned": None, "own_network": False, "own_fresh": False}
"""What they do not say of a learner on a stream: parts of `GroupNotes`."""


@dataclass(frozen=True)
class GroupNotes:
    """What is requested of a learner on a stream, beside its runs.

    Attributes:
        tuned: "file" and "sha256" of the search that its settings come from; None without one.
        own_network: whether the learner builds a network of its own.
        own_fresh: whether the learner is its own fresh copy: it restarts at every task itself.
        versions: how many different settings or versions of its code were requested so far.
    """

    tuned: Mapping[str, str] | None = None
    own_network: bool = False
    own_fresh: bool = False
    versions: int = 1


@dataclass(frozen=True)
class Scoring:
    """How the results of a request are scored.

    Attributes:
        reference: the label of the learner that scores are relative to; None if it is unknown.
        tasks: by a stream's label, the tasks that are scored.
    """

    reference: str | None = None
    tasks: Mapping[str, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Requests:
    """Everything that was requested so far.

    Attributes:
        runs: all of them; of a learner that has changed since, those of the last command.
        commands: by stream and learner, the command that runs what is missing.
        notes: by stream and learner, what else is known of its runs.
        streams: by a stream's label, its identity and its network's in the last request.
        scoring: of the last requests that say so.
        damaged: files that cannot be used.
    """

    runs: list[Run]
    commands: dict[LearnerOnStream, str]
    notes: dict[LearnerOnStream, GroupNotes]
    streams: dict[str, str]
    scoring: Scoring
    damaged: list[DamagedError]


def store_request(
    folder: Path,
    suite: str,
    command: str,
    runs: Iterable[Run],
    *,
    scoring: Scoring | None = None,
    notes: Mapping[LearnerOnStream, GroupNotes] | None = None,
) -> None:
    """Store what a command asks for.

    Args:
        folder: of the results.
        suite: its name.
        command: such that it can be given again.
        runs: all that it asks for, finished or not.
        scoring: how they are scored, if it is known.
        notes: by stream and learner, what else is known of them.
    """
    scoring = scoring or Scoring()
    request = {
        "format": 1,
        "suite": suite,
        "command": command,
        "reference": scoring.reference,
        "scored_tasks": dict(scoring.tasks),
        "groups": _groups(runs, notes or {}),
    }
    text = json.dumps(request, sort_keys=True)
    number = 1 + max((earlier["number"] for earlier in _read_all(folder)[0]), default=0)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
    path = folder / "runs" / f"{sha256(text.encode()).hexdigest()[:12]}.json"
    check_unlinked(folder, path)
    stored = {"number": number, "asked_at": now, **request}
    write_atomic(path, (json.dumps(stored, indent=1) + "\n").encode())


def read_requests(folder: Path) -> Requests:
    """Return what was requested in a results folder."""
    ever: dict[LearnerOnStream, dict[str, set[int]]] = {}  # by identity, all seeds so far
    last: dict[LearnerOnStream, list[str]] = {}  # identities of the last request
    commands: dict[LearnerOnStream, tuple[int, str]] = {}
    notes: dict[LearnerOnStream, GroupNotes] = {}
    streams: dict[str, str] = {}
    scoring = Scoring()
    requests, damaged = _read_all(folder)
    for request in requests:
        requested: dict[LearnerOnStream, dict[str, set[int]]] = {}
        for entry in request["groups"]:
            group, identity, wanted = _seeds(entry)
            requested.setdefault(group, {}).setdefault(identity, set()).update(wanted)
            ever.setdefault(group, {}).setdefault(identity, set()).update(wanted)
            streams[group.stream] = stream_identity(entry["identity"])
            notes[group] = GroupNotes(
                **{name: entry[name] for name in _UNSAID_OF_GROUPS}, versions=len(ever[group])
            )
        for group, by_identity in requested.items():
            num_seeds = sum(map(len, by_identity.values()))
            if list(by_identity) != last.get(group) or num_seeds >= commands[group][0]:
                commands[group] = num_seeds, request["command"]
            last[group] = list(by_identity)
        scoring = Scoring(
            request["reference"] or scoring.reference,
            {**scoring.tasks, **request["scored_tasks"]},
        )
    runs = [
        run
        for group, identities in last.items()
        for identity in identities
        for run in Run.of_seeds(*group, json.loads(identity), sorted(ever[group][identity]))
    ]
    return Requests(
        runs,
        {group: command for group, (_, command) in commands.items()},
        notes,
        streams,
        scoring,
        damaged,
    )


def stream_identity(identity: Mapping[str, Any]) -> str:
    """Return what runs of different learners must share to be compared, as text.

    It is the stream, the network and the version of the evaluator in a run's identity.
    """
    parts = [identity.get(name) for name in ("stream", "network", "evaluator")]
    return json.dumps(parts, sort_keys=True)


def _groups(
    runs: Iterable[Run], notes: Mapping[LearnerOnStream, GroupNotes]
) -> list[dict[str, Any]]:
    """Runs that differ in their seed only, as one entry for each range of seeds."""
    seeds: dict[tuple[LearnerOnStream, str], list[int]] = {}
    for run in runs:
        shared = {name: value for name, value in run.identity.items() if name != "seed"}
        seeds.setdefault((run.group, json.dumps(shared, sort_keys=True)), []).append(run.seed)
    return [
        {
            "stream": group.stream,
            "learner": group.learner,
            "seeds": _ranges(of_group),
            **_noted(notes.get(group, GroupNotes())),
            "identity": json.loads(identity),
        }
        for (group, identity), of_group in seeds.items()
    ]


def _noted(notes: GroupNotes) -> dict[str, Any]:
    return {name: getattr(notes, name) for name in _UNSAID_OF_GROUPS}


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
            request = {**_UNSAID, **parse_json(read_bytes(path, MAX_BYTES), path)}
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
        for label in [request["reference"] or "", *request["scored_tasks"]]:
            check_label(label, path)
        for tasks in request["scored_tasks"].values():
            valid &= bool(tasks) and all(type(task) is int and task >= 0 for task in tasks)
        total = sum(_check_group(group, path) for group in request["groups"])
        valid &= total <= MAX_RUNS
    except (LookupError, TypeError, ValueError, AttributeError):
        valid = False
    if not valid:
        raise DamagedError(path, "is not a request that this package has stored")


def _check_group(group: dict[str, Any], path: Path) -> int:
    """The number of runs of a group; fills in what earlier versions did not store."""
    for name, value in _UNSAID_OF_GROUPS.items():
        group.setdefault(name, value)
    texts = [group["stream"], group["learner"]]
    if group["tuned"] is not None:
        texts += [group["tuned"]["file"], group["tuned"]["sha256"]]
    for text in texts:
        check_label(text, path)
    if not (isinstance(group["identity"], dict) and type(group["own_network"]) is bool):
        raise ValueError
    if type(group["own_fresh"]) is not bool:
        raise ValueError
    total = 0
    for first, last in group["seeds"]:
        if not (type(first) is type(last) is int and 0 <= first <= last < MAX_SEED):
            raise ValueError
        total += last - first + 1
    return total


def _seeds(group: dict[str, Any]) -> tuple[LearnerOnStream, str, set[int]]:
    wanted = {s for first, last in group["seeds"] for s in range(first, last + 1)}
    identity = json.dumps(group["identity"], sort_keys=True)
    return LearnerOnStream(group["stream"], group["learner"]), identity, wanted
