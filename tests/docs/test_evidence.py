"""The tables of docs/scores.md, on results whose accuracies are known."""

import pytest

from benchmarks import evidence, generated
from plasticity_bench.cli import main

SUITE = """\
suite: test/tiny-v0
streams:
  - {label: labels, id: plasticity/RandomLabelDigits-v0, num_tasks: 4, updates_per_task: 100,
     num_examples: 32, network: {hidden: [32]}}
learners:
  - {name: fresh, step_size: 1e-2}
  - {name: adam, step_size: 5e-3}
  - {name: adam, label: adam_as_fresh, tuned: false, step_size: 1e-2}
seeds: 2
measure: {curvature: {every: 2, examples: 16}}
"""


@pytest.mark.slow
def test_the_tables_have_the_accuracies_that_scores_are_made_of(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    assert main(["run", "tiny.yaml", "--jobs", "1"]) == 0
    (folder,) = (tmp_path / "results").glob("tiny-v0@*")
    frame = evidence.load_results(folder)
    chance = frame[(frame.measurement == "chance") & (frame.task == 3)].value.mean()
    header, _, *rows = evidence.of_learners(folder, "labels").splitlines()
    columns = [cell.strip() for cell in header.strip("|").split("|")]
    for line in rows:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        row = dict(zip(columns, cells, strict=True))
        of_learner = frame[(frame.learner == row["learner"]) & (frame.when == "end")]
        accuracy = of_learner[of_learner.measurement == "accuracy"].groupby("task").value.mean()
        assert float(row["first task"]) == pytest.approx(accuracy[0], abs=0.006)
        assert float(row["scored tasks"]) == pytest.approx(accuracy[3], abs=0.006)
        # The mean of ratios is near the ratio of means.
        own = float(row["own fresh copy"]) - chance
        ratio = (accuracy[3] - chance) / own
        assert float(row["retained plasticity"]) == pytest.approx(ratio, abs=0.3)
    page = tmp_path / "page.md"
    parts = ["old".join(generated.comments(name)) for name in ("evidence", "streams")]
    page.write_text("before\n" + "between\n".join(parts) + "after\n")
    words = [str(folder), "--learners", str(folder), "--stream", "labels", "--write", str(page)]
    monkeypatch.setattr("sys.argv", ["x", *words])
    evidence.main()
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    learners, streams = text.split("between\n")
    assert evidence.of_learners(folder, "labels") in learners
    assert evidence.of_streams([folder]) in streams
    assert "old" not in text
    page.write_text("nothing to replace")
    with pytest.raises(SystemExit, match="has no <!-- evidence -->"):
        evidence.main()
