"""The leaderboard as a static site: what it holds, where it leads, and what strangers write."""

import json
import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest

from plasticity_bench.cli import main
from plasticity_bench.leaderboard import frame, page, site
from plasticity_bench.leaderboard.site_entry import related, sources
from plasticity_bench.suite.loading import load_suite
from tests.support.entries import change_manifest
from tests.support.pages import ROOT

EVIL = "<script>alert(1)</script> | <img src=x onerror=alert(2)> \" ' &amp;"
RIGHT_TO_LEFT = "\N{RIGHT-TO-LEFT OVERRIDE}"


class Page(HTMLParser):
    """Links, ids and texts of a page, as a browser would have them."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.ids, self.tags, self.texts = [], [], set(), [], []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        self.ids |= {given["id"]} if "id" in given else set()
        if tag == "a":
            self.links.append(given["href"])
        elif given.get("src") or (tag == "link" and given.get("href")):
            self.loads.append(given.get("src") or given["href"])

    def handle_data(self, data):
        self.texts.append(data)

    @property
    def text(self):
        return " ".join("".join(self.texts).split())


def suite_of(entry):
    return load_suite(str(entry.parents[2] / "tiny.yaml"))


def built(entry, folder="site"):
    """The folder of the site of an entry and those beside it."""
    place = entry.parents[2] / folder
    site.write(entry.parents[1], [suite_of(entry)], place, print)
    return place


@pytest.fixture
def place(entry):
    return built(entry)


def test_the_files(place):
    files = {str(path.relative_to(place)) for path in place.rglob("*") if path.is_file()}
    assert files >= {".nojekyll", "index.html", "tiny-v0.html", "style.css", "table.js"}
    assert files >= {"leaderboard.json", "leaderboard.csv"}
    for name in ("fresh", "adam", "mine"):
        assert files >= {f"tiny-v0/{name}.html", f"badges/tiny-v0/{name}.svg"}
        assert f"entries/tiny-v0/{name}/measurements.parquet" in files
    assert not [name for name in files if name.endswith(".py")]
    table = pd.read_csv(place / "leaderboard.csv")
    assert sorted(table["entry"]) == ["adam", "fresh", "mine"]
    content = json.loads((place / "leaderboard.json").read_text())
    assert [entry["entry"] for entry in content["entries"]] == list(table["entry"])


def check_links(place):
    """Every relative link leads to a file, and to an id in it; nothing else is loaded."""
    count = 0
    for path in filter(Path.is_file, place.rglob("*.html")):
        found = Page(path)
        for link in [*found.links, *found.loads]:
            if re.match("https?:", link):
                assert link not in found.loads
                continue
            if link == "data:,":
                continue
            target, _, fragment = unquote(link).partition("#")
            there = (path.parent / target).resolve() if target else path
            assert there.is_file() and there.is_relative_to(place.resolve()), (path, link)
            assert not fragment or fragment in Page(there).ids, (path, link)
            count += 1
    return count


def test_links_lead_somewhere_and_are_relative(place):
    assert check_links(place) > 40


@pytest.mark.slow
def test_the_site_of_the_repository(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert main(["leaderboard", "--site", str(tmp_path / "site")]) == 0
    shown = capsys.readouterr()
    assert shown.out == f"{tmp_path / 'site' / 'index.html'}\n" and "not shown" not in shown.err
    entries = [path.parent for path in (ROOT / "leaderboard" / "entries").glob("*/*/manifest.json")]
    pages = [tmp_path / "site" / path.parent.name / f"{path.name}.html" for path in entries]
    assert all(page.is_file() for page in pages)
    assert f"{len(entries)} entries" in shown.err
    assert check_links(tmp_path / "site") > 1000
    redo = Page(tmp_path / "site" / "quick-v1" / "redo.html")
    assert "16 settings on 3 seeds, 144,000 updates" in redo.text
    assert {"../quick-v0/redo.html", "../quick-v1/redo_defaults.html"} <= set(redo.links)
    assert "https://arxiv.org/abs/2302.12902" in redo.links
    assert "seconds" not in Page(tmp_path / "site" / "quick-v1.html").text


def test_a_row_has_the_numbers_of_the_frame(place, entry):
    rows = frame.frame(page.tables_of(entry.parents[1], [suite_of(entry)], print))
    text = (place / "tiny-v0.html").read_text()
    body = text.partition("<tbody>")[2].partition("</tbody>")[0]
    for row, line in zip(body.split("<tr ")[1:], rows.to_dict("records"), strict=True):
        assert f'id="entry-{line["entry"]}"' in row
        assert f'data-value="{line["trainability"]}"' in row
        assert f"{line['online_accuracy']:.2f}<small>" in row
        tags = set(re.search('data-tags="(.*?)"', row)[1].split())
        assert ("boundaries" in tags) == line["boundaries"]
        assert ("tuning" in tags) == (line["settings"] != "not tuned")


def test_a_badge_is_an_image_with_a_name(place):
    root = ET.parse(place / "badges" / "tiny-v0" / "adam.svg").getroot()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert re.fullmatch(r"tiny-v0: rank [12] of 2, tie group [ab]", root.get("aria-label"))
    fresh = ET.parse(place / "badges" / "tiny-v0" / "fresh.svg").getroot()
    assert fresh.get("aria-label") == "tiny-v0: reference"


# ---- what strangers write ------------------------------------------------------------------------


def check_harmless(path):
    """A page's only program is ours, and it has no element or attribute of a stranger's."""
    found = Page(path)
    programs = [given for tag, given in found.tags if tag == "script"]
    assert all(given == {"src": "table.js", "defer": None} for given in programs)
    assert not [given for _, given in found.tags for name in given if name.startswith("on")]
    images = [given["src"] for tag, given in found.tags if tag == "img"]
    assert all(image.startswith("../badges/") for image in images)
    assert RIGHT_TO_LEFT not in path.read_text(encoding="utf-8")
    return found


def test_what_entries_say_is_text(entry):
    def spoil(manifest):
        manifest.update(authors=[EVIL, "\N{HEBREW LETTER ALEF}\N{HEBREW LETTER BET}"], licence=EVIL)
        manifest.update(paper='https://x.org/"><script>alert(3)</script>')
        manifest["learner"].update(class_name=EVIL)
        manifest["learner"]["hyperparameters"]["labels"][EVIL] = EVIL
        manifest["environments"][0]["processor"] = EVIL

    change_manifest(entry, spoil)
    text = (entry / "tuning.yaml").read_text()
    (entry / "tuning.yaml").write_text(
        text.replace("step_size", '"<b>\\n\\u202e|</b>"')  # quoted YAML, with escapes
    )
    source = f"# </code></pre>{EVIL}\n# {RIGHT_TO_LEFT}\n\tx = 1\n"
    (entry / "source" / "my_module.py").write_text(source)
    place = built(entry)
    for path in place.rglob("*.html"):
        check_harmless(path)
    found = Page(place / "tiny-v0" / "mine.html")
    for part in (EVIL, "</code></pre>", "\\u202e", "<b>\\n\\u202e|</b>", "x = 1"):
        assert part in found.text, part
    assert 'https://x.org/"><script>alert(3)</script>' in found.links
    assert "at the edge: <b>" not in (place / "tiny-v0.html").read_text()
    ET.parse(place / "badges" / "tiny-v0" / "mine.svg")
    for table in ("leaderboard.csv", "leaderboard.json"):
        assert RIGHT_TO_LEFT not in (place / table).read_text()


@pytest.mark.parametrize("author", ["two\nlines", f"a{RIGHT_TO_LEFT}b", "x" * 10_000])
def test_texts_that_cannot_be_shown_are_refused(entry, author, capsys):
    change_manifest(entry, lambda manifest: manifest.update(authors=[author]))
    place = built(entry)
    assert "the entry is not shown" in capsys.readouterr().out
    assert not (place / "tiny-v0" / "mine.html").exists()
    assert (place / "tiny-v0" / "adam.html").exists()


def test_names_of_every_letter_have_pages_of_their_own(entry):
    """A name with dots does not take the place of another page."""
    for name in ("index.html", "a+b", "x" * 64):
        shutil.copytree(entry, entry.parent / name)
        change_manifest(entry.parent / name, lambda manifest, name=name: manifest.update(name=name))
    place = built(entry)
    assert check_links(place) > 60
    assert "index.html" in Page(place / "tiny-v0" / "index.html.html").text


@pytest.mark.parametrize(
    "name", ["../../../tiny.yaml", "/etc/hostname", "source/link.py", "source/linked/tiny.py"]
)
def test_only_files_of_the_source_are_read(entry, name):
    secret = entry.parents[2] / "tiny.yaml"
    (entry / "source" / "link.py").symlink_to(secret)
    shutil.copy(secret, secret.with_suffix(".py"))
    (entry / "source" / "linked").symlink_to(secret.parent)
    change_manifest(entry, lambda manifest: manifest["learner"].update(source=[name]))
    found = Page(built(entry) / "tiny-v0" / "mine.html")
    assert "(This file cannot be shown.)" in found.text and "streams:" not in found.text


def test_links_among_an_entrys_files_are_not_copied(entry):
    secret = entry.parents[2] / "secret"
    secret.write_text("secret")
    (entry / "tuning.yaml").unlink()
    (entry / "tuning.yaml").symlink_to(secret)
    place = built(entry)
    assert not (place / "entries" / "tiny-v0" / "mine" / "tuning.yaml").exists()
    assert check_links(place)


# ---- the history ---------------------------------------------------------------------------------


def test_the_history_of_an_entry(entry):
    """Versions of the suite under one name, and other settings of the same learner."""
    suite = suite_of(entry)
    rows = page.table_of(entry.parents[1], suite, print)
    by_name = {row.name: row for row in rows}
    mine = by_name["mine"]
    other = mine.manifest.model_copy(update={"name": "mine_defaults"})
    stranger = other.model_copy(update={"name": "theirs", "authors": ["E. F"]})

    def copy(row, manifest, folder):
        return replace(row, manifest=manifest, folder=Path(folder))

    later = replace(suite, name="test/tiny-v1")
    tables = {
        "tiny-v0": (suite, [*rows, copy(mine, other, "d"), copy(mine, stranger, "t")]),
        "tiny-v1": (
            later,
            [copy(by_name["adam"], stranger.model_copy(update={"name": "mine"}), "m")],
        ),
    }
    found = [(one.suite, one.row.name, one.why) for one in related(mine, suite, tables)]
    assert found == [
        ("tiny-v1", "mine", "this name, another version of the suite"),
        ("tiny-v0", "mine", "this entry"),
        ("tiny-v0", "mine_defaults", "this learner, other settings"),
    ]
    assert list(sources(mine)) == ["source/my_module.py"]


# ---- where it is written -------------------------------------------------------------------------


def test_an_earlier_site_is_replaced_and_nothing_else(entry, capsys):
    place = built(entry)
    shutil.rmtree(entry)
    site.write(entry.parents[1], [suite_of(entry)], place, print)
    assert not (place / "tiny-v0" / "mine.html").exists()
    other = entry.parents[2] / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("all of it")
    given = ["leaderboard", "--entries", str(entry.parents[1])]
    given += ["--suite", str(entry.parents[2] / "tiny.yaml"), "--site"]
    capsys.readouterr()
    for target, told in ((other, "holds other files"), (other / "thesis.tex", "Not a directory")):
        assert main([*given, str(target)]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert told in line
    assert (other / "thesis.tex").read_text() == "all of it"
    (other / "empty").mkdir()
    assert main([*given, str(other / "empty")]) == 0


def test_a_site_without_entries(tmp_path, capsys):
    given = ["leaderboard", "--entries", str(tmp_path / "none"), "--site", str(tmp_path / "site")]
    assert main(given) == 2
    assert "There are no entries in" in capsys.readouterr().err
    assert site.write(tmp_path / "none", [], tmp_path / "site", print) == 0
    assert "There are no entries yet." in Page(tmp_path / "site" / "index.html").text
