"""docs/scale.md and docs/results-on-disk.md say what is so."""

from pathlib import Path

from benchmarks import scale
from plasticity_bench.results import Results
from plasticity_bench.running import group_run
from plasticity_bench.running.execution import Execution
from plasticity_bench.suite import planning
from plasticity_bench.suite.loading import load_suite

DOCS = Path(__file__).parents[2] / "docs"
SUITE = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 7
    updates_per_task: 2
    num_examples: 40
    network: {hidden: [8]}
learners: [fresh]
measure: {curvature: {every: 3, examples: 16}}
"""


def test_the_table_is_that_of_the_script():
    assert scale.table() in (DOCS / "scale.md").read_text()


def test_numbers_are_those_of_a_run(tmp_path):
    (tmp_path / "tiny.yaml").write_text(SUITE)
    suite = load_suite(str(tmp_path / "tiny.yaml"))
    results = Results(tmp_path)
    (group,) = planning.plan(suite, suite.contenders, range(1))
    group_run.run_group(results, Execution("off"), group, lambda _: None)
    stored = results.load(group.runs[0])
    assert len(stored.columns["value"]) == scale.numbers(group.suite_stream.stream, suite.protocol)
