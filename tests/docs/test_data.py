"""What docs/data.md says holds: its example runs, its table is complete."""

import re
from pathlib import Path

import numpy as np
import pytest

from plasticity_bench.data import SOURCES, load, prepare

PAGE = (Path(__file__).parents[2] / "docs/data.md").read_text()


def test_the_example_can_be_prepared(own_cache, tmp_path, monkeypatch):
    for name in list(SOURCES):
        monkeypatch.setitem(SOURCES, name, SOURCES[name])  # so that what is added goes away
    monkeypatch.delitem(SOURCES, "shapes", raising=False)
    rng = np.random.default_rng(0)
    arrays = {}
    for part, count in (("train", 800), ("test", 200)):
        arrays[f"{part}_images"] = rng.integers(0, 256, (count, 16, 16), np.uint8)
        arrays[f"{part}_labels"] = np.arange(count) % 4
    np.savez(tmp_path / "shapes.npz", **arrays)
    *_, code = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    try:
        exec(code, {})
        prepare("shapes", tmp_path, download=False)
        assert load("shapes").inputs(np.arange(1000)).shape == (1000, 16, 16)
    finally:
        SOURCES.pop("shapes", None)


@pytest.mark.parametrize("name", list(SOURCES))
def test_each_source_has_its_row_with_its_numbers(name):
    source = SOURCES[name]
    (row,) = re.findall(rf"^\| `{name}` \|(.*\d x \d.*)$", PAGE, re.MULTILINE)
    runs = [run.strip() for run in row.split("|")]
    numbers = f"{source.num_train:,}" + (f" + {source.num_test:,}" if source.num_test else "")
    shape = " x ".join(map(str, source.input_shape))
    assert runs[1:4] == [numbers, shape, str(source.num_classes)]
    if source.download_bytes:
        assert float(runs[4].removesuffix(" MB")) == pytest.approx(
            source.download_bytes / 1e6, abs=0.6
        )
    if not source.embedded:
        value, unit = runs[5].split()
        scale = {"MB": 1e6, "GB": 1e9}[unit]
        assert float(value) * scale == pytest.approx(source.cache_bytes, rel=0.04)
