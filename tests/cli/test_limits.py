"""Absurd values of options end in one clear sentence, at once."""

import json

import pytest

from plasticity_bench.cli import main
from plasticity_bench.errors import DamagedError
from plasticity_bench.results.run_info import parse_info
from tests.support.entries import SUITE

HUGE = "1" + 30 * "0"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "tiny.yaml").write_text(SUITE)
    monkeypatch.chdir(tmp_path)


def told(capsys, *arguments):
    try:
        code = main(arguments)
    except SystemExit as stopped:  # of argparse
        code = stopped.code
    assert code == 2
    return capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "tiny.yaml", "--seeds", HUGE], "from 1 to 1,000,000"),
        (["run", "tiny.yaml", "--seeds", "9" * 5000], "from 1 to 1,000,000"),
        (["run", "tiny.yaml", "--seeds", "1001"], "run at most 1000"),
        (["tune", "tiny.yaml", "--seeds", HUGE], "from 1 to 1,000,000"),
        (["tune", "tiny.yaml", "--seeds", "1001"], "tune on at most 1000 seeds"),
        (["tune", "tiny.yaml", "--settings", HUGE], "from 1 to 1,000,000"),
        (["run", "tiny.yaml", "--tuned", "/dev/zero"], "it is not a plain file"),
        (["run", "tiny.yaml", "--engine", "slurm", "--slurm-profile", "/dev/zero"], "plain file"),
        (["run", "tiny.yaml", "--learner", "adam", "-H", "nonsense=1"], "no hyperparameter"),
        (["run", "/dev/zero"], "There is no suite"),
    ],
)
def test_an_absurd_value_is_refused(capsys, arguments, words):
    assert words in told(capsys, *arguments)


def test_a_large_record_of_a_search_is_not_read(capsys, tmp_path):
    with (tmp_path / "tuning.yaml").open("wb") as file:
        file.truncate(2**33)
    assert "more than" in told(capsys, "run", "tiny.yaml", "--tuned", "tuning.yaml")


@pytest.mark.parametrize("value", ["1" + 400 * "0", "-1", "NaN", "Infinity", "1e300"])
def test_seconds_that_are_impossible_are_refused(tmp_path, value):
    info = {"stream": "s", "learner": "l", "seed": 0, "identity": {}, "key": "k"}
    text = json.dumps({**info, "status": "complete", "seconds": {"train": 0}})
    with pytest.raises(DamagedError, match="has times that are no possible numbers"):
        parse_info(text.replace('"train": 0', f'"train": {value}'), tmp_path)
