"""The tables of baselines in docs/learners.md are what the classes say and do."""

import re
from pathlib import Path

import pytest

from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.method import Method
from plasticity_bench.shipped import baseline_names
from tests.support import learners_table

PAGE = learners_table.PAGE.read_text()
COMMAND = "python -m tests.support.learners_table"
TWINS = Path(__file__).parents[1] / "baselines" / "twins"
NO_SOURCE = {"fresh", "input_matching", "layer_norm_redo", "sgd", "torch_optimizer"}


@pytest.mark.slow
def test_the_table_is_what_the_classes_say_and_do():
    text = learners_table.section(PAGE, learners_table.TABLE)
    assert text == learners_table.table(), COMMAND


def test_the_differences_are_those_that_the_classes_state():
    text = learners_table.section(PAGE, learners_table.DIFFERENCES)
    assert text == learners_table.differences(), COMMAND


@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_says_what_it_is(name):
    """A module's line, a class's line that is a sentence, and a source unless it needs none."""
    cls = find_learner(name)
    assert cls.__doc__.strip().splitlines()[0].endswith((".", ":"))
    assert isinstance(vars(cls).get("method"), Method), "the class declares no method of its own"
    method = cls.method
    assert (method.verified == "no source") == (name in NO_SOURCE)
    if name in NO_SOURCE:
        assert method == Method()
        return
    assert method.authors
    assert 1950 < method.year < 2100
    assert (method.paper_link or method.code).startswith("https://")
    if method.paper[:1].isdigit():
        assert method.paper in cls.__doc__
    has_code = method.verified == "authors' code"
    assert bool(re.fullmatch(r"[0-9a-f]{40}", method.commit)) == has_code
    assert method.code.startswith("https://") == has_code
    assert all(difference.endswith(".") for difference in method.differences)


def test_every_baseline_with_a_source_has_a_twin():
    """A test that steps it beside the arithmetic of its source; else `verified` says too much."""
    text = "".join(path.read_text() for path in TWINS.glob("test_*.py"))
    twins = {n for n in baseline_names() if re.search(rf'agree\(\s*"{n}"|"{n}": ', text)}
    assert set(baseline_names()) - twins == NO_SOURCE
