"""Where a report's numbers come from: streams, settings, machines, versions, commands."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from plasticity_bench.report.model import CostRow, MachineRow, Number, SettingRow, StreamRow
from plasticity_bench.report.numbers import number
from plasticity_bench.results import Run, RunResult, Selection, Stored
from plasticity_bench.scoring import learner_costs, learning_curves, stored_scores


def streams(selection: Selection, labels: Sequence[str], names: Sequence[str]) -> list[StreamRow]:
    """Return what each stream is."""
    first = {run.stream: (run, result) for run, result in reversed(selection.stored)}
    return [_stream(selection, *first[label], names) for label in labels]


def _stream(selection: Selection, run: Run, result: RunResult, names: Sequence[str]) -> StreamRow:
    stream = run.identity.get("stream", {})
    attainment, curvature = learning_curves.headlines(run, result)
    return StreamRow(
        id=str(stream.get("id", "")),
        fingerprint=str(stream.get("fingerprint", "")),
        parameters=stream.get("parameters", {}),
        network=run.identity.get("network", {}),
        protocol=run.identity.get("protocol", {}),
        scored_tasks=stored_scores.scored_tasks(selection, run),
        attainment=names.index(attainment) if attainment in names else -1,
        curvature=names.index(curvature) if curvature in names else -1,
    )


def settings(runs: Stored, labels: Sequence[str], learners: Sequence[str]) -> list[SettingRow]:
    """Return what each learner was run with; more rows than one where streams differ."""
    rows: dict[tuple[int, str], SettingRow] = {}
    for run, _ in runs:
        stored_learner: dict[str, Any] = run.identity.get("learner", {})
        stored_learner = stored_learner if isinstance(stored_learner, dict) else {}
        learner = learners.index(run.learner)
        row = rows.setdefault(
            (learner, json.dumps(stored_learner, sort_keys=True)),
            SettingRow(
                learner=learner,
                streams=[],
                class_name=str(stored_learner.get("class", "")),
                source=str(stored_learner.get("source", "")),
                hyperparameters=stored_learner.get("hyperparameters", {}),
            ),
        )
        stream_index = labels.index(run.stream)
        if stream_index not in row["streams"]:
            row["streams"].append(stream_index)
    return sorted(rows.values(), key=lambda row: (row["learner"], row["streams"]))


def costs(selection: Selection, learners: Sequence[str]) -> list[CostRow]:
    """Return what an update of each learner costs, where results say it."""
    return [
        CostRow(
            learner=learners.index(label),
            recorded=cost.recorded,
            boundaries=cost.boundaries,
            flops=number(cost.flops) if cost.recorded else None,
            parameters=number(cost.parameters) if cost.recorded else None,
            memory=number(cost.memory) if cost.recorded else None,
        )
        for label, cost in learner_costs.by_learner(learner_costs.costs_of(selection)).items()
        if label in learners
    ]


def machines(runs: Stored) -> list[MachineRow]:
    """Return the machines and versions that runs were computed with, the commonest first."""
    counts = Counter(
        json.dumps([_part(result.info, "environment"), _execution(result.info)], sort_keys=True)
        for _, result in runs
    )
    rows = []
    for text, times in counts.most_common():
        environment, execution = json.loads(text)
        rows.append(MachineRow(runs=times, environment=environment, execution=execution))
    return rows


def seconds(runs: Stored) -> Number:
    """Return the computing time of all runs together."""
    parts = [_part(result.info, "seconds") for _, result in runs]
    return number(sum(float(value) for part in parts for value in part.values()))


def commands(selection: Selection) -> list[str]:
    """Return the commands that make these results, as they were given."""
    commands_of = selection.requests.commands
    groups = dict.fromkeys(run.group for run, _ in selection.stored)
    return list(dict.fromkeys(commands_of[group] for group in groups if group in commands_of))


def _execution(info: dict[str, Any]) -> dict[str, Any]:
    """How runs were computed, without what differs from learner to learner."""
    own = ("members", "record", "recorded", "varies")
    return {name: v for name, v in _part(info, "execution").items() if name not in own}


def _part(info: dict[str, Any], name: str) -> dict[str, Any]:
    part = info.get(name, {})
    return part if isinstance(part, dict) else {}
