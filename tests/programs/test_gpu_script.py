"""benchmarks/gpu_all.sh runs through without a GPU, in tiny sizes."""

import subprocess

import pytest

from tests.support.pages import ROOT

SCRIPT = ROOT / "benchmarks" / "gpu_all.sh"


def script(*words, **named):
    return subprocess.run(
        [SCRIPT, *words], check=False, capture_output=True, text=True, timeout=900, **named
    )


def test_a_dry_run_prints_the_parts_within_ten_minutes():
    lines = script("--dry-run").stdout.splitlines()
    limits = {line.split()[0]: int(line.split()[3]) for line in lines}
    assert limits.pop("all") == sum(limits.values()) <= 600
    assert script().returncode == 2


@pytest.mark.system
def test_every_part_runs_on_the_cpu(tmp_path):
    done = script(tmp_path, "--tiny")
    assert done.returncode == 0, done.stdout + "".join(
        p.read_text() for p in tmp_path.glob("*.log")
    )
    tables = {path.stem: path.read_text() for path in tmp_path.glob("*.md")}
    assert len(tables) == len(done.stdout.splitlines())
    rates = [line for line in tables["rates"].splitlines() if line.startswith("| 64-8-10")]
    assert len(rates) == 10
    assert "4 replicas did not fit into memory; 2 were tried" in tables["memory"]
    assert tables["agreement"].count("+0.00 [+0.00, +0.00]") == 6  # the CPU beside itself
    assert "3 passed" in tables["tests"]
    (row,) = [line for line in tables["suite"].splitlines() if "benchmark/gpu-v0" in line]
    assert row.split("|")[2:4] == [" 6 ", " 6 "]
