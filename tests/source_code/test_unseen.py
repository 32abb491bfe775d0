"""What no key covers is found in the text of a learner's or a stream's files."""

import pytest

from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.shipped import baseline_names
from plasticity_bench.source_code.source import Source, SourceFile, source_of
from plasticity_bench.source_code.unseen import unseen_inputs

HEAD = """\
import os, sys, json, pickle, io
import numpy as np
import torch as t
import helper
from pathlib import Path
from os import environ as E, getenv
from collections import defaultdict
TABLE = {}
SEEN: list = []
COUNTS = defaultdict(int)
CONSTANTS = (1, 2)
total = 0
class Mine: calls = 0
def f(self, x, name):
"""

READ = {
    "open": ("open('a')", "reads by open()"),
    "io.open": ("io.open('a')", "reads by io.open()"),
    "read_text": ("Path('a').read_text()", "reads by read_text()"),
    "read_bytes": ("(Path('a') / 'b').read_bytes()", "reads by read_bytes()"),
    "a path's open": ("Path('a').open()", "reads by open()"),
    "np.load": ("np.load('a.npy')", "reads by numpy.load()"),
    "torch.load": ("t.load('a.pt')", "reads by torch.load()"),
    "pickle.load": ("pickle.load(x)", "reads by pickle.load()"),
    "json.load": ("json.load(x)", "reads by json.load()"),
    "os.environ": ("os.environ['A']", "reads the environment"),
    "environ": ("E.get('A')", "reads the environment"),
    "os.getenv": ("os.getenv('A')", "reads by os.getenv()"),
    "getenv": ("getenv('A')", "reads by os.getenv()"),
    "sys.argv": ("sys.argv[1]", "reads the command line"),
    "a module of a computed name": (
        "__import__(name)",
        "imports a module whose name is computed",
    ),
}
CHANGED = {
    "a rebound global": ("global total; total = 1", "total"),
    "an entry": ("TABLE[x] = 1", "TABLE"),
    "a removed entry": ("del TABLE[x]", "TABLE"),
    "an augmented entry": ("COUNTS[x] += 1", "COUNTS"),
    "append": ("SEEN.append(x)", "SEEN"),
    "setdefault": ("TABLE.setdefault(x, 1)", "TABLE"),
    "an attribute of the class": ("Mine.calls += 1", "Mine"),
    "an attribute of a module": ("helper.FACTOR = 2.0", "helper"),
    "in an inner function": ("\n    def inner(y): TABLE[y] = x", "TABLE"),
}
FINE = {
    "a load of its own": "self.load('a')",
    "a constant": "TABLE[x] + CONSTANTS[0]",
    "its own list": "SEEN = []; SEEN.append(1)",
    "an argument": "x[0] = 1; x.append(2)",
    "a lookup": "TABLE.get(x)",
    "arithmetic": "np.sqrt(t.ones(3)) + json.loads('1')",
    "a module by its name": "__import__('math')",
    "its own attribute": "self.calls = 1",
}


def lines(text):
    source = Source((SourceFile("mine", "/somewhere/mine.py", text.encode()),), {})
    return [str(unseen) for unseen in unseen_inputs(source)]


@pytest.mark.parametrize(("statement", "what"), READ.values(), ids=READ.keys())
def test_what_is_read(statement, what):
    assert lines(f"{HEAD}    {statement}\n") == [f"mine.py:15 {what}"]
    assert lines(f"{HEAD}    pass\ny = {statement}\n") == [f"mine.py:16 {what}"]


@pytest.mark.parametrize(("statement", "name"), CHANGED.values(), ids=CHANGED.keys())
def test_what_is_changed(statement, name):
    line = 16 if "\n" in statement else 15
    assert lines(f"{HEAD}    {statement}\n") == [f"mine.py:{line} changes the global {name}"]


@pytest.mark.parametrize("statement", FINE.values(), ids=FINE.keys())
def test_what_is_covered_by_a_key(statement):
    assert lines(f"{HEAD}    {statement}\n") == []


def test_what_a_module_does_with_its_globals_as_it_is_imported_is_in_its_text():
    assert lines("TABLE = {}\nTABLE[1] = 2\nfor i in range(3):\n    TABLE[i] = i\n") == []


SOURCE = """\
def read(root):
    return decoded(root / "a")
def decoded(path):
    return open(path)
def shared(path):
    return open(path)
def download(root):
    return shared(root)
register_source(data.Source(name="a", find=lambda root: open(root), read=read, download=download))
"""


def test_a_data_set_may_be_read_since_its_contents_have_a_fingerprint():
    assert lines(SOURCE) == []
    stream = "class S:\n    def task(self, seed, index):\n        return {}('a')\n"
    assert lines(SOURCE + stream.format("shared")) == ["mine.py:6 reads by open()"]
    assert lines(SOURCE + stream.format("decoded")) == ["mine.py:4 reads by open()"]
    assert lines(SOURCE + stream.format("open")) == ["mine.py:12 reads by open()"]
    assert lines(SOURCE.replace("Source(", "Other("))


def test_what_runs_only_as_a_program_is_no_part_of_a_learner():
    assert lines("if __name__ == '__main__':\n    open('a')\n") == []


@pytest.mark.parametrize("name", baseline_names())
def test_no_baseline_depends_on_what_its_key_does_not_cover(name):
    assert unseen_inputs(source_of(find_learner(name))) == []
