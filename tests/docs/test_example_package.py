"""The example package of docs/new-stream.md, installed in an environment of its own."""

import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

pytestmark = pytest.mark.system

EXAMPLE = Path(__file__).parents[2] / "examples" / "moving-clusters"


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A new environment that sees this one's packages, with the example installed into it."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    query = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.check_output([python, "-c", query], text=True).strip())
    ours = sysconfig.get_path("purelib")
    (packages / "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
    source = tmp_path_factory.mktemp("source") / "moving-clusters"
    subprocess.run(["cp", "-r", EXAMPLE, source], check=True)  # building leaves files behind
    subprocess.run(
        [*pip, "--no-deps", "--no-build-isolation", "--disable-pip-version-check", source],
        check=True,
    )
    return python, packages


def command(environment, *arguments):
    python, _ = environment
    return subprocess.run(
        [python, "-m", "plasticity_bench.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "default"},
    )


def test_it_is_listed_and_keeps_the_rules(environment):
    listed = command(environment, "list")
    assert "\n  my-lab/MovingClusters-v0 " in listed.stdout
    checked = command(environment, "check", "my-lab/MovingClusters-v0")
    assert (checked.returncode, checked.stderr) == (0, "Next: plasticity-bench schema\n")
    assert checked.stdout == "my-lab/MovingClusters-v0 passed.\n"


def test_it_runs_in_a_suite(environment, tmp_path):
    suite = str(EXAMPLE / "suite.yaml")
    run = command(environment, "run", suite, "--seeds", "2", "--results", str(tmp_path))
    assert run.returncode == 0, run.stderr
    assert "MovingClusters-v0" in run.stdout
    assert {"fresh", "adam", "l2_init"} <= set(run.stdout.split())


def test_it_is_unknown_elsewhere():
    """It is the installed package that registers it."""
    listed = subprocess.run(
        [sys.executable, "-m", "plasticity_bench.cli", "list"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "MovingClusters" not in listed.stdout


def test_a_broken_plugin_warns_and_breaks_nothing_else(environment):
    _, packages = environment
    broken = packages / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (broken / "entry_points.txt").write_text(
        "[plasticity_bench.streams]\nbroken = no_such_module:register\n"
    )
    try:
        listed = command(environment, "list")
    finally:
        for file in broken.iterdir():
            file.unlink()
        broken.rmdir()
    assert listed.returncode == 0
    assert "Stream plugin 'broken' is left out: ModuleNotFoundError" in listed.stderr
    assert "\n  my-lab/MovingClusters-v0 " in listed.stdout
    assert "\n  plasticity/RandomLabelDigits-v0 " in listed.stdout
