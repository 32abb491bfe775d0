"""`submit --pull-request`: a branch with the entry, a text, and the command that pushes it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from plasticity_bench.cli import main
from plasticity_bench.leaderboard import page
from plasticity_bench.leaderboard.entry import entry_sha256
from plasticity_bench.suite.loading import load_suite

BRANCH = "entry/tiny-v0/mine"


def git(place, *arguments):
    command = ["git", "-C", str(place), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def clone(made, tmp_path, monkeypatch):
    """A clone of a leaderboard with two entries; the results are beside it."""
    for name in ("results", "my_module.py", "tiny.yaml", "tuning.yaml"):
        source = made / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    place = tmp_path / "clone"
    shutil.copytree(made / "entries", place / "leaderboard" / "entries")
    shutil.rmtree(place / "leaderboard" / "entries" / "tiny-v0" / "mine")
    (place / "leaderboard" / "README.md").write_text(page.HEAD + "an earlier time\n")
    monkeypatch.chdir(tmp_path)
    # So that neither names nor hooks of the machine's own settings have a part in it.
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    (tmp_path / "gitconfig").write_text("[user]\nname = A\nemail = a@b.c\nuseConfigOnly = true\n")
    git(tmp_path, "init", "--quiet", "--initial-branch", "main", str(place))
    git(place, "add", "."), git(place, "commit", "--quiet", "-m", "base")
    return place


def submit(output, *more, name="mine"):
    (results,) = Path("results").glob("tiny-v0@*")
    return main(["submit", str(results), "--name", name, "--authors", "A. B, C. D",
                 "--learner", "my_module:Learner (tuned)", "--suite", "tiny.yaml",
                 "--output", str(output), "--pull-request", *more])  # fmt: skip


@pytest.fixture
def own_module(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(tmp_path))


def refused(capsys, clone, output=None, name="mine"):
    """The sentence by which it is refused; nothing has changed."""
    before = git(clone, "status", "--porcelain") + git(clone, "branch", "--list")
    assert submit(output or clone / "leaderboard" / "entries", name=name) == 2
    assert git(clone, "status", "--porcelain") + git(clone, "branch", "--list") == before
    (told,) = [line for line in capsys.readouterr().err.splitlines() if "pull-request" in line]
    return told


@pytest.mark.slow
def test_the_branch_has_the_entry_and_the_page(clone, capsys, own_module):
    assert submit(clone / "leaderboard" / "entries") == 0
    shown = capsys.readouterr()
    assert git(clone, "branch", "--show-current").strip() == BRANCH
    assert git(clone, "status", "--porcelain") == ""
    changed = git(clone, "diff", "--name-only", "main", BRANCH).split()
    folder = "leaderboard/entries/tiny-v0/mine"
    assert changed == ["leaderboard/README.md", *(f"{folder}/{name}" for name in (
        "manifest.json", "measurements.parquet", "source/my_module.py", "tuning.yaml"))]  # fmt: skip
    assert git(clone, "log", "-1", "--format=%s").strip() == "Entry mine on tiny-v0"
    assert "| mine " in (clone / "leaderboard" / "README.md").read_text()
    assert shown.out.startswith("# Entry mine on tiny-v0\n")
    assert "`my_module:Learner`" in shown.out and re.search(
        r"^\| +\d \[1, 2\] \| [ab] +\| mine ", shown.out, re.M
    )
    assert f"plasticity-bench validate {folder}" in shown.out
    assert f"git -C {clone} push --set-upstream origin {BRANCH}" in shown.err
    # The entry is the one that `submit` makes without the option.
    assert entry_sha256(clone / folder)
    suite = load_suite("tiny.yaml")
    names = {row.name for row in page.table_of(clone / "leaderboard" / "entries", suite, print)}
    assert names == {"fresh", "adam", "mine"}


def test_where_there_is_no_clone(clone, capsys, tmp_path, own_module):
    told = refused(capsys, clone, output=tmp_path / "elsewhere" / "entries")
    assert "is in no clone of a repository" in told
    assert not (tmp_path / "elsewhere").exists()


def test_changes_that_are_not_committed(clone, capsys, own_module):
    (clone / "leaderboard" / "README.md").write_text("changed")
    assert "leaderboard/README.md in" in refused(capsys, clone)
    git(clone, "checkout", "--", ".")
    (clone / "leaderboard" / "entries" / "stray").write_text("new")
    assert "leaderboard/entries/stray in" in refused(capsys, clone)
    (clone / "leaderboard" / "entries" / "stray").unlink()


@pytest.mark.slow
def test_a_learner_beside_the_entries_is_no_change(clone, own_module):
    """People keep their learner in the clone, untracked."""
    (clone / "my_module.py").write_text("x = 1\n")
    assert submit(clone / "leaderboard" / "entries") == 0
    assert git(clone, "status", "--porcelain") == "?? my_module.py\n"


def test_a_branch_that_exists(clone, capsys, own_module):
    git(clone, "branch", BRANCH)
    assert f"the branch {BRANCH} exists" in refused(capsys, clone)
    assert "entry/tiny-v0/a..b cannot be a branch" in refused(capsys, clone, name="a..b")


def test_the_branch_of_another_entry(clone, capsys, own_module):
    git(clone, "switch", "--quiet", "--create", "entry/tiny-v0/other")
    told = refused(capsys, clone)
    assert "is on the branch of another entry, entry/tiny-v0/other" in told


def test_without_git(clone, capsys, own_module, monkeypatch, tmp_path):
    (tmp_path / "empty").mkdir()
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "empty"))
        assert submit(clone / "leaderboard" / "entries") == 2
    assert "--pull-request needs git, which is not installed." in capsys.readouterr().err


def test_what_git_refuses_is_one_sentence(clone, capsys, own_module, tmp_path):
    """Here the hook of the clone."""
    entries = clone / "leaderboard" / "entries"
    hook = clone / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho 'the hook objects' >&2\nexit 1\n")
    hook.chmod(0o755)
    assert submit(entries) == 2
    assert "git commit: the hook objects" in capsys.readouterr().err
    (tmp_path / "gitconfig").write_text("[user]\nuseConfigOnly = true\n")
    git(clone, "checkout", "--quiet", "-f", "main"), git(clone, "branch", "-D", BRANCH)
    assert submit(entries) == 2
    assert "git does not know who you are" in capsys.readouterr().err
    assert {path.name for path in entries.glob("tiny-v0/*")} == {"adam", "fresh"}
