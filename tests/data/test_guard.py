"""torchvision beside a torch that its operators do not fit."""

import importlib
import subprocess
import sys

import pytest

from plasticity_bench.data import torchvision_guard as guard


def test_nothing_is_done_where_torchvision_imports(monkeypatch):
    module = object()
    monkeypatch.setattr(guard.importlib, "import_module", lambda name: module)
    monkeypatch.setattr(guard, "_define_operators", None)
    assert guard.torchvision_datasets() is module


def test_another_error_is_raised_as_it_is(monkeypatch):
    def fail(name):
        raise RuntimeError("operator torchvision::roi_align does not exist")

    monkeypatch.setattr(guard.importlib, "import_module", fail)
    monkeypatch.setattr(guard, "_define_operators", None)
    with pytest.raises(RuntimeError, match="roi_align"):
        guard.torchvision_datasets()


def test_on_that_error_operators_are_named_and_the_import_starts_anew(monkeypatch):
    calls = []

    def half(name):
        calls.append((name, "torchvision.half" in sys.modules))
        if len(calls) == 1:
            raise RuntimeError(guard.MISSING)
        return "module"

    monkeypatch.setitem(sys.modules, "torchvision.half", importlib)
    before = {name: kept for name, kept in sys.modules.items() if name.startswith("torchvision")}
    monkeypatch.setattr(guard.importlib, "import_module", half)
    monkeypatch.setattr(guard, "_define_operators", lambda: calls.append("defined"))
    try:
        assert guard.torchvision_datasets() == "module"
    finally:
        sys.modules.update(before)
    assert calls == [
        ("torchvision.datasets", True),
        "defined",
        ("torchvision.datasets", False),
    ]


TWICE = """
from plasticity_bench.data.torchvision_guard import torchvision_datasets
first = torchvision_datasets()
assert torchvision_datasets() is first and first.CIFAR10
"""

LIGHT = """
import sys
import plasticity_bench.data
import plasticity_bench.suite.document
heavy = {"torch", "torchvision", "datasets", "sklearn", "PIL", "huggingface_hub"} & set(sys.modules)
assert not heavy, heavy
"""


@pytest.mark.slow
@pytest.mark.parametrize("code", [TWICE, LIGHT], ids=["twice", "light"])
def test_in_a_process_of_its_own(code):
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
