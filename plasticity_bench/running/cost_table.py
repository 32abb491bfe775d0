"""The tables of `show`: a suite's streams, and what it will cost."""

import math
from collections.abc import Sequence
from itertools import groupby

from plasticity_bench import tables
from plasticity_bench.networks import NetworkSpec, num_parameters
from plasticity_bench.running.forecast import Forecast
from plasticity_bench.suite.suite import Suite, SuiteStream
from plasticity_bench.suite.suite_file import PaperEntry

MEMORY = "Memory: of inputs and parameters of {processes}, without PyTorch itself."
TIME = """\
Time: of {processes}, from a few updates just timed, recorded but not compiled. Long
streams are compiled, which makes them faster; measuring adds to it."""

MINUTE, HOUR, DAY = 60, 3600, 86400


def caveat(processes: int, timed: bool) -> str:
    """Return what the numbers of a table of costs mean."""
    counted = "1 process" if processes == 1 else f"{processes} processes"
    lines = [TIME, MEMORY] if timed else [MEMORY]
    return "\n".join(lines).format(processes=counted)


def paper_summary(paper: PaperEntry) -> str:
    """Return what a suite takes from its paper, one line for each part of the protocol."""
    lines = [f"After {paper.citation}, {paper.url}"]
    for kind in ("published", "reconstructed", "differences"):
        of_kind: dict[str, str] = getattr(paper, kind)
        lines += [f"{kind + ':':15}{name}: {text}" for name, text in of_kind.items()]
    return "\n".join(lines)


def streams_table(suite: Suite) -> str:
    """Return the suite's streams: tasks, sizes, networks."""
    headers = ["stream", "tasks", "examples", "updates", "batch", "network", "parameters"]
    rows = [_stream_row(suite_stream) for suite_stream in suite.streams]
    return tables.render(headers, rows, left=("stream", "network"))


def costs_table(forecasts: Sequence[Forecast], processes: int) -> str:
    """Return what each stream will cost with all its learners and seeds.

    Args:
        forecasts: of every learner on every stream.
        processes: how many of them run at a time.
    """
    headers = ["stream", "runs", "updates", "time", "memory"]
    by_stream = groupby(forecasts, key=lambda f: f.stream)
    rows = [_cost_row(label, list(of_stream), processes) for label, of_stream in by_stream]
    rows.append(_cost_row("all", forecasts, processes))
    if all(math.isnan(f.seconds) for f in forecasts):  # nothing was timed
        time = headers.index("time")
        headers, rows = _without(time, headers), [_without(time, row) for row in rows]
    return tables.render(headers, rows, left=("stream",))


def _stream_row(suite_stream: SuiteStream) -> list[str]:
    stream, last = suite_stream.stream, suite_stream.stream.num_tasks - 1
    return [
        suite_stream.label,
        f"{stream.num_tasks:,}",
        _range(stream.size(0), stream.size(last)),
        _range(stream.updates(0), stream.updates(last)),
        f"{stream.batch_size:,}",
        _network(suite_stream.network),
        f"{num_parameters(suite_stream.network):,}",
    ]


def _network(network: NetworkSpec) -> str:
    """Its family, its widths from input to output, and its activation; a user's by name."""
    if network.is_own:
        return network.name
    deep = [network.dim] * network.depth if network.dim else []
    widths = [*(network.channels or ()), *(network.hidden or ()), *deep]
    layers = "-".join(map(str, widths or filter(None, [network.width])))
    return " ".join(part for part in (network.name, layers, network.activation) if part)


def _range(first: int, last: int) -> str:
    return f"{first:,}" if first == last else f"{first:,} to {last:,}"


def _cost_row(label: str, forecasts: Sequence[Forecast], processes: int) -> list[str]:
    runs = sum(f.runs for f in forecasts)
    seconds = sum(f.seconds for f in forecasts) / processes
    memory = max(f.memory_bytes for f in forecasts) * processes
    updates = sum(f.updates for f in forecasts)
    return [label, f"{runs:,}", f"{updates:.2g}", duration(seconds), f"{memory / 2**20:,.0f} MiB"]


def _without(column: int, row: list[str]) -> list[str]:
    return row[:column] + row[column + 1 :]


def duration(seconds: float) -> str:
    """Return a time in the unit that suits it.

    >>> duration(30), duration(100), duration(5400), duration(1e6), duration(float("nan"))
    ('30 s', '1.7 min', '1.5 h', '11.6 days', 'n/a')
    """
    if math.isnan(seconds):
        return "n/a"
    for unit, name in ((DAY, "days"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.0f} s"
