"""`doctor` says what there is; what is broken does not break it."""

import importlib
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from plasticity_bench import doctor


@pytest.fixture
def quick(monkeypatch):
    """Without the compiler, which takes seconds."""
    monkeypatch.setattr(doctor, "_compiler", lambda: iter(()))


def found():
    return {finding.topic: finding for finding in doctor.findings()}


def test_it_tells_what_there_is(quick, own_cache):
    shown = found()
    for topic in ("python", "torch", "processor", "threads", "cache", "Slurm", "matplotlib"):
        assert topic in shown, topic
    assert not any(finding.needed for finding in shown.values())
    assert shown["suite quick"].state == "its data sets are available"
    assert shown["data mnist"].state == "missing"
    assert "mnist" in shown["suite paper"].state
    assert shown["suite paper"].remedy == "Get them: plasticity-bench prepare paper."


def test_each_requirement_is_looked_at():
    """Nothing more, too: what is no requirement need not be there in a fresh environment."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    required = {re.split(r"[<>=]", line)[0] for line in project["dependencies"]}
    distributions = metadata.packages_distributions()
    looked_at = {distributions[module][0].lower().replace("_", "-") for module in doctor.NEEDED}
    # torchvision's operators may be missing, and nothing uses them.
    assert looked_at == required - {"torchvision"}


@pytest.mark.parametrize("module", ["torch", "pyarrow"])
def test_what_cannot_be_imported_is_told_of(quick, monkeypatch, module):
    real = importlib.import_module

    def broken(name, *rest):
        if name == module:
            raise OSError("libx.so: cannot open\nshared object")
        return real(name, *rest)

    monkeypatch.setattr(doctor.importlib, "import_module", broken)
    shown = found()
    assert shown[module].needed
    assert shown[module].state == "libx.so: cannot open shared object"
    assert f"--force-reinstall {module}" in shown[module].remedy
    assert "suite quick" in shown


def test_what_learners_could_do_is_told_of(quick, monkeypatch):
    from plasticity_bench.recording import sealed_process

    monkeypatch.setattr(sealed_process, "isolation", lambda: ("unshare",))
    monkeypatch.setattr(sealed_process, "protects_files", lambda: True)
    assert found()["learners' hooks"].state == "isolated, with files read-only"
    monkeypatch.setattr(sealed_process, "protects_files", lambda: False)
    assert found()["learners' hooks"].state == "could write to files of yours"
    assert found()["learners' hooks"].remedy


def test_a_cache_that_cannot_be_written_is_needed(quick, own_cache, monkeypatch):
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    assert found()["cache"].needed


def test_one_broken_look_ends_no_other(quick, monkeypatch):
    def broken():
        raise RuntimeError("nobody foresaw this")
        yield

    monkeypatch.setattr(doctor, "_devices", broken)
    assert "RuntimeError: nobody foresaw this" in [f.state for f in doctor.findings()]
    assert "suite quick" in found()


@pytest.mark.slow
def test_the_verb_without_torch(tmp_path):
    """A torch that does not import stands first on the path."""
    (tmp_path / "torch.py").write_text("raise OSError('this build does not fit')\n")
    done = subprocess.run(
        [sys.executable, "-m", "plasticity_bench.cli", "doctor"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert (
        "! torch: torch cannot be imported; reinstall it: pip install --force-reinstall torch."
        in done.stderr
    )
    assert "suite quick:" in done.stdout
