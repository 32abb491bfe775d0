"""What a newcomer types: slips, the version, what there is, what would be run, what comes next."""

import re
import shlex
import subprocess
import sys

import pytest

from plasticity_bench import cli, tables
from plasticity_bench.cli import main, parser
from tests.support.tiny_suite import SUITE


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    return tmp_path


def told(capsys, *arguments):
    """The exit code, and the one line of the error."""
    try:
        code = main(list(arguments))
    except SystemExit as stopped:
        code = stopped.code
    (line,) = capsys.readouterr().err.splitlines()
    return code, line


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["rnu", "quick"], "plasticity-bench: There is no verb 'rnu'. Did you mean 'run'?"),
        (["run", "quick", "--seed", "3"], "no option '--seed'. Did you mean '--seeds'?"),
        (["run", "quick", "--seed=3"], "no option '--seed'. Did you mean '--seeds'?"),
        (["run", "quick", "--learn", "adam"], "no option '--learn'. Did you mean '--learner'?"),
        (["run", "quick", "other"], "plasticity-bench run: one argument too many: 'other'."),
        (["run"], "plasticity-bench run: the following arguments are required: SUITE."),
        (["run", "quick", "--seeds", "x"], "--seeds: a whole number from 1 to 1,000,000, not 'x'."),
        ([], "the following arguments are required: VERB. All options: plasticity-bench --help"),
    ],
)
def test_a_slip_is_one_sentence_with_the_nearest_word(capsys, arguments, expected):
    code, line = told(capsys, *arguments)
    assert code == 2
    assert expected in line


def test_the_version(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert re.fullmatch(r"plasticity-bench \d+\.\d+\.\d+\S*\n", capsys.readouterr().out)


def test_help_has_every_verb_once_in_its_group(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    shown = capsys.readouterr().out
    for verb in cli.VERBS:
        assert len(re.findall(rf"^  {cli._name(verb)} +\S", shown, re.M)) == 1
    for group in parser.GROUPS:
        assert f"\n{group}:\n" in shown


def test_everything_that_is_listed_is_described(capsys, monkeypatch):
    monkeypatch.setattr(tables, "terminal_width", lambda: 80)
    for what in ("suites", "streams"):
        assert main(["list", what]) == 0
        title, *lines = capsys.readouterr().out.splitlines()
        assert title == f"{what}:" and max(map(len, lines)) <= 80
        named = [line for line in lines if line[2] != " "]
        assert all(re.match(r"  \S+  +\S+ \S", line) for line in named)
    assert main(["list"]) == 0
    assert re.search(r"  l2_init +\S+ \S+", capsys.readouterr().out)


def test_a_dry_run_stores_nothing_and_names_the_command(folder, capsys):
    before = sorted(folder.rglob("*"))
    assert main(["run", "tiny.yaml", "--learner", "l2", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert "l2 (own fresh)" in out
    assert "20 runs, 0 finished, 20 to do. Nothing was run." in err
    assert err.endswith("Next: plasticity-bench run tiny.yaml --learner l2\n")
    assert main(["tune", "tiny.yaml", "--settings", "4", "--dry-run"]) == 0
    out, err = capsys.readouterr()
    assert re.search(r"adam +step_size", out)
    assert "random search of 4 settings" in err
    assert sorted(folder.rglob("*")) == before


@pytest.mark.slow
def test_every_verb_ends_with_a_command_that_can_be_pasted(folder, capsys):
    commands = [
        ["run", "tiny.yaml", "--jobs", "1"],
        ["show", "tiny.yaml"],
        ["prepare", "tiny.yaml"],
        ["status", "tiny.yaml"],
        ["collect", "tiny.yaml"],
        ["list"],
        ["schema"],
        ["check", "adam"],
    ]
    for command in commands:
        assert main(command) == 0
        following(capsys, command)
    (results,) = (folder / "results").iterdir()
    of_results = [["table"], ["report"], ["plot"], ["compare", "fresh", "adam"]]
    for verb, *others in of_results:
        assert main([verb, str(results), *others]) == 0
        assert following(capsys, [verb]) in ("report", "plot")


def following(capsys, command):
    *_, last = capsys.readouterr().err.splitlines()
    assert last.startswith("Next: plasticity-bench "), command
    words = shlex.split(last)[2:]
    cli._parser().parse_args(words)
    return words[0]


@pytest.mark.system
@pytest.mark.parametrize(
    ("closed", "code", "out", "err"),
    [
        (">&-", 0, "", ""),
        ("2>&-", 0, "{", ""),
        (">&- 2>&-", 0, "", ""),
        (">/dev/full", 1, "", "What is printed could not be written: no space is left there."),
    ],
)
def test_outputs_that_are_closed_or_full_end_in_no_traceback(closed, code, out, err):
    verb = "import sys; from plasticity_bench.cli import main; sys.exit(main(['schema']))"
    command = f"exec {shlex.join([sys.executable, '-c', verb])} {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stdout[:1] == out
    assert err in done.stderr
    assert "Traceback" not in done.stderr
