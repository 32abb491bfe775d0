"""The figure of performance profiles: the share of runs that score above each threshold."""

from collections.abc import Sequence
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.figures import paper_figure
from plasticity_bench.results import LearnerOnStream
from plasticity_bench.scoring.scores import WORDS, Score
from plasticity_bench.scoring.stored_scores import common_seeds
from plasticity_bench.statistics import known, performance_profile, profile_thresholds

THRESHOLDS = 101
RESAMPLES = 2000  # for each threshold
NAMES = ("trainability", "retained", "curvature")


def draw(
    scores: dict[LearnerOnStream, dict[int, Score]],
    reference: str,
    path: Path,
    best_first: Sequence[str] = (),
) -> None:
    """Draw performance profiles of three scores over all streams and seeds, with 95 % bands.

    Args:
        scores: by stream and learner, of each seed.
        reference: the learner that scores are relative to; its own score is 1 and not drawn.
        path: of the figure.
        best_first: learners from best to worst, for `paper_figure.looks`.

    Raises:
        BadInputError: if no learner has a seed on all streams, matplotlib is not installed, or the
            file cannot be written.
    """
    streams = list(dict.fromkeys(stream for stream, _ in scores))
    looks = paper_figure.looks([learner for _, learner in scores], reference, best_first)
    learners = [learner for learner in looks.in_order if learner != reference]
    figure, columns = paper_figure.panels(len(NAMES), 2.2)
    axes = [axis for (axis,) in columns]
    drawn = False
    for axis, name in zip(axes, NAMES, strict=True):
        each = {
            learner: known(common_seeds(scores, streams, learner, name)) for learner in learners
        }
        thresholds = profile_thresholds(list(each.values()), THRESHOLDS)
        for learner, runs in each.items():
            if runs.size == 0:
                continue
            drawn = True
            profile = performance_profile(runs, thresholds, resamples=RESAMPLES)
            look, index = looks.of(learner), looks.place(learner)
            axis.plot(profile.taus, profile.share, markevery=(2 * index % 20, 20), **look)
            if learner in looks.grey:
                continue  # its band would cover those in colours
            axis.fill_between(
                profile.taus,
                profile.low,
                profile.high,
                color=look["color"],
                alpha=0.12,
                linewidth=0,
            )
        limits = thresholds[0], thresholds[-1]
        axis.set(xlim=limits, ylim=(-0.02, 1.03), xlabel=f"{WORDS[name]} τ")
    if not drawn:
        raise BadInputError("No learner has a score of one seed on all streams: nothing to draw.")
    axes[0].set_ylabel("share of runs above τ")
    paper_figure.legend(figure, looks, skip=1)
    paper_figure.save(figure, path)
