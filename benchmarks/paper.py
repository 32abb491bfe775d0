"""The claims of arXiv:2312.00246 beside the numbers of the suite `paper`, for docs/paper.md.

    plasticity-bench run paper
    python -m benchmarks.paper results/paper-v1@* --write docs/paper.md --readme README.md

Five tables: one row for each claim, what each learner retains on each stream, its curvature, its
trainability, and the other explanations. Every number is a mean over streams, computed for each
seed; its interval is Student's, over seeds. A claim says on which side of a value its number lies.
It is "reproduced" if the whole interval does, "contradicted" if none of it does, and "not decided"
otherwise.
"""

import argparse
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from tabulate import tabulate

from benchmarks import generated
from plasticity_bench import load_results
from plasticity_bench.results import Results, select
from plasticity_bench.scoring import associations
from plasticity_bench.statistics import (
    Interval,
    format_interval,
    mean_interval,
    rank_correlations,
)

REFERENCE = "fresh"
REGULARISERS = ("wasserstein", "l2_init", "l2")
RETAINED, CURVATURE, ONLINE = "retained_plasticity", "curvature_retention", "online_accuracy"
TRAINABILITY = "trainability"
SHORT = {
    RETAINED: "retained plasticity",
    CURVATURE: "curvature retention",
    ONLINE: "online accuracy",
}


@dataclass(frozen=True)
class Claim:
    """A statement of the paper, and the number that decides it.

    Attributes:
        text: the statement.
        quantity: what the number is.
        interval: the number.
        bound: where the statement begins to be false.
        above: whether it says that the number is above the bound, rather than below.
    """

    text: str
    quantity: str
    interval: Interval
    bound: float
    above: bool

    @property
    def verdict(self) -> str:
        """Whether the claim is reproduced."""
        low, high = self.interval.low, self.interval.high
        if math.isnan(low):
            return "not decided"
        if low > self.bound:
            return "reproduced" if self.above else "contradicted"
        if high < self.bound:
            return "contradicted" if self.above else "reproduced"
        return "not decided"

    def row(self) -> list[str]:
        """The claim as a row of the table."""
        side = "above" if self.above else "below"
        return [
            self.text,
            f"{self.quantity}: {side} {self.bound:g}",
            format_interval(self.interval),
            self.verdict,
        ]


class Scores:
    """Scores by seed of a results folder."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.table = frame

    @classmethod
    def of_folder(cls, folder: Path) -> Self:
        """Return those of the results in a folder."""
        return cls(load_results(folder).scores(by_seed=True))

    def of(self, column: str, learner: str, streams: Iterable[str]) -> np.ndarray:
        """Return a learner's scores, (streams, seeds)."""
        own = self.table[self.table.learner == learner]
        by_stream = own.pivot_table(index="stream", columns="seed", values=column, observed=True)
        return np.asarray(by_stream.loc[list(streams)])

    @property
    def streams(self) -> list[str]:
        """Labels of the streams, in the suite's order."""
        return list(dict.fromkeys(self.table.stream))

    @property
    def learners(self) -> list[str]:
        """Labels of the learners without the reference."""
        return [name for name in dict.fromkeys(self.table.learner) if name != REFERENCE]

    def ending(self, *activations: str) -> list[str]:
        """Return the streams whose networks have one of some activations."""
        return [name for name in self.streams if name.rpartition(" ")[2] in activations]

    def rank_correlation(self, streams: Iterable[str]) -> Interval:
        """Return that of curvature retention and retained plasticity over the learners."""
        pairs = [
            [self.of(column, name, streams) for name in self.learners]
            for column in (CURVATURE, RETAINED)
        ]
        # From (learners, streams, seeds).
        curvature, retained = (np.moveaxis(np.array(one), 0, -1) for one in pairs)
        return mean_interval(rank_correlations(curvature, retained))


def of_learners(scores: Scores, column: str) -> str:
    """Return a table of streams and learners: one score, with the mean over streams below."""
    rows = [
        [
            stream,
            *(
                f"{mean_interval(scores.of(column, name, [stream])).mean:.2f}"
                for name in scores.learners
            ),
        ]
        for stream in scores.streams
    ]
    every = [mean_interval(scores.of(column, name, scores.streams)) for name in scores.learners]
    rows.append(["**mean**", *map(format_interval, every)])
    headers = [SHORT.get(column, column), *scores.learners]
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def claims(scores: Scores) -> list[Claim]:
    """Return every claim that scores decide."""
    linear, nonlinear = scores.ending("identity"), scores.ending("relu", "leaky_relu", "tanh")

    def difference(column: str, ours: str, theirs: str) -> Interval:
        every = scores.streams
        return mean_interval(scores.of(column, ours, every) - scores.of(column, theirs, every))

    def retained(learner: str, streams: Iterable[str]) -> Interval:
        return mean_interval(scores.of(RETAINED, learner, streams))

    relu, tanh = scores.ending("relu"), scores.ending("tanh")
    both = [name for name in relu if name.replace(" relu", " tanh") in tanh]
    tanh_of_both = [name.replace(" relu", " tanh") for name in both]
    gap = scores.of(RETAINED, "adam", tanh_of_both) - scores.of(RETAINED, "adam", both)
    wasserstein = "The distributional regulariser keeps more plasticity than"
    return [
        Claim(
            "Networks with a nonlinearity lose plasticity.",
            "what Adam retains, nonlinear streams",
            retained("adam", nonlinear),
            1,
            False,
        ),
        Claim(
            "Deep linear networks do not.",
            "what Adam retains, linear streams",
            retained("adam", linear),
            0.95,
            True,
        ),
        Claim(
            "relu loses more than tanh.",
            "what Adam retains with tanh minus with relu",
            mean_interval(gap),
            0,
            True,
        ),
        Claim(
            "Loss of curvature coincides with loss of plasticity.",
            "rank correlation of both over learners, nonlinear streams",
            scores.rank_correlation(nonlinear),
            0,
            True,
        ),
        *(
            Claim(
                f"Regularisers preserve curvature: `{name}`.",
                "its curvature retention minus Adam's",
                difference(CURVATURE, name, "adam"),
                0,
                True,
            )
            for name in REGULARISERS
        ),
        *(
            Claim(
                f"{wasserstein} {text}.",
                "difference of what they retain",
                difference(RETAINED, "wasserstein", other),
                0,
                True,
            )
            for other, text in (
                ("adam", "no regulariser"),
                ("l2", "one towards zero (`l2`)"),
                ("l2_init", "one towards the initial parameters (`l2_init`)"),
            )
        ),
        Claim(
            "It learns more slowly than the one towards the initial parameters.",
            "difference of online accuracy",
            difference(ONLINE, "wasserstein", "l2_init"),
            0,
            False,
        ),
    ]


def explanations(folder: Path) -> str:
    """Return a table of measurements: their signs within runs, and on how many streams they agree.

    The paper's third claim is that no earlier explanation has the same sign everywhere.
    """
    selection = select(Results(folder))
    table = associations.explain(associations.runs_of(selection.finished), selection.reference)
    rows = [
        [
            f"`{one.name}`",
            format_interval(one.within),
            format_interval(one.learners),
            *(one.signs.count(sign) for sign in "+-0."),
        ]
        for one in table
    ]
    headers = ["measurement", "within runs", "across learners", "+", "-", "0", "none"]
    return tabulate(rows, headers, tablefmt="github", disable_numparse=True)


def table_of_claims(claims: Iterable[Claim]) -> str:
    """Return a table with a row for each claim."""
    headers = ["claim", "number", "mean and interval", "verdict"]
    return tabulate([claim.row() for claim in claims], headers, tablefmt="github")


def main() -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path, help="results of the suite paper")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with both comments")
    parser.add_argument("--readme", type=Path, metavar="PAGE", help="for the second table alone")
    options = parser.parse_args()
    scores = Scores.of_folder(options.folder)
    retained = of_learners(scores, RETAINED)
    parts = [
        table_of_claims(claims(scores)),
        retained,
        of_learners(scores, CURVATURE),
        of_learners(scores, TRAINABILITY),
        explanations(options.folder),
    ]
    generated.write(options.write, "claims", "\n\n".join(parts))
    if options.readme:
        generated.write(options.readme, "paper's table", retained)


if __name__ == "__main__":
    main()
