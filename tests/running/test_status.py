"""`status` tells the truth: about what was asked, what is there, and what to do."""

import json

import numpy as np
import pytest

from plasticity_bench.cli import main
from plasticity_bench.errors import BadInputError
from plasticity_bench.evaluation.evaluation import Evaluation, Progress
from plasticity_bench.results import Results, Row, Run, read_requests, store_request
from plasticity_bench.running import checkpoints, locks
from plasticity_bench.running.engines import slurm
from plasticity_bench.running.status import of_folder, of_search, render, summary

ROWS = [Row(0, "end", "accuracy", 0.5)]
INFO = {"status": "complete", "seconds": {"train": 1.0, "measure": 0.5}}


def runs(learner, seeds, strength=1, stream="s"):
    return [
        Run(stream, learner, seed, {"seed": seed, "learner": learner, "strength": strength})
        for seed in seeds
    ]


@pytest.fixture
def results(tmp_path):
    return Results(tmp_path / "suite@12345678")


def counts(results):
    return {
        (row.stream, row.learner): (
            row.complete,
            row.diverged,
            row.failed,
            row.running,
            row.begun,
            row.damaged,
            row.missing,
        )
        for row in of_folder(results).rows
    }


def write_checkpoint(file, keys):
    nothing = np.zeros((0, len(keys)))
    found = Evaluation(diverged_at=np.full(len(keys), -1))
    progress = Progress(0, 0, found, {}, nothing, nothing, {})
    checkpoints.write(file, checkpoints.Header(tuple(keys), {}), progress)


def test_every_state_is_counted(results):
    own = runs("adam", range(8))
    store_request(results.folder, "suite", "plasticity-bench run x", own)
    results.save(own[0], ROWS, INFO)
    results.save(own[1], ROWS, {**INFO, "status": "diverged"})
    results.save_failure(own[2], 'Traceback\n  File "x"\nValueError: too bad\nmore', {})
    results.save(own[3], ROWS, INFO)
    (results.path(own[3]) / "measurements.parquet").write_bytes(b"PAR1")
    results.save(own[4], ROWS, INFO)
    (results.path(own[4]) / "cell.json").write_text("{")
    begun = [own[5].key, own[6].key]
    write_checkpoint(checkpoints.path(results.folder, begun), begun)
    with locks.claimed(results.folder, [own[6].key]):
        assert counts(results) == {("s", "adam"): (1, 1, 1, 1, 1, 2, 1)}
        found = of_folder(results)
    assert counts(results) == {("s", "adam"): (1, 1, 1, 0, 2, 2, 1)}
    assert not found.is_complete
    said = summary(found)
    assert said[0] == "s  adam: ValueError: too bad"
    assert sum("its runs count as missing and are run again." in line for line in said) == 2
    assert said[-1] == "2 of 8 runs have results. To finish: `plasticity-bench run x`."
    assert render(found).splitlines()[-1].split() == [
        "s",
        "adam",
        "1",
        "1",
        "1",
        "1",
        "1",
        "2",
        "1",
        "8",
    ]


def test_all_is_complete_packed_or_not(results):
    own = runs("adam", range(3)) + runs("l2", range(3))
    store_request(results.folder, "suite", "run", own)
    for run in own:
        results.save(run, ROWS, INFO)
    for _ in range(2):
        assert of_folder(results).is_complete
        assert summary(of_folder(results)) == ["All 6 runs have results."]
        assert render(of_folder(results)).splitlines()[0].split() == [
            "stream",
            "learner",
            "complete",
            "of",
        ]
        results.pack(many=1)


def test_several_requests_are_merged(results):
    store_request(results.folder, "suite", "twenty seeds", runs("adam", range(20)))
    store_request(
        results.folder, "suite", "ten seeds", runs("adam", range(10)) + runs("l2", [0, 2])
    )
    requests = read_requests(results.folder)
    assert len(requests.runs) == 22
    assert requests.commands == {("s", "adam"): "twenty seeds", ("s", "l2"): "ten seeds"}
    store_request(
        results.folder, "suite", "ten seeds", runs("adam", range(10)) + runs("l2", [0, 2])
    )
    assert len(list((results.folder / "runs").iterdir())) == 2


def test_a_learner_that_changed_is_requested_as_it_is_now(results):
    old, new = runs("adam", range(3), strength=1), runs("adam", range(2), strength=2)
    store_request(results.folder, "suite", "before", old)
    store_request(results.folder, "suite", "after", new)
    for run in (*old, new[0]):
        results.save(run, ROWS, INFO)
    assert counts(results) == {("s", "adam"): (1, 0, 0, 0, 0, 0, 1)}
    assert "3 finished runs beside these" in summary(of_folder(results))[0]
    assert of_folder(results).commands == ["after"]


def test_which_request_was_the_last_does_not_depend_on_the_clock(results):
    versions = [runs("adam", range(2), strength=strength) for strength in (1, 2, 3)]
    times = ("2030-01-01T00:00:00+00:00", "2020-01-01T00:00:00+00:00", None)
    for version, asked_at in zip(versions, times, strict=True):
        before = set((results.folder / "runs").glob("*"))
        store_request(results.folder, "suite", "run", version)
        (path,) = set((results.folder / "runs").glob("*")) - before
        if asked_at:
            path.write_text(json.dumps({**json.loads(path.read_text()), "asked_at": asked_at}))
        assert read_requests(results.folder).runs == version
    store_request(results.folder, "suite", "run", versions[0])
    assert read_requests(results.folder).runs == versions[0]


def test_requests_without_a_number_are_the_oldest(results):
    for strength in (1, 2):
        store_request(results.folder, "suite", "run", runs("adam", [0], strength=strength))
    for path in (results.folder / "runs").iterdir():
        request = json.loads(path.read_text())
        del request["number"]
        path.write_text(json.dumps(request))
    assert read_requests(results.folder).runs == runs("adam", [0], strength=2)
    store_request(results.folder, "suite", "run", runs("adam", [0], strength=1))
    assert read_requests(results.folder).runs == runs("adam", [0], strength=1)


def test_results_of_before_requests_were_stored(results):
    for run in runs("adam", range(3)):
        results.save(run, ROWS, INFO)
    assert counts(results) == {("s", "adam"): (3, 0, 0, 0, 0, 0, 0)}


def test_a_damaged_request_is_told_of(results):
    store_request(results.folder, "suite", "run", runs("adam", range(2)))
    (path,) = (results.folder / "runs").iterdir()
    request = json.loads(path.read_text())
    for wrong in (
        {"groups": 3},
        {"asked_at": 1},
        {"number": -1},
        {"number": "1"},
        {"command": "\x1b[31m"},
    ):
        path.write_text(json.dumps({**request, **wrong}))
        assert "is not a request" in str(read_requests(results.folder).damaged[0])
    request["groups"][0]["seeds"] = [[0, 10**12]]
    path.write_text(json.dumps(request))
    assert "is not a request" in str(read_requests(results.folder).damaged[0])


def test_an_empty_folder_is_refused(results):
    results.folder.mkdir(parents=True)
    with pytest.raises(BadInputError, match="holds no results"):
        of_folder(results)


SUITE = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 2
    updates_per_task: 3
    num_examples: 40
    network: {hidden: [8]}
learners: [fresh, adam]
seeds: 2
measure: {curvature: {every: 1, examples: 16}}
"""


def test_the_verb_beside_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    assert main(["status", "tiny.yaml"]) == 1
    out, err = capsys.readouterr()
    assert "missing" in out
    assert "0 of 6 runs have results. To finish: `plasticity-bench run tiny.yaml`." in err
    assert main(["run", "tiny.yaml", "--jobs", "1"]) == 0
    (folder,) = (tmp_path / "results").iterdir()
    assert main(["status", "tiny.yaml"]) == main(["status", str(folder)]) == 0
    assert "All 6 runs have results." in capsys.readouterr().err
    assert main(["status", "tiny.yaml", "--seeds", "3"]) == 1
    assert "run tiny.yaml --seeds 3`" in capsys.readouterr().err
    (run,) = folder.glob("cells/*/adam/seed000*")
    (run / "cell.json").write_text("[]")
    assert main(["status", str(folder)]) == 1
    out, err = capsys.readouterr()
    assert "damaged" in out
    assert f"{run.relative_to(tmp_path)}/cell.json is not a JSON object" in err.replace(
        f"{tmp_path}/", ""
    )
    assert "To finish: `plasticity-bench run tiny.yaml --jobs 1`." in err
    assert main(["run", "tiny.yaml", "--jobs", "1"]) == 0
    assert "cell.json is not a JSON object: what it held is run again." in capsys.readouterr().err
    assert main(["status", str(folder)]) == 0
    assert main(["status", str(folder), "--seeds", "3"]) == 2


def test_how_far_a_search_is(results, capsys):
    search = Results(results.folder / "tuning")
    first = runs("adam step_size=0.1", range(3)) + runs("adam step_size=0.3", range(3))
    store_request(
        search.folder, "suite: tuning on 4 tasks, round 1 of 2", "plasticity-bench tune x", first
    )
    for run in first[:4]:
        search.save(run, ROWS, INFO)
    search.save_failure(first[4], 'Traceback\n  File "x"\nValueError: too bad', {})
    assert of_search(search) == [
        f"Search in {search.folder}: 4 of 6 runs of the rounds so far have results, 1 failed.",
        "s  adam step_size=0.3: ValueError: too bad",
        "To finish: `plasticity-bench tune x`.",
    ]
    assert main(["status", str(results.folder)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "4 of 6 runs of the rounds so far" in told.err


def test_the_logs_of_tasks_that_left_nothing_are_quoted(results, capsys, monkeypatch):
    monkeypatch.setattr(slurm, "is_available", lambda: False)
    own = runs("adam", range(4))
    store_request(results.folder, "suite", "plasticity-bench run x", own)
    folder = results.folder / "slurm" / "20260101-000000-0"
    folder.mkdir(parents=True)
    (folder / "job.txt").write_text("17\n")
    keys = [run.key for run in own]
    (folder / "chunks.json").write_text(json.dumps([keys[:2], keys[2:]]))
    (folder / "task-0.log").write_text("starting\n\n\x1b[31mImportError: no module\x1b[0m\nbye\n")
    for run in own[2:]:
        results.save(run, ROWS, INFO)
    assert main(["status", str(results.folder)]) == 1
    err = capsys.readouterr().err
    assert f"{folder}/task-0.log, 2 runs: starting | ?[31mImportError: no module?[0m | bye" in err
    assert "task-1.log" not in err
    (folder / "cancelled").touch()
    main(["status", str(results.folder)])
    assert "Slurm job 17 was cancelled." in capsys.readouterr().err


def test_watching_ends_when_all_is_complete(results, capsys, monkeypatch):
    own = runs("adam", range(2))
    store_request(results.folder, "suite", "plasticity-bench run x", own)
    waited = []

    def sleep(seconds):
        results.save(own[len(waited)], ROWS, INFO)
        waited.append(seconds)

    monkeypatch.setattr("plasticity_bench.cli.status.time.sleep", sleep)
    assert main(["status", str(results.folder), "--watch", "3"]) == 0
    assert waited == [3, 3]
    assert capsys.readouterr().out.count("adam") == 3
