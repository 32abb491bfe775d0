"""The tables of probes: accuracies, and which part of what was lost returns with which factor."""

import math
from collections.abc import Sequence

from plasticity_bench import tables
from plasticity_bench.probing.conditions import ADAM, FRESH, OWN, OWN_FRESH, OWN_RESET
from plasticity_bench.probing.returned import Line

REACHED = {
    OWN: "own:\nas is",
    OWN_RESET: "own:\nreset",
    OWN_FRESH: "own:\nfresh",
    "adam_third": "Adam:\nstep/3",
    ADAM: "Adam:\nas is",
    "adam_triple": "Adam:\nstep x3",
    FRESH: "Adam:\nfresh",
}
RESTORED = {
    OWN_RESET: "optimiser\nstate",
    "head": "head",
    "norms": "norms",
    "weight_rank": "weight\nrank",
}
REPLACED = {
    "dormant_units": "dormant\nunits",
    "random_units": "random\nunits",
    "feature_rank": "redundant\nunits",
}
TABLES = (
    ("{stream}: {metric} at the end of task {task}, which no run has seen", REACHED),
    ("{stream}: % of what was lost that returns, with 95 % intervals", RESTORED),
    ("{stream}: % that returns with fresh units in place of others", REPLACED),
)
"""Of each stream, their titles, and the headers of conditions."""

LEGEND = (
    "own: trained by the learner's own update, as is, with its optimiser's state reset, or with "
    "parameters and state fresh. Adam: by fresh Adam, from the network as is, or from a fresh one. "
    "What returns with the optimiser's state is of what own lost, all else of what Adam lost. n/a: "
    "too little was lost, or the network has no such factor."
)


def render(lines: Sequence[Line], tasks: dict[str, int], format_name: str) -> str:
    """Return the tables of all streams as "table", "markdown", "latex" or "csv".

    Args:
        lines: of all learners on all streams.
        tasks: by a stream's label, the index of its probing task.
        format_name: the format.
    """
    if format_name == "csv":
        return _csv(lines)
    comment = "% " if format_name == "latex" else ""
    parts: list[str] = []
    for stream in dict.fromkeys(line.stream for line in lines):
        learners: dict[str, dict[str, Line]] = {}
        for line in lines:
            if line.stream == stream:
                learners.setdefault(line.learner, {})[line.condition] = line
        metric = next(iter(learners.values()))[OWN].metric
        for title, headers in TABLES:
            rows = [
                [label, *(_cell(by[condition], headers is REACHED) for condition in headers)]
                for label, by in learners.items()
            ]
            columns = ["learner", *headers.values()]
            named = title.format(stream=stream, metric=metric, task=tasks[stream])
            shown = tables.render(columns, rows, format_name, left=["learner"])
            parts.append(f"{comment}{named}\n\n{shown}")
    legend = LEGEND if format_name != "table" else tables.wrapped(LEGEND, 0)
    return "\n\n".join([*parts, f"{comment}{legend}"])


def _cell(line: Line, reached: bool) -> str:
    """What was reached; or the share that returns with half the width of its interval, in %."""
    interval = line.reached if reached else line.returned
    if math.isnan(interval.mean):
        return "n/a"
    if reached:
        return f"{interval.mean:.2f}"
    half = (interval.high - interval.low) / 2
    ends = "" if math.isnan(half) else f" ±{round(100 * half)}"
    return f"{round(100 * interval.mean)}{ends}"


def _csv(lines: Sequence[Line]) -> str:
    """One row for each learner, stream and condition, with every digit."""
    names = list(dict.fromkeys(name for line in lines for name in line.looked_at))
    headers = ["stream", "learner", "condition", "seeds", "metric"]
    for what in ("reached", "lost", "returned"):
        headers += [what, f"{what}_low", f"{what}_high"]
    rows: list[list[object]] = []
    for line in lines:
        row: list[object] = [line.stream, line.learner, line.condition, line.num_seeds, line.metric]
        for interval in (line.reached, line.lost, line.returned):
            row += [interval.mean, interval.low, interval.high]
        rows.append([*row, *(line.looked_at.get(name, math.nan) for name in names), line.missing])
    return tables.to_csv([*headers, *names, "missing"], rows)


def reasons(lines: Sequence[Line]) -> list[str]:
    """Return a sentence for each condition that a learner's network does not have."""
    told = [
        f"{line.learner}: {line.condition} is n/a: {line.missing}."
        for line in lines
        if line.missing
    ]
    return list(dict.fromkeys(told))
