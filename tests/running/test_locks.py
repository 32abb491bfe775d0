"""Claims: one process at a time, and as many runs as a population has."""

import pytest

from plasticity_bench.running import locks


def test_a_claimed_run_is_nobody_elses_until_it_is_let_go(tmp_path):
    with locks.claimed(tmp_path, ["a", "b"]) as mine:
        assert mine == {"a", "b"}
        assert locks.is_claimed(tmp_path, "a")
        with locks.claimed(tmp_path, ["b", "c"]) as rest:
            assert rest == {"c"}
    assert not locks.is_claimed(tmp_path, "a")
    assert not list((tmp_path / "locks").iterdir())


def test_a_population_may_be_larger_than_the_number_of_files_that_may_be_open(tmp_path):
    resource = pytest.importorskip("resource")
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    keys = [f"{number:024}" for number in range(600)]
    resource.setrlimit(resource.RLIMIT_NOFILE, (500, most))
    try:
        with locks.claimed(tmp_path, keys):
            assert len(list((tmp_path / "locks").iterdir())) == len(keys)
            assert locks.is_claimed(tmp_path, keys[-1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))
