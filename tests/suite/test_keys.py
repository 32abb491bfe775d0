"""A run's key changes with everything that its result depends on, and with nothing else."""

import importlib
import sys

import gymnasium
import numpy as np
import pytest

from plasticity_bench.evaluation import version
from plasticity_bench.results import Results
from plasticity_bench.streams import registry
from plasticity_bench.suite.contenders import with_learners
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.planning import not_in_keys, plan
from tests.support.helpers import as_before

STREAMS = '''\
"""Streams of my own."""
from dataclasses import dataclass
import numpy as np
import plasticity_bench as pb
from keyed_helper import SCALE


@dataclass(frozen=True, kw_only=True)
class Mine(pb.DatasetStream):
    """Random labels."""

    num_examples: int = 40
    num_tasks: int = 40
    updates_per_task: int = 3

    def task(self, seed, index):
        """Return a task."""
        e = self.examples(seed)
        labels = self.rng(seed, index).integers(10, size=len(e))
        return pb.Task(e, labels)


pb.register("keyed/Mine-v0", Mine)
'''

SUITE = """\
suite: test/keyed-v0
streams:
  - {id: "keyed_streams:keyed/Mine-v0", network: {hidden: [8]}}
learners: [fresh]
measure: {curvature: {every: 40, examples: 16}}
"""

COVERED = np.linspace(0, 39, 16).astype(int).tolist()
METHODS = {
    "inputs": "    def inputs(self, examples):\n        return super().inputs(examples) * np.float32(0.5)\n",
    "left over": "    def left_over(self, seed, index):\n        return np.zeros((0, self.batch_size), int)\n",
    "updates": "    def updates(self, index):\n        return 6 if index == 1 else 3\n",
    "scored tasks": "    def scored_tasks(self):\n        return [0]\n",
}
EDITS = {
    "seeds above 0": ("return pb.Task(e, labels)", "return pb.Task(e, labels if seed == 0 else labels[::-1].copy())"),
    "tasks that the fingerprint leaves out": (
        "return pb.Task(e, labels)",
        f"return pb.Task(e, labels if index in {COVERED} else labels[::-1].copy())",
    ),
    **{name: ('    def task', f"{text}\n    def task") for name, text in METHODS.items()},
}  # fmt: skip
NO_EDITS = {
    "a comment": ("labels = self", "# Drawn.\n        labels = self"),
    "a docstring": ("Random labels.", "Labels at random."),
    "a blank line": ("import numpy", "\n\nimport numpy"),
}


@pytest.fixture
def keys(tmp_path, monkeypatch):
    """A function from the texts of the files to the keys, by learner and seed."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # edits within a second are seen
    monkeypatch.syspath_prepend(str(tmp_path / "lib"))
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "lib").mkdir()
    (tmp_path / "suite.yaml").write_text(SUITE)

    def keys_of(streams=STREAMS, helper="SCALE = 1.0\n"):
        for name in ("keyed_streams", "keyed_helper"):
            sys.modules.pop(name, None)
        (tmp_path / "keyed_streams.py").write_text(streams)
        (tmp_path / "lib" / "keyed_helper.py").write_text(helper)
        importlib.invalidate_caches()
        suite = load_suite(str(tmp_path / "suite.yaml"))
        groups = plan(suite, suite.contenders, range(2))
        return {(run.learner, run.seed): run.key for group in groups for run in group.runs}

    with as_before(registry._registered), as_before(gymnasium.registry):
        yield keys_of
    for name in ("keyed_streams", "keyed_helper"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(("old", "new"), EDITS.values(), ids=EDITS.keys())
def test_an_edited_stream_has_other_keys(keys, old, new):
    before = keys()
    after = keys(STREAMS.replace(old, new))
    assert before.keys() == after.keys()
    assert not set(before.values()) & set(after.values())


@pytest.mark.parametrize(("old", "new"), NO_EDITS.values(), ids=NO_EDITS.keys())
def test_a_stream_with_another_comment_has_the_same_keys(keys, old, new):
    assert STREAMS.replace(old, new) != STREAMS
    assert keys(STREAMS.replace(old, new)) == keys()


def test_a_streams_helper_in_another_folder_is_in_its_key(keys):
    before = keys()
    assert not set(before.values()) & set(keys(helper="SCALE = 2.0\n").values())
    assert keys(helper="SCALE = 1.0  # as before\n") == before


def test_another_version_of_the_evaluator_has_other_keys(keys, monkeypatch):
    before = keys()
    monkeypatch.setattr(version, "VERSION", version.VERSION + 1)
    assert not set(before.values()) & set(keys().values())


def test_the_order_of_settings_is_no_difference(keys, tmp_path):
    keys()
    suite = load_suite(str(tmp_path / "suite.yaml"))
    one = with_learners((), ["adam"], {"step_size": 0.01, "beta1": 0.8})
    other = with_learners((), ["adam"], {"beta1": 0.8, "lr": 0.01})
    first, second = (plan(suite, some, range(1))[0].runs[0] for some in (one, other))
    assert first.address == second.address
    assert Results(tmp_path).path(first) == Results(tmp_path).path(second)


@pytest.mark.slow
def test_what_no_key_covers_is_named_once(keys, tmp_path):
    (tmp_path / "unseen_learner.py").write_text(
        "import os\nimport plasticity_bench as pb\nclass Mine(pb.Learner):\n"
        "    strength: float = 1.0\n    def penalty(self, params, state):\n"
        "        return float(os.environ['X'])\n"
    )
    task = "        seed += len(open('seed').read()) if index < 0 else 0\n        e = self"
    keys(STREAMS.replace("        e = self", task))
    suite = load_suite(str(tmp_path / "suite.yaml"))
    added = with_learners((), ["unseen_learner:Mine"], {"strength": 2.0})
    added += with_learners((), ["unseen_learner:Mine"], {"strength": 3.0})
    sentences = not_in_keys(plan(suite, (*suite.contenders, *added), range(2)))
    end = "if what is read or changed there differs, results keep their key and are not computed again."
    assert sentences == [
        f"Mine-v0: keyed_streams.py:18 reads by open(): {end}",
        f"unseen_learner:Mine strength=2.0: unseen_learner.py:6 reads the environment: {end}",
    ]
