"""A user's learner is described by another process: its module is not imported in this one."""

import sys

import pytest

from plasticity_bench import cli
from plasticity_bench.errors import BadInputError, LearnerError
from plasticity_bench.learners.stand_in import StandIn
from plasticity_bench.learners.submitted import SubmittedLearner, submitted
from plasticity_bench.recording.users_learners import by_network, declared_learner
from tests.support.helpers import SPEC

pytestmark = pytest.mark.slow  # every process imports PyTorch

LEARNER = """
import dataclasses
import plasticity_bench as pb

class Mine(pb.Learner):
    width: int = 8
    strength: float = 0.1

    def build(self, spec):
        return super().build(dataclasses.replace(spec, hidden=(self.width,)))
"""

SPOILING = """
import sys
from pathlib import Path
import plasticity_bench as pb
import plasticity_bench.scoring.score_table as table

table.entries = table.entries_of = lambda *_, **__: []
for folder in {folders!r}:
    for file in Path(folder).rglob("*"):
        if file.is_file():
            try:
                file.write_bytes(b"spoiled")
            except OSError:
                pass

class Learner(pb.Learner):
    pass
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder that modules are imported from; those of this test are forgotten after it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_its_module_is_not_imported_here(here):
    (here / "described_learner.py").write_text(LEARNER)
    cls = declared_learner("described_learner:Mine")
    assert issubclass(cls, StandIn)
    assert "described_learner" not in sys.modules
    assert cls(width=4).hyperparameters()["width"] == 4
    assert cls is declared_learner("described_learner:Mine")
    (here / "described_learner.py").write_text(LEARNER.replace("0.1", "0.2"))
    assert declared_learner("described_learner:Mine")().hyperparameters()["strength"] == 0.2
    plain = submitted(cls())
    assert isinstance(plain, SubmittedLearner)
    assert (plain.reference, plain.hooks) == ("described_learner:Mine", frozenset({"build"}))
    assert len(plain.source) == 64


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no module 'described_learner'"),
        ("import nowhere\n", "importing described_learner failed: ModuleNotFoundError"),
        ("x = 1\n", "described_learner has no class 'Mine'"),
        ("Mine = int\n", "Mine is not a subclass of plasticity_bench.Learner"),
        (LEARNER.replace("int = 8", "list = 8"), "width must be an int, float, bool or str"),
        (LEARNER.replace("def build", "def bild"), "unknown hook 'bild'"),
        ("import os\nos._exit(3)\n", "the process that calls its hooks died"),
    ],
)
def test_what_is_wrong_with_it_is_one_sentence(here, text, message):
    if text:
        (here / "described_learner.py").write_text(text)
    with pytest.raises((BadInputError, LearnerError), match=message) as error:
        declared_learner("described_learner:Mine")
    assert "\n" not in str(error.value)


def test_networks_are_compared_where_the_class_is(here):
    (here / "described_learner.py").write_text(LEARNER)
    cls = declared_learner("described_learner:Mine")
    learners = [cls(width=4), cls(width=8), cls(width=4, strength=1.0)]
    assert by_network(learners, SPEC) == [[0, 2], [1]]


def test_a_module_that_spoils_what_it_finds_spoils_nothing(here, capsys):
    """It would change other learners' results, and the table, on being imported."""
    (here / "suite.yaml").write_text(
        "suite: own/spoiled-v0\n"
        "streams:\n"
        "  - id: plasticity/RandomLabelDigits-v0\n"
        "    num_examples: 64\n"
        "    num_tasks: 3\n"
        "    updates_per_task: 5\n"
        "    network: {name: mlp, hidden: [8]}\n"
        "learners: [{name: fresh}, {name: adam}]\n"
        "reference: fresh\nseeds: 1\n"
        "measure: {curvature: {every: 1, examples: 32}}\n"
    )
    assert cli.main(["run", "suite.yaml", "--results", "results"]) == 0
    before = {file: file.read_bytes() for file in (here / "results").rglob("*.parquet")}
    assert before
    (here / "spoiling_learner.py").write_text(SPOILING.format(folders=[str(here / "results")]))
    capsys.readouterr()
    arguments = ["run", "suite.yaml", "--results", "results"]
    assert cli.main([*arguments, "--learner", "spoiling_learner:Learner"]) == 0
    assert "spoiling_learner:Learner" in capsys.readouterr().out
    assert "spoiling_learner" not in sys.modules
    assert {file: file.read_bytes() for file in before} == before
