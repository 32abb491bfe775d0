"""Findings of the literature beside the numbers of the suites that test them, for docs/results.md.

    plasticity-bench run findings
    plasticity-bench run kumar2023-small
    python -m benchmarks.findings results/findings-v1@* results/*-small-v0@* --write docs/results.md

The claims are decided, and the tables made, as benchmarks/paper.py describes. Those of the suite
`findings` are of arXiv:2312.00246, and of Kumar et al. (2023), Maintaining Plasticity in Continual
Learning via Regenerative Regularization; those of a `-small` suite are of the paper in its name.
"""

import argparse
from collections.abc import Iterable
from pathlib import Path

from benchmarks import generated, paper
from benchmarks.paper import CURVATURE, ONLINE, RETAINED, Claim, Scores
from plasticity_bench.statistics import Interval, mean_interval


def _difference(
    scores: Scores, column: str, ours: str, theirs: str, streams: Iterable[str]
) -> Interval:
    streams = list(streams)
    return mean_interval(scores.of(column, ours, streams) - scores.of(column, theirs, streams))


def _keeps_more(scores: Scores, ours: str, theirs: str, text: str) -> Claim:
    gap = _difference(scores, RETAINED, ours, theirs, scores.streams)
    return Claim(text, "difference of what they retain", gap, 0, True)


def _learns_more(
    scores: Scores, ours: str, theirs: str, text: str, streams: Iterable[str] = ()
) -> Claim:
    gap = _difference(scores, ONLINE, ours, theirs, streams or scores.streams)
    return Claim(text, "difference of online accuracy", gap, 0, True)


def _loses(scores: Scores, learner: str, text: str, streams: Iterable[str] = ()) -> Claim:
    retained = mean_interval(scores.of(RETAINED, learner, streams or scores.streams))
    return Claim(text, f"what `{learner}` retains", retained, 1, False)


def _keeps_everywhere(scores: Scores, learner: str) -> Claim:
    least = mean_interval([scores.of(RETAINED, learner, scores.streams).min(0)])
    text = f"`{learner}` keeps plasticity everywhere."
    return Claim(text, "the least that it retains on a stream", least, 0.9, True)


def claims(scores: Scores) -> list[Claim]:
    """Return the claims of Kumar et al. (2023) that the suite `findings` decides."""
    pixels = [name for name in scores.streams if name.startswith("pixels")]
    labels = [name for name in scores.streams if name.startswith("labels")]

    def above_adam(learner: str) -> Claim:
        return Claim(
            f"`{learner}` keeps more plasticity than Adam on permuted pixels.",
            "difference of what they retain",
            _difference(scores, RETAINED, learner, "adam", pixels),
            0,
            True,
        )

    return [
        above_adam("l2_init"),
        above_adam("shrink_and_perturb"),
        _keeps_everywhere(scores, "l2_init"),
        Claim(
            "Regularisation towards zero fails on random labels.",
            "what `l2` retains there",
            mean_interval(scores.of(RETAINED, "l2", labels)),
            0.5,
            False,
        ),
        _keeps_more(scores, "l2_init", "l2", "`l2_init` keeps more plasticity than `l2`."),
    ]


def kumar2023(scores: Scores) -> list[Claim]:
    """Return the claims of Kumar et al. (2023), with Adam as the optimiser."""
    labels = [name for name in scores.streams if name.startswith("RandomLabel")]
    return [
        _loses(scores, "adam", "Adam loses plasticity on random labels.", labels),
        _keeps_everywhere(scores, "l2_init"),
        *(
            _keeps_more(scores, name, "adam", f"`{name}` keeps more plasticity than Adam.")
            for name in ("l2_init", "continual_backprop", "redo", "shrink_and_perturb", "crelu")
        ),
        _learns_more(
            scores,
            "l2_init",
            "l2",
            "On random labels, `l2_init` learns more than `l2`, towards zero.",
            labels,
        ),
        _learns_more(
            scores,
            "l2_init",
            "layer_norm",
            "Layer normalisation mitigates the loss in part only: `l2_init` is better.",
        ),
    ]


def dohare2024(scores: Scores) -> list[Claim]:
    """Return the claims of Dohare et al. (2024)."""
    methods = ("l2", "shrink_and_perturb", "continual_backprop")
    return [
        *(
            _loses(scores, "sgd", f"Backpropagation loses plasticity: {stream}.", [stream])
            for stream in scores.streams
        ),
        *(_keeps_more(scores, name, "sgd", f"`{name}` keeps more plasticity.") for name in methods),
        _keeps_everywhere(scores, "continual_backprop"),
    ]


def upgd2024(scores: Scores) -> list[Claim]:
    """Return the claims of Elsayed and Mahmood (2024)."""
    return [
        *(
            _loses(scores, "sgd", f"SGD loses plasticity: {stream}.", [stream])
            for stream in scores.streams
        ),
        _keeps_everywhere(scores, "upgd"),
        *(
            _keeps_more(scores, "upgd", name, f"`upgd` keeps more plasticity than `{name}`.")
            for name in ("sgd", "shrink_and_perturb")
        ),
        *(
            _learns_more(scores, "upgd", name, f"`upgd` learns more than `{name}`.")
            for name in ("sgd", "shrink_and_perturb")
        ),
    ]


PAPERS = {
    "kumar2023-small": kumar2023,
    "dohare2024-small": dohare2024,
    "upgd2024-small": upgd2024,
}
"""The claims of a paper that a suite decides, by the suite's name."""


def parts(folder: Path) -> tuple[str, list[str]]:
    """Return the name of the part of the page that a suite's results fill, and its tables."""
    scores = Scores.of_folder(folder)
    suite = folder.name.rpartition("-v")[0]
    if suite in PAPERS:
        return suite, [
            paper.table_of_claims(PAPERS[suite](scores)),
            paper.of_learners(scores, RETAINED),
            paper.of_learners(scores, ONLINE),
        ]
    return "claims", [
        paper.table_of_claims(paper.claims(scores)),
        paper.table_of_claims(claims(scores)),
        paper.of_learners(scores, RETAINED),
        paper.of_learners(scores, CURVATURE),
        paper.explanations(folder),
    ]


def main() -> None:
    """Print the tables, or write them into a page."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="+", help="results of these suites")
    parser.add_argument("--write", type=Path, metavar="PAGE", help="a page with the comments")
    options = parser.parse_args()
    for folder in options.folders:
        name, tables = parts(folder)
        generated.write(options.write, name, "\n\n".join(tables))


if __name__ == "__main__":
    main()
