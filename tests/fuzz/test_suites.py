"""Suites of any content are loaded, or refused in a sentence."""

import tempfile
from importlib import resources
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from plasticity_bench.errors import BadInputError
from plasticity_bench.shipped import SUITES, suite_names
from plasticity_bench.suite import yaml_source
from plasticity_bench.suite.loading import load_suite
from tests.fuzz.support import QUICK, edits, mutated, scalars, told


def load(text):
    """A suite from text: loaded, or refused in a sentence."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "suite.yaml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        with told():
            load_suite(str(path), with_data=False)
        assert [p.name for p in Path(name).iterdir()] == ["suite.yaml"]


TINY = {
    "suite": "test/tiny-v0",
    "streams": [
        {
            "id": "plasticity/RandomLabelDigits-v0",
            "num_tasks": 2,
            "updates_per_task": 3,
            "num_examples": 40,
            "network": {"hidden": [8], "activation": "relu"},
        }
    ],
    "learners": ["fresh", {"name": "l2", "strength": 0.5}],
    "seeds": 2,
    "measure": {"curvature": {"every": 1, "examples": 16}, "diagnostics": ["dormant_units"]},
}


def places(value, path=()):
    """All paths into a document."""
    yield path
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


PLACES = list(places(TINY))
printable = scalars.filter(lambda value: value != "\ud800")
yaml_values = st.recursive(
    printable,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text("abc_", max_size=6) | st.integers() | st.none(), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@pytest.mark.slow
@QUICK
@given(yaml_values)
def test_any_document(value):
    load(yaml.safe_dump(value))


@QUICK
@given(st.text(max_size=200) | st.text("[]{}&*!:,- \n\"'|>#%@abc01", max_size=80))
def test_any_text(text):
    load(text)


@QUICK
@given(st.sampled_from(PLACES), yaml_values)
def test_a_suite_with_one_wrong_value(path, value):
    load(yaml.safe_dump(replaced(TINY, path, value)))


@QUICK
@given(st.sampled_from(suite_names()), edits)
def test_bytes_of_suites(name, changes):
    content = (resources.files(SUITES) / f"{name}.yaml").read_bytes()
    load(mutated(content, changes))


BOMB = "a: &a [x, x]\n" + "".join(
    f"{'bcdefghijklmnopqrstuvw'[i]}: &{'bcdefghijklmnopqrstuvw'[i]} "
    f"[*{'abcdefghijklmnopqrstuv'[i]}, *{'abcdefghijklmnopqrstuv'[i]}]\n"
    for i in range(22)
)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (BOMB, "more than 20,000 values"),
        ("[" * 100_000, "nested too deeply"),
        ("a: &a [*a]", "nested too deeply"),
        ("x" * (2**20 + 1), "more than 1,048,576 characters"),
        ("suite: a\x00b", "not valid YAML"),
        ("suite: a\nsuite: b", "'suite' is given twice"),
        ("a: !!timestamp x", "not valid YAML"),
        ("a: !!int ''", "not valid YAML"),
        ("a: !!bool x", "not valid YAML"),
        ("a: !!python/object/apply:os.system [ls]", "not valid YAML"),
        ("? [1, 2]\n: 3", "not valid YAML"),
        ("a: " + "9" * 5000, "not valid YAML"),
    ],
)
def test_yaml_that_breaks_readers(text, sentence):
    with pytest.raises(BadInputError, match=sentence) as caught:
        yaml_source.parse(text, "suite.yaml")
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize("key", ["num_tasks", "updates_per_task", "batch_size", "num_examples"])
def test_counts_that_would_take_for_ever_are_refused(key):
    document = replaced(TINY, ("streams", 0), {**TINY["streams"][0], key: 10**15})
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "suite.yaml").write_text(yaml.safe_dump(document))
        with pytest.raises(BadInputError, match=key):
            load_suite(f"{name}/suite.yaml", with_data=False)
