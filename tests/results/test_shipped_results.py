"""The results that come with the package are those of the suites and the code of today."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from plasticity_bench import shipped
from plasticity_bench.leaderboard.verifying import same_measurements
from plasticity_bench.results import TUNED, Results, packs
from plasticity_bench.results.run_info import parse_info
from plasticity_bench.running import group_run
from plasticity_bench.running.execution import Execution
from plasticity_bench.streams import Stream
from plasticity_bench.suite.contenders import with_learners
from plasticity_bench.suite.loading import suite_named
from plasticity_bench.suite.own_fresh import with_own_fresh
from plasticity_bench.suite.planning import all_runs, plan

FOLDERS = {folder.name: folder for folder in shipped.result_folders()}
ALSO = {"paper-v1": ("muon", {"step_size": 0.00306, "matrix_step_size": 0.0228})}
"""Another learner, tuned, that docs/explanations.md is about."""


def contenders(suite, name):
    """The suite's learners, and the other one whose results come with the package."""
    reference, settings = ALSO.get(name, (None, {}))
    others = with_learners(suite.contenders, [reference], settings) if reference else ()
    return (*suite.contenders, *(replace(c, label=f"{reference}{TUNED}") for c in others))


def shipped_runs(name):
    """Every run of a suite's pack, and the table of their measurements."""
    (pack,) = packs.packs_in(FOLDERS[name])
    table = packs.run_table(pack)
    return [parse_info(info, pack)[0] for info in table.infos], table


def without_data(run):
    """A run's labels and identity but for its stream's data, which may not be on this machine."""
    stream = {k: v for k, v in run.identity["stream"].items() if k != "fingerprint"}
    return (
        run.stream,
        run.learner,
        run.seed,
        json.dumps({**run.identity, "stream": stream}, sort_keys=True),
    )


def test_there_are_some():
    assert "quick-v1" in FOLDERS


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_they_are_the_runs_of_the_suite(name, monkeypatch):
    suite = suite_named(name)
    monkeypatch.setattr(Stream, "fingerprint", lambda stream: "")
    groups = with_own_fresh(plan(suite, contenders(suite, name), range(suite.num_seeds)))
    runs, _ = shipped_runs(name)
    found, expected = (Counter(map(without_data, some)) for some in (runs, all_runs(groups)))
    assert found == expected


@pytest.mark.slow
def test_a_run_is_what_this_machine_computes(tmp_path):
    suite = suite_named("quick-v1")
    adam = [contender for contender in suite.contenders if contender.label == "adam"]
    group = plan(suite, adam, range(1))[0]
    results = Results(tmp_path)
    assert not group_run.run_group(results, Execution(), group, lambda _: None).error
    (run,) = group.runs
    _, table = shipped_runs("quick-v1")
    (computed,) = results.run_tables(*run.group)
    expected = table.only(list(table.keys).index(run.key))
    assert same_measurements(expected, computed, suite.protocol.curvature_name)
