"""Runs on the workers of a Dask scheduler: the same table as here."""

import pytest

from plasticity_bench.cli import main
from tests.failures.conftest import SUITE, scores

distributed = pytest.importorskip("distributed")
pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def address():
    """Of a scheduler with one worker, in threads of this process."""
    with distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=1,
        processes=False,
        protocol="tcp",
        dashboard_address=None,
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    return tmp_path


def test_the_address_goes_with_the_engine(here, capsys):
    for options in (["--engine", "dask"], ["--dask", "tcp://nowhere:1"]):
        assert main(["run", "tiny.yaml", *options]) == 2
        assert "--engine dask needs the address of a scheduler" in capsys.readouterr().err
    assert not (here / "results").exists()


def test_tasks_on_workers_give_the_same_table(here, address, capsys):
    assert main(["run", "tiny.yaml", "--format", "csv", "--results", "local"]) == 0
    straight = scores(capsys.readouterr().out)
    run = ["run", "tiny.yaml", "--format", "csv", "--engine", "dask", "--dask", address]
    assert main([*run, "--replicas", "4", "--results", "there", "--no-reuse"]) == 0
    told = capsys.readouterr()
    assert scores(told.out) == straight
    assert "12 runs in 3 tasks: Dask at tcp://" in told.err
    (log, *_) = (here / "there").glob("*/slurm/*/task-0.log")
    assert "4 seeds in" in log.read_text()


def test_a_scheduler_that_does_not_answer_is_told(here, monkeypatch, capsys):
    monkeypatch.setattr("plasticity_bench.running.engines.dask_tasks.CONNECT_SECONDS", 1)
    assert main(["run", "tiny.yaml", "--engine", "dask", "--dask", "tcp://127.0.0.1:9"]) == 2
    assert (
        "--dask tcp://127.0.0.1:9: no scheduler answers within 1 seconds" in capsys.readouterr().err
    )
    assert not (here / "results").exists()
