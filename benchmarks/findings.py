"""Findings of the literature beside the numbers of the suite `findings`, for docs/results.md.

    plasticity-bench run findings
    python -m benchmarks.findings results/findings-v1@* --write docs/results.md

The claims are decided, and the tables made, as benchmarks/paper.py describes: those of
arXiv:2312.00246, and of Kumar et al. (2023), Maintaining Plasticity in Continual Learning via
Regenerative Regularization.
"""

from benchmarks import generated, paper
from benchmarks.paper import CURVATURE, RETAINED, Claim, Scores
from plasticity_bench.statistics import mean_interval


def claims(scores: Scores) -> list[Claim]:
    """Return the claims of Kumar et al. (2023)."""
    pixels = [name for name in scores.streams if name.startswith("pixels")]
    labels = [name for name in scores.streams if name.startswith("labels")]
    every = scores.streams

    def above_adam(learner: str) -> Claim:
        both = scores.of(RETAINED, learner, pixels) - scores.of(RETAINED, "adam", pixels)
        return Claim(
            f"`{learner}` keeps more plasticity than Adam on permuted pixels.",
            "difference of what they retain",
            mean_interval(both),
            0,
            True,
        )

    difference = scores.of(RETAINED, "l2_init", every) - scores.of(RETAINED, "l2", every)
    return [
        above_adam("l2_init"),
        above_adam("shrink_and_perturb"),
        Claim(
            "`l2_init` keeps plasticity everywhere.",
            "the least that it retains on a stream",
            mean_interval([scores.of(RETAINED, "l2_init", every).min(0)]),
            0.9,
            True,
        ),
        Claim(
            "Regularisation towards zero fails on random labels.",
            "what `l2` retains there",
            mean_interval(scores.of(RETAINED, "l2", labels)),
            0.5,
            False,
        ),
        Claim(
            "`l2_init` keeps more plasticity than `l2`.",
            "difference of what they retain",
            mean_interval(difference),
            0,
            True,
        ),
    ]


def main() -> None:
    """Print the tables, or write them into a page."""
    options = paper.parser_of(__doc__, "results of the suite findings").parse_args()
    scores = Scores.of_folder(options.folder)
    parts = [
        paper.table_of_claims(paper.claims(scores)),
        paper.table_of_claims(claims(scores)),
        paper.of_learners(scores, RETAINED),
        paper.of_learners(scores, CURVATURE),
        paper.explanations(options.folder),
    ]
    generated.write(options.write, "claims", "\n\n".join(parts))


if __name__ == "__main__":
    main()
