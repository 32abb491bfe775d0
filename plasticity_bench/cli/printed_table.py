"""The table of scores, as `run`, `table` and `collect` print it."""

from collections.abc import Mapping, Sequence
from typing import Any

from plasticity_bench.cli.common import say
from plasticity_bench.results import Selection
from plasticity_bench.scoring import latex_table, learner_costs, score_table, stored_scores
from plasticity_bench.statistics import few_seeds_notice


def print_table(
    selection: Selection,
    format_name: str,
    columns: Sequence[str] | None = None,
    latex: Mapping[str, Any] | None = None,
) -> None:
    """Print the scores of a selection, what was selected, and what the numbers leave out.

    Args:
        selection: of a results folder.
        format_name: as of `score_table.render`.
        columns: names of `score_table.COLUMNS`; None for those that the format shows by default.
        latex: other attributes of `latex_table.Style`.
    """
    costs = learner_costs.costs_of(selection)
    told = [*selection.sentences, *learner_costs.sentences(costs)]
    flops, scores = learner_costs.flops(costs), stored_scores.scores(selection)
    entries = score_table.entries_of(selection, scores, flops)
    told += [*score_table.notices(entries), *few_seeds_notice(max(selection.num_seeds))]
    if format_name == "latex":
        chosen = columns or latex_table.DEFAULT_COLUMNS
        print(latex_table.render(selection, latex_table.Style(columns=chosen, **(latex or {}))))
    else:
        print(score_table.render(entries, format_name, columns or score_table.DEFAULT_COLUMNS))
    for sentence in told:
        say(sentence)
