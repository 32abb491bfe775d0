"""The figure of performance profiles: the share of runs that score above each threshold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from plasticity_bench.errors import BadInputError
from plasticity_bench.figures import paper_figure
from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring.scores import Score
from plasticity_bench.statistics import known, performance_profile

THRESHOLDS = np.linspace(0, 1, 101)
RESAMPLES = 2000  # for each threshold
SCORES = {"trainability": "trainability", "retention": "curvature retention"}


def draw(scores: dict[LearnerOnStream, dict[int, Score]], reference: str, path: Path) -> None:
    """Draw performance profiles of the two scores over all streams and seeds, with 95 % bands.

    Args:
        scores: by stream and learner, of each seed.
        reference: the learner that scores are relative to; its own score is 1 and not drawn.
        path: of the figure.

    Raises:
        BadInputError: if no learner has a seed on all streams, matplotlib is not installed, or the
            file cannot be written.
    """
    streams = list(dict.fromkeys(stream for stream, _ in scores))
    learners = paper_figure.ordered([learner for _, learner in scores], reference)
    figure, columns = paper_figure.panels(len(SCORES), 2.2)
    axes = [axis for (axis,) in columns]
    drawn = False
    for axis, (name, title) in zip(axes, SCORES.items(), strict=True):
        for index, learner in enumerate(learners[1:], 1):
            runs = _runs(
                [scores.get(LearnerOnStream(stream, learner), {}) for stream in streams], name
            )
            runs = known(runs) if runs.size else runs
            if runs.size == 0:
                continue
            drawn = True
            profile = performance_profile(runs, THRESHOLDS, resamples=RESAMPLES)
            look = paper_figure.look(index)
            axis.plot(profile.taus, profile.share, markevery=(2 * index % 20, 20), **look)
            axis.fill_between(
                profile.taus,
                profile.low,
                profile.high,
                color=look["color"],
                alpha=0.12,
                linewidth=0,
            )
        axis.set(xlim=(0, 1), ylim=(-0.02, 1.03), xlabel=f"{title} τ")
    if not drawn:
        raise BadInputError("No learner has a score of one seed on all streams: nothing to draw.")
    axes[0].set_ylabel("share of runs above τ")
    paper_figure.legend(figure, learners, skip=1)
    paper_figure.save(figure, path)


def _runs(of_streams: Sequence[dict[int, Score]], name: str) -> np.ndarray:
    """(streams, seeds), of the seeds that are finished on all streams."""
    seeds = sorted(set.intersection(*map(set, of_streams)))
    return np.array([[getattr(by_seed[seed], name) for seed in seeds] for by_seed in of_streams])
