"""The docs site: what is on it, and where its links lead. `.ci/run` builds it."""

import importlib.util
import re
from pathlib import Path

import pytest

import plasticity_bench as pb
from tests.support.pages import ROOT, links, text_of

pytestmark = pytest.mark.system

DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def conf():
    spec = importlib.util.spec_from_file_location("docs_conf", DOCS / "conf.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_page_is_on_the_front_page_once():
    made = {"index.md", "readme.md"}
    pages = {path.name for path in DOCS.glob("*.md")} - made
    pages |= {"api.rst", "adr/README.md", "../examples/gallery"}
    listed = re.findall(r"^- \[[^]]*\]\(([^)]+)\)", text_of("docs/index.md"), re.M)
    assert sorted(listed) == sorted(pages)


def test_every_decision_is_listed_with_its_title():
    rows = dict(re.findall(r"^- \[([^]]*)\]\(([^)]+)\)", text_of("docs/adr/README.md"), re.M))
    decisions = {}
    for path in DOCS.glob("adr/0*.md"):
        decisions[path.read_text().splitlines()[0].partition(". ")[2]] = path.name
    assert rows == decisions


def test_the_reference_has_every_public_name():
    named = re.findall(r"^\.\. (?:auto\w+|py:data):: (\w+)$", (DOCS / "api.rst").read_text(), re.M)
    assert sorted(named) == sorted(pb.__all__)


def test_the_lists_of_the_front_page_become_the_sidebar(conf):
    page = "# T\n\n- [no](a.md)\n\n## One\n\n- [b](b.md): text\n- [c](c.rst)\n\n## Two\n\nText.\n"
    found = conf.with_sidebar(page)
    assert re.findall(r":caption: (.*)\n\n((?:\w+\n)+)```", found) == [("One", "b\nc\n")]


def test_links_out_of_the_docs_have_addresses(conf, monkeypatch, tmp_path):
    monkeypatch.setenv("GITHUB_REPOSITORY", "lab/bench")
    page = DOCS / "page.md"
    text = (
        "[a](../suites/quick.yaml) [b](../benchmarks) [c](scores.md) [d](https://x.org) "
        "[e](../docs/faq.md) [f](../README.md) [g](../examples/gallery)"
    )
    found = conf.with_addresses(page, text, tmp_path)
    assert re.findall(r'href="(.*?)"', found) == [
        "https://github.com/lab/bench/blob/main/suites/quick.yaml",
        "https://github.com/lab/bench/tree/main/benchmarks",
    ]
    assert "[c](scores.md) [d](https://x.org) [e](../docs/faq.md)" in found
    assert found.endswith("[f](readme.md) [g](gallery/index.rst)")
    assert not list(tmp_path.iterdir())
    with pytest.raises(FileNotFoundError):
        conf.with_addresses(page, "[a](../no_such.md)", tmp_path)


def test_without_an_address_files_are_copied_into_the_site(conf, monkeypatch, tmp_path):
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    text = "[a](../../suites/quick.yaml) [b](../../benchmarks) [c](../../README.md)"
    found = conf.with_addresses(DOCS / "adr" / "page.md", text, tmp_path)
    (url,) = re.findall(r'href="(.*?)"', found)
    assert url == "../repository/suites/quick.yaml.txt"
    copy = tmp_path / url.removeprefix("../")
    assert copy.read_bytes() == (ROOT / "suites" / "quick.yaml").read_bytes()
    assert found.endswith(" b [c](../readme.md)")


@pytest.mark.parametrize(
    "page", [f"docs/{path.name}" for path in DOCS.glob("*.md") if path.name != "readme.md"]
)
def test_links_within_the_docs_are_to_pages_of_the_site(page):
    for target in links(page):
        if not target.startswith("../"):
            assert Path(target).suffix in (".md", ".rst", ".png"), target
