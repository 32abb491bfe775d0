"""Learners that fail: the others go on, and the exit code tells."""

import json
import re

import pytest

pytestmark = pytest.mark.system


def infos(bench, learner):
    """What is stored of a learner's runs over the whole stream; its fresh copies are others."""
    files = bench.results.glob(f"cells/*/{learner}*/*/cell.json")
    stored = [json.loads(file.read_text()) for file in files if "own_fresh" not in str(file)]
    assert stored
    return stored


FAULTS = {
    "raises": ("Raises", (), "learner Raises raised RuntimeError: the seventh task is too much"),
    "runs out of memory": ("Eats", (), "learner Eats raised RuntimeError: .*can't allocate memory"),
    "hangs": ("Hangs", ("--run-timeout", "5"), "it took longer than 20 seconds; see --run-timeout"),
}


@pytest.mark.parametrize(("learner", "options", "sentence"), FAULTS.values(), ids=FAULTS.keys())
def test_a_learner_that_fails_fails_alone(bench, straight, learner, options, sentence):
    code, table, err = bench.run("--learner", f"broken:{learner}", *options)
    assert code == 1
    failed = [line for line in err.splitlines() if "FAILED" in line]
    assert failed
    assert re.search(sentence, failed[0])
    assert {row: own for row, own in table.items() if row in straight} == straight
    row = table["RandomLabelDigits-v0", f"broken:{learner}"]
    assert (row["trainability"], row["num_seeds"]) == ("nan", "0")
    stored = infos(bench, "broken")
    assert [info["status"] for info in stored] == ["failed"] * 4
    assert all(info["traceback"] for info in stored)


def test_a_learner_that_diverges_is_a_result(bench, straight):
    code, table, _ = bench.run("--learner", "broken:Diverges")
    assert code == 0
    row = table["RandomLabelDigits-v0", "broken:Diverges"]
    assert (row["trainability"], row["num_diverged"], row["num_seeds"]) == ("0.0", "4", "4")
    assert {own["status"] for own in infos(bench, "broken")} == {"diverged"}
