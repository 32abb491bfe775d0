"""The current folder is searched for modules last, and only by verbs that take a user's code."""

import subprocess
import sys

import pytest

from plasticity_bench.cli import main

LEARNER = """\
import plasticity_bench as pb


class Learner(pb.Learner):
    pass
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with modules called like an installed one and like Python's."""
    for name in ("tabulate", "yaml", "pydantic", "csv", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text(f"open('ran {name}', 'w').close()\n")
    (tmp_path / "my_learner.py").write_text(LEARNER)
    (tmp_path / "results").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(folder, *arguments):
    """What of the folder was run, as a script that is installed starts: it does not search here."""
    code = (
        "import sys; sys.path.remove(''); from plasticity_bench.cli import main; sys.exit(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in done.stderr
    return [path.name for path in folder.glob("ran *")], done


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ("validate", "results"),
        ("verify", "results"),
        ("leaderboard", "--entries", "results"),
        ("table", "results"),
        ("show", "quick"),
        ("check", "my_learner:Missing"),
    ],
)
def test_a_module_beside_a_checkout_is_not_run(folder, arguments):
    assert ran(folder, *arguments)[0] == []


@pytest.mark.slow
def test_a_learner_in_the_current_folder_is_found(folder):
    files, done = ran(folder, "check", "my_learner:Learner")
    assert files == []
    assert done.stdout == "my_learner:Learner passed.\n"


@pytest.mark.parametrize(
    ("arguments", "last"),
    [
        (["leaderboard", "--entries", "results"], False),
        (["leaderboard", "--entries", "results", "--suite", "quick"], True),
        (["table", "results"], True),
    ],
)
def test_where_the_folder_is_searched(folder, monkeypatch, arguments, last):
    monkeypatch.setattr(sys, "path", ["", str(folder), *sys.path])  # as `python -m` has it
    main(arguments)
    assert str(folder) not in sys.path
    assert [index for index, path in enumerate(sys.path) if path == ""] == (
        [len(sys.path) - 1] if last else []
    )


def test_a_name_that_is_too_long_ends_in_a_sentence(folder, capsys):
    for arguments in (["validate", "a" * 10_000], ["run", "a" * 10_000], ["table", "a" * 300]):
        assert main(arguments) == 2
        told = capsys.readouterr().err
        assert len(told) < 2500
        assert "Traceback" not in told
