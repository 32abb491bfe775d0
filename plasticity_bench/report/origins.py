"""Where a report's numbers come from: streams, settings, machines, versions, commands."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from plasticity_bench.figures import curves
from plasticity_bench.report.model import MachineRow, Number, SettingRow, StreamRow
from plasticity_bench.report.numbers import number
from plasticity_bench.results import Results, asked
from plasticity_bench.scoring import stored_scores
from plasticity_bench.scoring.stored_scores import Stored


def streams(cells: Stored, labels: Sequence[str], names: Sequence[str]) -> list[StreamRow]:
    """Return what each stream is."""
    return [_stream([own for own in cells if own[0].stream == label], names) for label in labels]


def _stream(cells: Stored, names: Sequence[str]) -> StreamRow:
    cell, result = cells[0]
    stream = cell.identity.get("stream", {})
    attainment, curvature = curves.headlines(cell, result)
    return StreamRow(
        id=str(stream.get("id", "")),
        fingerprint=str(stream.get("fingerprint", "")),
        parameters=stream.get("parameters", {}),
        network=cell.identity.get("network", {}),
        protocol=cell.identity.get("protocol", {}),
        scored_tasks=stored_scores.scored_tasks(cell),
        attainment=names.index(attainment) if attainment in names else -1,
        curvature=names.index(curvature) if curvature in names else -1,
    )


def settings(cells: Stored, labels: Sequence[str], learners: Sequence[str]) -> list[SettingRow]:
    """Return what each learner was run with; more rows than one where streams differ."""
    rows: dict[tuple[int, str], SettingRow] = {}
    for cell, _ in cells:
        own: dict[str, Any] = cell.identity.get("learner", {})
        own = own if isinstance(own, dict) else {}
        learner = learners.index(cell.learner)
        row = rows.setdefault(
            (learner, json.dumps(own, sort_keys=True)),
            SettingRow(
                learner=learner,
                streams=[],
                class_name=str(own.get("class", "")),
                source=str(own.get("source", "")),
                hyperparameters=own.get("hyperparameters", {}),
            ),
        )
        place = labels.index(cell.stream)
        if place not in row["streams"]:
            row["streams"].append(place)
    return sorted(rows.values(), key=lambda row: (row["learner"], row["streams"]))


def machines(cells: Stored) -> list[MachineRow]:
    """Return the machines and versions that cells were computed with, the commonest first."""
    found = Counter(
        json.dumps([_part(result.info, "environment"), _execution(result.info)], sort_keys=True)
        for _, result in cells
    )
    rows = []
    for text, times in found.most_common():
        environment, execution = json.loads(text)
        rows.append(MachineRow(cells=times, environment=environment, execution=execution))
    return rows


def seconds(cells: Stored) -> Number:
    """Return the computing time of all cells together."""
    parts = [_part(result.info, "seconds") for _, result in cells]
    return number(sum(float(value) for part in parts for value in part.values()))


def commands(results: Results, cells: Stored) -> list[str]:
    """Return the commands that make these results, as they were given."""
    of_place = asked(results.folder).commands
    places = dict.fromkeys((cell.stream, cell.learner) for cell, _ in cells)
    return list(dict.fromkeys(of_place[place] for place in places if place in of_place))


def _execution(info: dict[str, Any]) -> dict[str, Any]:
    return {name: v for name, v in _part(info, "execution").items() if name != "members"}


def _part(info: dict[str, Any], name: str) -> dict[str, Any]:
    part = info.get(name, {})
    return part if isinstance(part, dict) else {}
