"""The figure of ranks: each learner's rank over all streams, with its interval."""

from collections.abc import Sequence
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.figures import paper_figure
from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring.ranking import rank_rows
from plasticity_bench.scoring.scores import Score
from plasticity_bench.scoring.stored_scores import common_seeds

ROW = 0.15  # in inches


def draw(
    scores: dict[LearnerOnStream, dict[int, Score]],
    reference: str,
    path: Path,
    best_first: Sequence[str],
) -> None:
    """Draw the rank of every learner but the reference, with its interval (`statistics.ranks`).

    Learners that share a rank cannot be told apart. Those without a finished seed on some stream
    are left out.

    Args:
        scores: by stream and learner, of each seed.
        reference: the learner that scores are relative to.
        path: of the figure.
        best_first: learners from best to worst.

    Raises:
        BadInputError: if no learner has a seed on all streams, matplotlib is not installed, or the
            file cannot be written.
    """
    streams = list(dict.fromkeys(stream for stream, _ in scores))
    looks = paper_figure.looks([learner for _, learner in scores], reference, best_first)
    rows = {
        learner: common_seeds(scores, streams, learner, "trainability")
        for learner in best_first
        if learner != reference
    }
    rows = {learner: values for learner, values in rows.items() if values.size}
    if not rows:
        raise BadInputError("No learner has a score of one seed on all streams: nothing to draw.")
    ranks = rank_rows(list(rows.values()))
    order = sorted(range(len(ranks)), key=lambda row: (ranks[row].rank, ranks[row].high))
    figure = paper_figure.new_figure(paper_figure.COLUMN, 0.6 + ROW * len(rows))
    axis = figure.subplots()
    names = list(rows)
    for place, row in enumerate(order):
        rank, look = ranks[row], looks.of(names[row])
        axis.plot([rank.low, rank.high], [place, place], color=look["color"], linewidth=1.6)
        axis.plot(rank.rank, place, color=look["color"], marker="o", markersize=4)
    axis.set_yticks(range(len(order)), [names[row] for row in order])
    axis.set(xlabel="rank by trainability", ylim=(len(order) - 0.5, -0.5))
    axis.set_xlim(0.5, len(order) + 0.5)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color="0.9", linewidth=0.5)
    axis.set_axisbelow(True)
    paper_figure.save(figure, path)
