"""What is stored of the repository around a run."""

import os
import subprocess

from plasticity_bench.provenance import git_state


def test_names_of_files_may_be_in_any_encoding(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    subprocess.run(["git", "init", "-q"], check=True)
    subprocess.run(["git", *settings, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run(["git", "config", "core.quotePath", "false"], check=True)
    assert git_state()["dirty"] is False
    (tmp_path / os.fsdecode(b"caf\xe9")).touch()
    state = git_state()
    assert state["dirty"] is True and len(state["commit"]) == 40
