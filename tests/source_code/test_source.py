"""A class's source: the files of the user's that it comes from, wherever they are imported from."""

import importlib
import sys

import pytest

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.shipped import baseline_names
from plasticity_bench.source_code import modules
from plasticity_bench.source_code.source import source_of
from plasticity_bench.streams import make_stream, registered_streams

LEARNER = "import plasticity_bench as pb\nclass Mine(pb.Learner):\n    pass\n"


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files below some folders; a folder may be put on the path, where modules are found."""
    before = set(sys.modules)

    def files(**contents):
        for name, text in contents.items():
            file = tmp_path / f"{name.replace('__in__', '/')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    files.folder = tmp_path
    files.on_path = lambda *names: [monkeypatch.syspath_prepend(str(tmp_path / n)) for n in names]
    yield files
    for name in set(sys.modules) - before:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]
    importlib.invalidate_caches()
    modules.package_of.cache_clear()


def modules_of(cls):
    return [file.module for file in source_of(cls).files]


IMPORTS = {
    "import": "import k_helper",
    "import as": "import k_helper as h",
    "from": "from k_helper import FACTOR",
    "star": "from k_helper import *",
    "in a function": "def f():\n    import k_helper",
    "in a method": "class A:\n    def f(self):\n        from k_helper import FACTOR",
    "under a condition": "try:\n    import k_helper\nexcept ImportError:\n    pass",
    "by name": "import importlib\nh = importlib.import_module('k_helper')",
    "by an imported function": "from importlib import import_module\nh = import_module('k_helper')",
    "by a keyword": "import importlib\ndef f(): importlib.import_module(name='k_helper')",
    "by __import__": "h = __import__('k_helper')",
}


@pytest.mark.parametrize("text", IMPORTS.values(), ids=IMPORTS.keys())
def test_a_helper_in_another_folder_is_part_of_a_learner(write, text):
    write(own__in__k_mine=f"{LEARNER}{text}\n", lib__in__k_helper="import k_inner\nFACTOR = 1.0\n")
    write(lib__in__k_inner="VALUE = 1.0\n", lib__in__k_unused="VALUE = 1.0\n")
    write.on_path("own", "lib")
    cls = find_learner("k_mine:Mine")
    assert modules_of(cls) == ["k_mine", "k_helper", "k_inner"]
    before = source_of(cls).hash
    write(lib__in__k_inner="VALUE = 1.0  # the same\n")
    assert source_of(cls).hash == before
    write(lib__in__k_inner="VALUE = 2.0\n")
    assert source_of(cls).hash != before


def test_packages_and_relative_imports(write):
    write(
        k_lab__in____init__="",
        k_lab__in__constants="STRENGTH = 1.0\n",
        k_lab__in__unused="",
        k_lab__in__lazy__in____init__="",
        k_lab__in__lazy__in__deep="import k_lab.lazy.other",
        k_lab__in__lazy__in__other="",
        k_lab__in__learners__in____init__="from . import all_of_them",
        k_lab__in__learners__in__all_of_them="",
        k_lab__in__learners__in__near="",
        k_lab__in__learners__in__mine=f"from ..constants import STRENGTH\nfrom . import near\n{LEARNER}"
        "def later():\n    from k_lab.lazy import deep\n",
    )
    write.on_path("")
    assert modules_of(find_learner("k_lab.learners.mine:Mine")) == [
        "k_lab.learners.mine",
        "k_lab",
        "k_lab.constants",
        "k_lab.lazy",
        "k_lab.lazy.deep",
        "k_lab.lazy.other",
        "k_lab.learners",
        "k_lab.learners.all_of_them",
        "k_lab.learners.near",
    ]
    assert "k_lab.lazy.deep" not in sys.modules  # it is read, and not run


def test_bases_are_part_of_a_class_and_baselines_are_bases(write):
    write(
        a__in__k_base=LEARNER,
        b__in__k_mine="from k_base import Mine as Base\nclass Mine(Base): pass\n",
    )
    write(
        b__in__k_baseline="from plasticity_bench.baselines.l2 import L2\nclass Mine(L2): pass\n",
        b__in__k_user="from plasticity_bench.baselines import l2\n" + LEARNER,
    )
    write.on_path("a", "b")
    assert modules_of(find_learner("k_mine:Mine")) == ["k_mine", "k_base"]
    for name in ("k_baseline", "k_user"):
        assert modules_of(find_learner(f"{name}:Mine")) == [name, "plasticity_bench.baselines.l2"]


def test_a_hash_does_not_depend_on_where_files_are(write):
    hashes = []
    for own, lib in (("a", "z"), ("y", "b")):
        write(
            **{f"{own}__in__k_mine": f"import k_helper\n{LEARNER}", f"{lib}__in__k_helper": "A = 1"}
        )
        write.on_path(own, lib)
        for name in ("k_mine", "k_helper"):
            sys.modules.pop(name, None)
        importlib.invalidate_caches()
        hashes.append(source_of(find_learner("k_mine:Mine")).hash)
    assert hashes[0] == hashes[1]


@pytest.mark.slow
def test_installed_packages_are_in_the_identity_by_version(write):
    installed = write.folder / ".venv" / "lib" / "site-packages"
    write(
        own__in__k_mine=f"import torch, json, k_tool.inner, yaml\nfrom PIL import Image\n{LEARNER}"
    )
    package = {"k_tool__in____init__": "", "k_tool__in__inner": "import k_loose", "k_loose": ""}
    write(**{f".venv__in__lib__in__site-packages__in__{name}": t for name, t in package.items()})
    write.on_path("own", ".venv/lib/site-packages")

    def release(version):
        modules.package_of.cache_clear()
        facts = installed / "K_Tool_Kit.dist-info"
        facts.mkdir(exist_ok=True)
        (facts / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: K.Tool-Kit\nVersion: {version}\n"
        )
        (facts / "top_level.txt").write_text("k_tool\n")
        return source_of(find_learner("k_mine:Mine")).identity()

    first, second = release("1.0"), release("2.0")
    assert first["packages"] == {"k-tool-kit": "1.0"}
    assert second == {**first, "packages": {"k-tool-kit": "2.0"}}
    assert modules_of(find_learner("k_mine:Mine")) == ["k_mine"]


def test_a_learner_in_an_installed_package_has_that_packages_modules(write):
    inner = ".venv__in__lib__in__site-packages__in__k_plugin__in__"
    write(
        **{
            f"{inner}__init__": "",
            f"{inner}helper": "",
            f"{inner}mine": f"from . import helper\n{LEARNER}",
        }
    )
    write.on_path(".venv/lib/site-packages")
    assert modules_of(find_learner("k_plugin.mine:Mine")) == [
        "k_plugin.mine",
        "k_plugin",
        "k_plugin.helper",
    ]


@pytest.mark.parametrize("name", baseline_names())
def test_a_baseline_is_one_file(name):
    source = source_of(find_learner(name))
    assert [file.module for file in source.files] == [f"plasticity_bench.baselines.{name}"]
    assert source.packages == {}


def test_shipped_streams_have_no_source_but_the_evaluators_version():
    for stream in registered_streams():
        if stream.startswith("plasticity/"):
            assert source_of(type(make_stream(stream))).identity() == {"source": None}
    assert source_of(pb.Learner).hash is None


def test_a_compiled_helper_is_hashed_by_its_bytes(write, monkeypatch):
    write(own__in__k_mine=f"try:\n    import k_fast\nexcept ImportError: pass\n{LEARNER}")
    write.on_path("own")
    suffix = importlib.machinery.EXTENSION_SUFFIXES[0]
    library = write.folder / "own" / f"k_fast{suffix}"
    hashes = set()
    for content in (b"\x7fELF\x00one", b"\x7fELF\x00two"):
        library.write_bytes(content)
        hashes.add(source_of(find_learner("k_mine:Mine")).hash)
    assert modules_of(find_learner("k_mine:Mine")) == ["k_mine", "k_fast"]
    assert len(hashes) == 2
