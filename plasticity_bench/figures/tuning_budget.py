"""The figure of a search: the expected best score of each learner by the number of settings."""

from collections.abc import Sequence
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.figures import paper_figure
from plasticity_bench.tuning.budget import expected_best
from plasticity_bench.tuning.record import TuningRecord


def draw(record: TuningRecord, path: Path, learners: Sequence[str] = ()) -> None:
    """Draw a line for each learner: what a search of fewer settings would have found on average.

    Dodge et al. (2019), arXiv:1909.03004; see `tuning.budget.expected_best`.

    Args:
        record: of a search.
        path: of the figure.
        learners: labels to draw; all if empty.

    Raises:
        BadInputError: if nothing was tried, matplotlib is not installed, or the file cannot be
            written.
    """
    scores = {
        label: [tried.score for tried in learner.at_length if tried.score is not None]
        for label, learner in record.learners.items()
        if not learners or label in learners
    }
    scores = {label: found for label, found in scores.items() if found}
    if not scores:
        raise BadInputError("This search found no settings to draw.")
    best_first = sorted(scores, key=lambda label: max(scores[label]), reverse=True)
    looks = paper_figure.looks(scores, next(iter(scores)), best_first)
    figure = paper_figure.new_figure(paper_figure.COLUMN, 2.2)
    axis = figure.subplots()
    for label in looks.in_order:
        numbers = range(1, len(scores[label]) + 1)
        means = [expected_best(scores[label], number) for number in numbers]
        step = max(1, len(numbers) // 4)
        axis.plot(numbers, means, markevery=(looks.place(label) % step, step), **looks.of(label))
    axis.set(xlabel="settings that are tried", ylabel=f"expected best {record.tuning.select}")
    axis.xaxis.get_major_locator().set_params(integer=True)
    paper_figure.legend(figure, looks)
    paper_figure.save(figure, path)
