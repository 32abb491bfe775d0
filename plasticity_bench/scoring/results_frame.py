"""Stored results as a data frame: one row for each measured number, and their scores."""

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd

from plasticity_bench.results import Results, Run, RunResult, Selection, Stored, select
from plasticity_bench.scoring import learner_costs, score_table, stored_scores

TEXTS = ("stream", "learner", "setting", "code", "status", "when", "measurement")
COLUMNS = (*TEXTS[:4], "seed", "status", "task", "when", "measurement", "value", "selected")


class ResultsFrame(pd.DataFrame):  # type: ignore[misc]
    """Measurements of a results folder, one row for each number.

    Columns: stream and learner, their labels; setting, the learner's hyperparameters as JSON; code,
    the start of its source's hash; seed; status, "complete" or "diverged"; task, its index; when,
    "start", "during" or "end" of the task; measurement, its name; value; selected, whether the run
    is one that tables are made of.
    """

    _metadata = ("selection",)
    selection: Selection | None = None

    @property
    def _constructor(self) -> "type[ResultsFrame]":
        return ResultsFrame

    def scores(self, *, by_seed: bool = False) -> pd.DataFrame:
        """Return the scores of the selected runs in the frame: those of `plasticity-bench table`.

        Args:
            by_seed: a row for each stream, learner and seed, rather than the means over seeds with
                their 95 % intervals.

        Raises:
            ValueError: if the frame was not made by `load_results`, or by selecting rows of such.
            BadInputError: if there are no results of the reference.
        """
        if self.selection is None:
            raise ValueError("This frame has lost its selection: load the results again.")
        kept = self.loc[self["selected"], ["stream", "learner", "seed"]].drop_duplicates()
        seeds = set(kept.itertuples(index=False, name=None))
        scores = {
            group: {seed: s for seed, s in of_seeds.items() if (*group, seed) in seeds}
            for group, of_seeds in stored_scores.scores(self.selection).items()
        }
        scores = {group: of_seeds for group, of_seeds in scores.items() if of_seeds}
        if by_seed:
            return pd.DataFrame(
                [
                    {**group._asdict(), "seed": seed, **vars(score)}
                    for group, of_seeds in scores.items()
                    for seed, score in of_seeds.items()
                ]
            )
        flops = learner_costs.flops(learner_costs.costs_of(self.selection))
        entries = [
            score_table.entry(group, list(of_seeds.values()), flops.get(group, math.nan))
            for group, of_seeds in scores.items()
        ]
        return pd.DataFrame([score_table.record(entry) for entry in entries])


def load_results(path: str | Path, *, everything: bool = False) -> ResultsFrame:
    """Return the measurements of a suite's results folder as a tidy data frame.

    They are those of the runs that tables are made of: of each learner, the settings and the code
    that were requested last. Those of the learners' own fresh copies are among all others.

    Args:
        path: of the folder, as `plasticity-bench run` names it in its last line.
        everything: also those of all other finished runs: own fresh copies, whose labels end in
            "(own fresh)", and other settings, code and seeds.

    Raises:
        BadInputError: if the folder holds no finished results.
    """
    selection = select(Results(Path(path)))
    finished = selection.finished
    selected = {run.address for run in selection.all_runs}
    stored: Stored = list(selection.results.stored()) if everything else finished
    parts = [_rows(run, result, run.address in selected) for run, result in stored]
    frame = ResultsFrame(pd.concat(parts, ignore_index=True))
    for name in TEXTS:
        frame[name] = frame[name].astype("category")
    frame.selection = selection
    return frame


def _rows(run: Run, result: RunResult, selected: bool) -> pd.DataFrame:
    learner: dict[str, Any] = run.identity.get("learner", {})
    columns = {
        "stream": run.stream,
        "learner": run.learner,
        "setting": json.dumps(learner.get("hyperparameters", {}), sort_keys=True),
        "code": str(learner.get("source", ""))[:8],
        "seed": run.seed,
        "status": result.info["status"],
        "task": result.columns["task"],
        "when": result.columns["when"],
        "measurement": result.columns["name"],
        "value": result.columns["value"],
        "selected": selected,
    }
    return pd.DataFrame(columns, index=range(len(result.columns["task"])), columns=list(COLUMNS))
