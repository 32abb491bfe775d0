"""The table of scores, as `run`, `table` and `collect` print it."""

from collections.abc import Mapping
from typing import Any

from plasticity_bench.cli.common import say, warn_of_few_seeds
from plasticity_bench.results import Selection
from plasticity_bench.scoring import latex_table, learner_costs, score_table


def print_table(
    selection: Selection,
    format_name: str,
    columns: str | None = None,
    latex: Mapping[str, Any] | None = None,
) -> None:
    """Print the scores of a selection, what was selected, and what the numbers leave out.

    Args:
        selection: of a results folder.
        format_name: as of `score_table.render`.
        columns: as of `score_table.chosen_columns`.
        latex: other attributes of `latex_table.Style`.
    """
    names = score_table.chosen_columns(columns)
    entries = score_table.entries(selection)
    if format_name == "latex":
        chosen = names if columns else latex_table.DEFAULT_COLUMNS
        print(latex_table.render(selection, latex_table.Style(columns=chosen, **(latex or {}))))
    else:
        print(score_table.render(entries, format_name, names))
    told = (*selection.sentences, *learner_costs.sentences(selection))
    for sentence in (*told, *score_table.notices(entries)):
        say(sentence)
    warn_of_few_seeds(max(selection.num_seeds))
