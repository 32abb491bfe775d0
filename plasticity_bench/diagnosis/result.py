"""A diagnosis: every number of a network, beside those of fresh networks."""

import json
import math
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from plasticity_bench import tables
from plasticity_bench.errors import BadInputError
from plasticity_bench.safe_files import write_atomic

ROUNDING = 1e-5
"""Relative difference that is none: sums are rounded in float32."""

FORMAT = 1
"""Of the JSON: raised where a key changes its meaning."""

HEADERS = ("measurement", "value", "fresh mean", "fresh range", "", "what it means")


@dataclass(frozen=True)
class Row:
    """One number of the network.

    Attributes:
        name: of the number, with the count of examples that it depends on, as "..._n256".
        layer: whose it is; empty for the whole network's.
        value: NaN where it does not exist.
        fresh: the same number of each fresh network; empty without any.
        meaning: one sentence; empty for a measurement of the user's own.
        missing: why `value` does not exist; empty if it does.
    """

    name: str
    layer: str
    value: float
    fresh: tuple[float, ...] = ()
    meaning: str = ""
    missing: str = ""

    @property
    def fresh_mean(self) -> float:
        """The mean over the fresh networks; NaN without any, or if one has no number."""
        return math.fsum(self.fresh) / len(self.fresh) if self._known else math.nan

    @property
    def fresh_range(self) -> tuple[float, float]:
        """The least and the largest number of the fresh networks; NaN as `fresh_mean`."""
        return (min(self.fresh), max(self.fresh)) if self._known else (math.nan, math.nan)

    @property
    def against_fresh(self) -> str:
        """Whether the number is "below" or "above" what a fresh network has, or "like fresh".

        By the 95 % prediction interval for one more fresh network, mean -+ t s sqrt(1 + 1/k), of k
        fresh networks with standard deviation s, t Student's with k - 1 degrees of freedom. Empty
        if it is unknown, as with one fresh network.
        """
        if math.isnan(self.value) or not self._known or len(self.fresh) < 2:
            return ""
        mean = self.fresh_mean
        margin = prediction_margin(self.fresh) + ROUNDING * abs(mean)
        if abs(self.value - mean) <= margin:
            return "like fresh"
        return "below" if self.value < mean else "above"

    @property
    def is_uncertainty(self) -> bool:
        """Whether it only says how exact another row is."""
        return "_uncertainty" in self.name

    @property
    def _known(self) -> bool:
        return bool(self.fresh) and not any(map(math.isnan, self.fresh))


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """What `plasticity_bench.diagnose` returns; it prints as a table.

    Attributes:
        network: the class of the network.
        num_parameters: how many it has.
        num_examples: how many were given.
        rows: all numbers, those of single layers too.
        notes: what one has to know about the numbers, a sentence each.
    """

    network: str
    num_parameters: int
    num_examples: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Row:
        """Return the row of a number, by "name" or "name/layer"."""
        for row in self.rows:
            if name == (f"{row.name}/{row.layer}" if row.layer else row.name):
                return row
        raise KeyError(name)

    def __repr__(self) -> str:
        return self.render()

    def _repr_html_(self) -> str:
        return self.render("html")

    def render(self, format_name: str = "table", *, layers: bool = False) -> str:
        """Return the table, and below it what is missing and the notes.

        Args:
            format_name: "table" for the terminal, "markdown" or "html".
            layers: whether single layers have rows of their own.
        """
        rows = [row for row in self.rows if layers or not row.layer]
        shown = [row for row in rows if not row.missing and (row.value or not row.is_uncertainty)]
        cells = [
            [
                f"{row.name}/{row.layer}" if row.layer else row.name,
                _number(row.value),
                _number(row.fresh_mean),
                _range(row.fresh_range),
                row.against_fresh,
                row.meaning,
            ]
            for row in shown
        ]
        text = tables.render(HEADERS, cells, format_name, left=("measurement", "", "what it means"))
        title = (
            f"{self.network}: {self.num_parameters:,} parameters, {self.num_examples:,} examples"
        )
        below = [*self._missing(rows), *self.notes]
        if format_name == "html":
            from html import escape

            return f"<p>{escape(title)}</p>{text}<p>{'<br>'.join(map(escape, below))}</p>"
        return "\n".join([title, "", text, "", *below])

    @staticmethod
    def _missing(rows: list[Row]) -> list[str]:
        """One sentence for each reason, with the names that have it."""
        names: dict[str, list[str]] = {}
        for row in rows:
            if row.missing:
                names.setdefault(row.missing, []).append(row.name)
        return [f"n/a: {', '.join(those)}: {reason}." for reason, those in names.items()]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain data for JSON; a number that does not exist is None."""
        return {
            "format": FORMAT,
            "network": self.network,
            "num_parameters": self.num_parameters,
            "num_examples": self.num_examples,
            "notes": list(self.notes),
            "rows": [
                asdict(row)
                | {
                    "value": _plain(row.value),
                    "fresh": [_plain(number) for number in row.fresh],
                    "fresh_mean": _plain(row.fresh_mean),
                    "against_fresh": row.against_fresh,
                }
                for row in self.rows
            ],
        }

    def to_json(self, path: str | Path) -> None:
        """Write everything as JSON.

        Raises:
            BadInputError: if the file cannot be written.
        """
        text = json.dumps(self.as_dict(), indent=1, allow_nan=False) + "\n"
        try:
            write_atomic(Path(path), text.encode())
        except OSError as error:
            raise BadInputError(f"{path} cannot be written: {error.strerror}.") from None

    def plot(self, path: str | Path) -> None:
        """Draw all numbers of the whole network beside those of the fresh ones.

        Args:
            path: ends in .png, .svg or .pdf.

        Raises:
            BadInputError: if it ends otherwise or cannot be written, or matplotlib is missing.
        """
        from plasticity_bench.figures import fresh_comparison, paper_figure

        path = Path(path)
        paper_figure.check_path(path, "plot:")
        rows = [row for row in self.rows if not (row.layer or row.missing or row.is_uncertainty)]
        lines = [
            fresh_comparison.Line(row.name, row.value, row.fresh, row.against_fresh) for row in rows
        ]
        with paper_figure.style():
            fresh_comparison.draw(lines, self.network, path)


def prediction_margin(numbers: Sequence[float]) -> float:
    """Return half the width of the 95 % prediction interval for one number more."""
    from scipy.special import stdtrit

    count = len(numbers)
    student = float(stdtrit(count - 1, 0.975))
    return student * statistics.stdev(numbers) * math.sqrt(1 + 1 / count)


def _plain(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _number(value: float) -> str:
    """Four digits, without an exponent where it is short."""
    if math.isnan(value):
        return "n/a"
    return f"{value:.4g}" if abs(value) < 1e6 else f"{value:.3e}"


def _range(ends: tuple[float, float]) -> str:
    return "n/a" if math.isnan(ends[0]) else " - ".join(map(_number, ends))
