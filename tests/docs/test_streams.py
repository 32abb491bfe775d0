"""docs/streams.md says what the registered streams and suites are."""

import re
from pathlib import Path

import pytest

import plasticity_bench as pb
from plasticity_bench.shipped import suite_names
from plasticity_bench.suite.loading import load_suite

PAGE = (Path(__file__).parents[2] / "docs" / "streams.md").read_text()
ROWS = dict(re.findall(r"^\| `([\w.]+/[\w.-]+)` \| (.*) \|$", PAGE, re.MULTILINE))
PUBLISHED = [name for name in pb.registered_streams() if not name.startswith("plasticity/")]
SMALL = [name for name in pb.registered_streams() if name.startswith("plasticity/")]


def numbers(text):
    return [int(n.replace(",", "")) for n in re.findall(r"\d[\d,]*", text)]


def test_every_stream_has_a_row():
    assert sorted(ROWS) == sorted([*PUBLISHED, *SMALL])


@pytest.mark.parametrize("name", PUBLISHED)
def test_rows_are_true(name):
    stream = pb.make_stream(name)
    tasks, updates, batch, examples, remarks = ROWS[name].split(" | ")
    last = stream.num_tasks - 1
    assert numbers(tasks) == [stream.num_tasks]
    assert numbers(batch) == [stream.batch_size]
    if "passes" in updates:
        assert numbers(updates) == [stream.epochs]
    else:
        assert numbers(updates) == list(dict.fromkeys([stream.updates(0), stream.updates(last)]))
    if "a class" in examples:
        assert numbers(examples) == [stream.class_size]
    else:
        assert numbers(examples) == list(dict.fromkeys([stream.size(0), stream.size(last)]))
    known = not name.startswith(("lewandowski2023/", "ash2020/"))
    assert ("reconstructed" in remarks) != known


def test_every_suite_has_a_row_with_its_seeds():
    rows = re.findall(r"^\| `([\w-]+)` \| .* \| (\d+) \|$", PAGE, re.MULTILINE)
    assert sorted(name for name, _ in rows) == suite_names()
    for name, seeds in rows:
        assert load_suite(name, with_data=False).num_seeds == int(seeds), name


def test_every_kind_has_a_row():
    kinds = {type(pb.make_stream(name)).__name__ for name in [*PUBLISHED, *SMALL]}
    assert kinds == set(re.findall(r"^\| `([A-Z]\w+)` \|", PAGE, re.MULTILINE))
