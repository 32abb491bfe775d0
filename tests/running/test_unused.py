"""`clean` removes the checkpoints that no run can use, and no others."""

import numpy as np
import pytest

from plasticity_bench.cli import main
from plasticity_bench.evaluation.evaluation import Evaluation, Progress
from plasticity_bench.results import Results, Row, Run, store_request
from plasticity_bench.running import checkpoints, locks

INFO = {"status": "complete", "seconds": {"train": 1.0, "measure": 0.5}}


def run(seed, code=1):
    return Run("s", "adam", seed, {"seed": seed, "learner": "adam", "source": code})


def write(results, name, *runs):
    file = results.folder / "checkpoints" / f"{name}.checkpoint"
    number = len(runs)
    nothing = np.zeros((0, number))
    found = Evaluation(diverged_at=np.full(number, -1))
    progress = Progress(0, 0, found, {}, nothing, nothing, {})
    checkpoints.write(file, checkpoints.Header(tuple(one.key for one in runs), {}), progress)
    return file


@pytest.fixture
def results(tmp_path):
    found = Results(tmp_path / "suite@12345678")
    store_request(found.folder, "suite", "plasticity-bench run x", [run(s) for s in range(4)])
    found.save(run(0), [Row(0, "end", "accuracy", 0.5)], INFO)
    return found


def test_only_what_no_run_can_use_is_removed(results, capsys):
    kept = [write(results, "left", run(0), run(1)), write(results, "other", run(2))]
    removed = [write(results, "finished", run(0)), write(results, "earlier", run(3, code=0))]
    damaged = results.folder / "checkpoints" / "damaged.checkpoint"
    damaged.write_bytes(b"no header")
    assert main(["clean", str(results.folder), "--dry-run"]) == 0
    assert "3 checkpoints would be removed" in capsys.readouterr().err
    assert all(file.exists() for file in [*kept, *removed, damaged])
    assert main(["clean", str(results.folder)]) == 0
    assert "3 checkpoints removed" in capsys.readouterr().err
    assert [file.exists() for file in [*kept, *removed, damaged]] == [True] * 2 + [False] * 3


def test_what_a_process_works_on_is_kept(results):
    file = write(results, "earlier", run(3, code=0))
    with locks.claimed(results.folder, [run(3, code=0).key]):
        assert main(["clean", str(results.folder)]) == 0
        assert file.exists()
    assert main(["clean", str(results.folder)]) == 0
    assert not file.exists()


def test_a_search_is_cleaned_too(results, capsys):
    search = Results(results.folder / "tuning")
    store_request(search.folder, "suite", "plasticity-bench tune x", [run(1000)])
    kept, removed = write(search, "left", run(1000)), write(search, "earlier", run(1000, code=0))
    assert main(["clean", str(results.folder)]) == 0
    assert kept.exists() and not removed.exists()
    assert f"{search.folder}: 1 checkpoint removed" in capsys.readouterr().err


def test_a_folder_that_is_none_is_told(tmp_path, capsys):
    assert main(["clean", str(tmp_path / "nowhere")]) == 2
    assert "There is no results folder" in capsys.readouterr().err
