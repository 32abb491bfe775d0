"""One rule for names: no character that cannot be seen, at every door."""

import dataclasses
from pathlib import Path

import pytest

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.data import SOURCES
from plasticity_bench.data.source import register_source, source
from plasticity_bench.learners.hyperparameters import RESERVED
from plasticity_bench.learners.lookup import check_class, find_learner
from plasticity_bench.names import check_name, check_names, given_path, is_invisible
from plasticity_bench.streams.registry import register
from plasticity_bench.suite.contenders import Contender
from tests.support.tiny_suite import SUITE

INVISIBLE = {
    "\u00a0": "U+00A0 NO-BREAK SPACE",
    "\u3000": "U+3000 IDEOGRAPHIC SPACE",
    "\u2003": "U+2003 EM SPACE",
    "\t": "U+0009 TAB",
    "\n": "U+000A LINE FEED",
    "\x00": "U+0000 NULL",
    "\x1b": "U+001B a control character",
    "\u200b": "U+200B ZERO WIDTH SPACE",
    "\u200d": "U+200D ZERO WIDTH JOINER",
    "\ufeff": "U+FEFF ZERO WIDTH NO-BREAK SPACE",
    "\u202e": "U+202E RIGHT-TO-LEFT OVERRIDE",
    "\u2066": "U+2066 LEFT-TO-RIGHT ISOLATE",
    "\u00ad": "U+00AD SOFT HYPHEN",
    "\u2028": "U+2028 LINE SEPARATOR",
    "\u3164": "U+3164 HANGUL FILLER",
    "\u2800": "U+2800 BRAILLE PATTERN BLANK",
    "\ufe0f": "U+FE0F VARIATION SELECTOR-16",
    "\ud800": "U+D800 a control character",
}
IDS = [name.split()[0] for name in INVISIBLE.values()]
VISIBLE = ["SGD, 1e-2", "\u03c1 = 0.5 (\u03bc)", "学習率", "a/b-v0", "é", "a|b", "√2"]


@pytest.mark.parametrize("character", INVISIBLE, ids=IDS)
def test_characters_that_cannot_be_seen_are_refused_by_name(character):
    with pytest.raises(pb.BadInputError) as error:
        check_name(f"a{character}b", "The label", "label")
    assert str(error.value).startswith("The label 'a")
    assert f"contains {INVISIBLE[character]}, which cannot be seen" in str(error.value)
    assert error.value.key == "label"
    assert is_invisible(character)


@pytest.mark.parametrize("name", VISIBLE)
def test_names_that_can_be_seen_are_accepted(name):
    assert check_name(name, "The label") == name


@pytest.mark.parametrize("name", [" a", "a ", " "])
def test_spaces_at_the_ends_are_refused(name):
    with pytest.raises(pb.BadInputError, match="begins or ends with a space"):
        check_name(name, "The label")


def test_strings_are_checked_wherever_they_are():
    check_names({"a": [1, ("b",), {"c": None}]}, "It")
    for nested in ({"a\t": 1}, {"a": ["b\t"]}, [("c", ["\t"])]):
        with pytest.raises(pb.BadInputError, match="U\\+0009 TAB"):
            check_names(nested, "It")


class Named(pb.Learner):
    mode: str = "plain"


BAD = "x\u00a0y"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stream(pb.Stream):
    note: str = ""
    input_shape = (4,)
    num_outputs = 2

    def size(self, index):
        return 4

    def task(self, seed, index):
        raise NotImplementedError


DOORS = {
    "label": lambda: Contender(BAD, pb.Learner()),
    "hyperparameter": lambda: Named(mode=BAD),
    "replaced hyperparameter": lambda: Named().replaced({"mode": BAD}),
    "learner": lambda: find_learner(BAD),
    "module": lambda: find_learner(f"my{BAD}:Learner"),
    "stream": lambda: pb.make_stream(f"lab/{BAD}-v0"),
    "registered stream": lambda: register("lab/X\u3164-v0", Stream),
    "stream's parameter": lambda: pb.make_stream(
        "plasticity/RandomLabelDigits-v0", dataset=f"digits{BAD}"
    ),
    "data set": lambda: source(BAD),
    "registered data set": lambda: register_source(
        dataclasses.replace(SOURCES["digits"], name=BAD)
    ),
    "path": lambda: given_path(BAD),
}


@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses_them(door):
    with pytest.raises(pb.BadInputError, match="contains U\\+(00A0 NO-BREAK SPACE|3164 HANGUL)"):
        DOORS[door]()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        ("name: adam", 'name: adam, label: "A\\u00A0"', "tiny.yaml:15: learners[1].label"),
        ("name: adam", 'name: adam, optimizer: "adam\\t"', "tiny.yaml:15: learners[1].optimizer"),
        ("name: adam", 'name: "adam\\u200b"', "tiny.yaml:15: learners[1].name"),
        ("suite: test/tiny-v0", 'suite: "test/tiny-v0\\n"', "tiny.yaml:1: suite"),
        ("num_tasks: 4", 'label: "x\\u3000y"\n    num_tasks: 4', "tiny.yaml:4: streams[0].label"),
        ("seeds: 2", 'reference: "fresh "\nseeds: 2', "tiny.yaml:16: reference"),
    ],
)
def test_a_suite_is_refused_with_its_line_before_anything_runs(folder, capsys, old, new, where):
    (folder / "tiny.yaml").write_text(SUITE.replace(old, new, 1))
    assert main(["run", "tiny.yaml"]) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"plasticity-bench: {where}: the text ")
    assert "which cannot be seen" in told
    assert not (folder / "results").exists()


def test_a_description_may_have_lines(folder, capsys):
    text = SUITE.replace("streams:", "description: |\n  One.\n  Two.\nstreams:", 1)
    (folder / "tiny.yaml").write_text(text)
    assert main(["show", "tiny.yaml"]) == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--results", "\u7d50\u679c\u3000x"],
        ["--results=a\u00a0b"],
        ["--learner", "adam", "-H", "step_size=1e-3\u200b"],
        ["--learner", "adam\u202e"],
        ["--tuned", "a\tb"],
    ],
)
def test_arguments_are_refused_before_anything_runs(folder, capsys, arguments):
    (folder / "tiny.yaml").write_text(SUITE)
    assert main(["run", "tiny.yaml", *arguments]) == 2
    _, told = capsys.readouterr()
    assert told.startswith("plasticity-bench: The argument ")
    assert "which cannot be seen" in told
    assert [path.name for path in folder.iterdir()] == ["tiny.yaml"]


def test_a_value_of_yaml_is_checked_as_it_is_read(folder, capsys):
    (folder / "tiny.yaml").write_text(SUITE)
    given = ["--learner", "adam", "-H", 'optimizer="ad\\u00A0am"']
    assert main(["run", "tiny.yaml", *given]) == 2
    assert "Adam: optimizer 'ad\\xa0am' contains U+00A0" in capsys.readouterr().err


def test_paths_are_expanded(folder, monkeypatch, capsys):
    home = folder / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    assert given_path("~/x") == home / "x"
    assert given_path("x/~") == Path("x/~")
    with pytest.raises(pb.BadInputError, match="no such home folder"):
        given_path("~nobody-of-that-name/x")
    (home / "tiny.yaml").write_text(SUITE)
    assert main(["run", "~/tiny.yaml", "--jobs", "1", "--seeds", "1", "--results=~/res"]) == 0
    assert [path.name.split("@")[0] for path in (home / "res").iterdir()] == ["tiny-v0"]
    assert not (folder / "~").exists()
    capsys.readouterr()


# ---- reserved names of hyperparameters ----------------------------------------------------------


@pytest.mark.parametrize("name", RESERVED)
def test_reserved_names_are_refused_with_the_reason(name):
    cls = type("Mine", (pb.Learner,), {"__annotations__": {name: float}, name: 1.0})
    sentence = f"Learner Mine: {name} cannot be a hyperparameter, because it is {RESERVED[name]}"
    with pytest.raises(pb.BadInputError, match=f"{sentence}: give it another name"):
        cls()


def test_the_names_that_collide_are_reserved():
    from plasticity_bench.suite.suite_file import LearnerEntry

    helpers = {name for name in vars(pb.Learner) if not name.startswith("_")}
    may_be_declared = {*pb.Learner().hyperparameters(), "reset_count"}
    own = helpers - may_be_declared
    assert own | set(LearnerEntry.model_fields) <= set(RESERVED)
    assert not set(RESERVED) & set(pb.Learner().hyperparameters())


def test_a_learner_is_refused_when_it_is_looked_up(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder))
    text = "import plasticity_bench as pb\nclass Mine(pb.Learner):\n    seed: int = 1\n"
    (folder / "reserved_names.py").write_text(text)
    with pytest.raises(
        pb.BadInputError, match="seed cannot be a hyperparameter, because it is a c"
    ):
        find_learner("reserved_names:Mine")
    check_class("Named", Named)


def test_a_name_is_composed_in_one_way():
    """Two that are shown alike would be two learners; names of files are the system's."""
    composed, decomposed = "caf\u00e9", "cafe\u0301"
    assert check_name(composed, "The label") == composed
    with pytest.raises(pb.BadInputError, match="looks like another name"):
        check_name(decomposed, "The label")
    assert str(given_path(decomposed)) == decomposed


def test_no_error_has_what_a_terminal_obeys():
    message = str(pb.BadInputError("a\x1b[2J\x07\nb\u202e"))
    assert message == r"a\x1b[2J\x07 b\u202e"
