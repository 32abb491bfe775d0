"""The table of baselines in docs/learners.md is what the classes say and do."""

import re
from pathlib import Path

import pytest

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.recording.costs import costs
from plasticity_bench.recording.recorder import Recorder
from plasticity_bench.shipped import baseline_names

PAGE = (Path(__file__).parents[2] / "docs" / "learners.md").read_text()
NETWORK = pb.NetworkSpec(hidden=(64, 64), input_shape=(8, 8), num_outputs=10)


def row(name):
    cls = find_learner(name)
    rule = cls.__doc__.strip().splitlines()[0].replace("|", r"\|")
    sources = [
        f"[{n}](https://arxiv.org/abs/{n})" for n in re.findall(r"arXiv:([\d.]+\d)", cls.__doc__)
    ]
    runs = (
        f"`{name}`",
        rule,
        ", ".join(dict.fromkeys(sources)),
        *needs(cls()),
    )
    return f"| {' | '.join(runs)} |".replace("|  |", "| |").replace("|  |", "| |")


def needs(learner):
    if not learner.vectorized:
        return ("", "not recorded", "")
    recorder = Recorder([learner], NETWORK)
    cost = costs(recorder.record, recorder.update((32, 8, 8), (32,)), NETWORK)
    kept = f"{cost.memory:.1f}" if cost.memory >= 0.05 else "under 0.1"
    return ("yes" if cost.boundaries else "", f"{cost.flops:.2f}", kept if cost.memory else "")


@pytest.mark.slow
def test_the_table_is_what_the_classes_say_and_do():
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    expected = [row(name) for name in baseline_names()]
    assert rows == expected, "the table should be:\n" + "\n".join(expected)


@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_says_what_it_is(name):
    """A module's line, a class's line that is a sentence, and a source unless it needs none."""
    cls = find_learner(name)
    own = ("sgd", "l2", "leaky_relu", "fresh", "input_matching", "sdp", "torch_optimizer")
    assert cls.__doc__.strip().splitlines()[0].endswith((".", ":"))
    assert "arXiv:" in cls.__doc__ or name in own
