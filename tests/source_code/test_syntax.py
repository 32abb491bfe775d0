"""The hash of source is that of what it does: comments and docstrings change nothing."""

import hashlib
import sys

import pytest

from plasticity_bench.source_code.source import source_hash
from plasticity_bench.source_code.syntax import canonical

TEXT = '''\
"""A module."""
import torch
RATE = 1.0
"""A rate."""
class Mine:
    """A learner."""
    strength: float = 1e-3
    def penalty(self, params, state=None, *, scale: int = 2):
        """Return it."""
        return [RATE * scale, *params, f"{state!r:>{scale}}"]
'''

NO_DIFFERENCE = {
    "a comment": ("RATE = 1.0", "RATE = 1.0  # of learning"),
    "a blank line": ("import torch", "\n\nimport torch"),
    "a module's docstring": ("A module.", "Another."),
    "no docstring": ('        """Return it."""\n', ""),
    "a string under a constant": ('"""A rate."""\n', ""),
    "parentheses and breaks": ("RATE * scale,", "(RATE\n            * scale),"),
    "quotes": ('f"{state', "f'{state"),
    "line ends": ("\n", "\r\n"),
}
DIFFERENCES = {
    "a number": ("RATE = 1.0", "RATE = 1.5"),
    "an integer for a float": ("RATE = 1.0", "RATE = 1"),
    "a name": ("Mine", "Yours"),
    "a default": ("scale: int = 2", "scale: int = 3"),
    "no default": ("scale: int = 2", "scale: int"),
    "an annotation": ("scale: int", "scale: float"),
    "an operator": ("RATE * scale", "RATE + scale"),
    "a star": ("*params", "params"),
    "a conversion": ("!r", "!s"),
    "the order of statements": ("import torch\nRATE = 1.0", "RATE = 1.0\nimport torch"),
    "None for nothing": ("state=None", "state=()"),
    "a string that is used": ("scale, *params", "'', scale, *params"),
    "True for 1": ("RATE = 1.0", "RATE = True"),
}


def hashed(text):
    return source_hash([("mine", text.encode())])


@pytest.mark.parametrize(("old", "new"), NO_DIFFERENCE.values(), ids=NO_DIFFERENCE.keys())
def test_what_changes_no_result_changes_no_hash(old, new):
    changed = TEXT.replace(old, new).replace(
        '>{scale}}"', ">{scale}}'" if "f'" in new else '>{scale}}"'
    )
    assert changed != TEXT
    assert canonical(changed.encode()).startswith(b"tree:")
    assert hashed(changed) == hashed(TEXT)


@pytest.mark.parametrize(("old", "new"), DIFFERENCES.values(), ids=DIFFERENCES.keys())
def test_what_may_change_a_result_changes_the_hash(old, new):
    assert TEXT.replace(old, new) != TEXT
    assert hashed(TEXT.replace(old, new)) != hashed(TEXT)


READING_ITSELF = [
    "TEXT = __doc__",
    "def text(of):\n    return of.__doc__",
    "text = getattr(object, '__doc__')",
    "import inspect as i",
    "from inspect import getsource",
    "import linecache",
    "HERE = __file__",
    "__import__('inspect')",
]


@pytest.mark.parametrize("reading", READING_ITSELF)
@pytest.mark.parametrize("old", ["A module.", "A rate.", "Return it."])
def test_what_reads_source_files_is_known_by_every_byte_of_them(reading, old):
    for own, other in ((f"{TEXT}{reading}\n", ""), (TEXT, f"{reading}\n")):
        one, two = (
            source_hash([("mine", text.encode()), ("other", other.encode())])
            for text in (own, own.replace(old, "Another."))
        )
        assert one != two


def test_to_speak_of_them_is_not_to_read_them():
    text = TEXT.replace("A module.", "We inspect __doc__ and __file__.")
    assert hashed(text + "# linecache\n") == hashed(TEXT)


def test_the_hash_is_the_same_on_every_version_of_python():
    digest = hashlib.sha256(canonical(TEXT.encode())).hexdigest()[:16]
    assert digest == "9f18e19eb030649d", sys.version


def test_text_moved_from_one_file_to_another_changes_the_hash():
    first, second = b"A = 1\n", b"B = 2\n"
    files = [
        [("mine", first + second), ("helper", b"")],
        [("mine", first), ("helper", second)],
        [("mine", b""), ("helper", first + second)],
        [("mine", second), ("helper", first)],
        [("mine", first), ("other", second)],
        [("mine", first), ("helper", second), ("more", b"")],
    ]
    assert len({source_hash(some) for some in files}) == len(files)


def test_the_end_of_a_file_is_marked():
    two = [("mine", b"\x00one"), ("helper", b"\x00two")]
    assert source_hash(two) != source_hash([("mine", b"\x00onehelperbytes:\x00two")])


def test_a_class_may_move_to_a_file_of_another_name():
    assert source_hash([("mine", b"A = 1")]) == source_hash([("yours", b"A = 1")])


def test_what_is_not_python_is_hashed_by_its_bytes():
    assert canonical(b"\x7fELF\x00\x01") == b"bytes:\x7fELF\x00\x01"
    assert hashed("def f(:  # one") != hashed("def f(:  # two")
    assert source_hash([("a", b"\x00\x01")]) != source_hash([("a", b"\x00\x02")])


def test_a_deep_tree_and_a_long_number_are_hashed():
    deep = "A = " + " + ".join(["1"] * 3000)
    assert canonical(deep.encode()) != canonical(f"{deep} + 2".encode())
    assert hashed(f"A = {'9' * 4000}") != hashed(f"A = {'9' * 4001}")


CITED = """\
from plasticity_bench import Learner, Method
class Mine(Learner):
    method = Method(paper="2306.13812", year=2024, differences=("One.", "Two."))
    strength: float = 1e-3
"""
PLAIN = """\
from plasticity_bench import Learner
class Mine(Learner):
    strength: float = 1e-3
"""


def test_what_a_learner_cites_changes_no_hash():
    assert hashed(CITED) == hashed(PLAIN)
    assert hashed(CITED) == hashed(CITED.replace("2024", "2023"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("year=2024", "year=2000 + 24"),  # computed
        ("    strength", "    rate = method.year\n    strength"),  # read
        ("    strength", "    word = 'method'\n    strength"),  # perhaps read by its name
        ("    strength", "    other = Method(year=1)\n    strength"),
        ("method = Method", "cited = Method"),
        ("Method(paper", "Method.of(paper"),
    ],
)
def test_a_citation_that_could_be_code_is_code(old, new):
    assert old in CITED
    changed = CITED.replace(old, new)
    assert hashed(changed) != hashed(PLAIN)
    assert hashed(changed) != hashed(changed.replace("2024", "2023").replace("24,", "25,"))
