"""The leaderboard's site in a real browser: layout, sorting, filters, and life without a script."""

import pytest

from plasticity_bench.leaderboard import page, site
from tests.support import leaderboard_pictures
from tests.support.browser import CHROMIUM, Browser
from tests.support.pages import ROOT

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]

SUITE = "quick-v1.html"


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """The site of the entries in the repository: the table of one suite has more than 45 rows."""
    place = tmp_path_factory.mktemp("leaderboard") / "site"
    entries = ROOT / "leaderboard" / "entries"
    site.write(entries, page.suites_in(entries), place, print)
    return place


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def table(browser, place):
    browser.complaints.clear()
    browser.requests.clear()
    browser.open(place / SUITE)
    return browser


def shown(browser, number=1):
    """The texts of a column, of the rows that are shown."""
    cells = f"#entries tbody tr:not([hidden]) > :nth-child({number})"
    return browser.run(
        f"[...document.querySelectorAll('{cells}')].map(c => c.firstChild.textContent)"
    )


def sort(browser, number):
    """Press a column's header; return the direction in which it is sorted now."""
    head = f"document.querySelectorAll('#entries thead th')[{number - 1}]"
    browser.run(f"{head}.querySelector('button').focus()")
    browser.run("document.activeElement.click()")
    directions = "[...document.querySelectorAll('#entries thead th')].map(h => h.ariaSort)"
    found = browser.run(directions)
    assert [d for i, d in enumerate(found, 1) if i != number] == ["none"] * (len(found) - 1)
    return found[number - 1]


def choose(browser, name, value):
    browser.run(
        f"field = document.querySelector('#filters [name={name}]'); field.value = '{value}';"
        "field.dispatchEvent(new Event('input', { bubbles: true }))"
    )


def test_nothing_overlaps_or_is_cut_off(browser, place, tmp_path):
    faults = dict(leaderboard_pictures.take(browser, place, tmp_path))
    assert len(faults) == 3 * 3 * 2
    assert not {picture: found for picture, found in faults.items() if found}


def test_faults_are_found(browser, place):
    """What the test above would say of a page that is too wide, cut off, and overlaps."""
    browser.open(place / SUITE, width=390)
    browser.run(
        "document.querySelector('h1').style.cssText = 'width: 500px; white-space: nowrap';"
        "document.querySelector('p').style.cssText = 'width: 20px; overflow: hidden; white-space: nowrap';"
        "document.querySelector('#entries td').style.cssText = 'display: block; width: 200px'"
    )
    told = " ".join(browser.run(leaderboard_pictures.FAULTS))
    assert "pixels wide" in told and "beyond the edge: H1" in told and "cut off: P" in told


def test_it_loads_two_files_and_does_not_complain(table, place):
    assert table.complaints == []
    loaded = {url for url in table.requests if not url.startswith("data:")}
    assert loaded == {(place / name).as_uri() for name in (SUITE, "style.css", "table.js")}


def test_sorting_by_a_number(table):
    assert shown(table, 3)[:2] == ["\N{EN DASH}", "a"]
    assert sort(table, 4) == "descending"
    values = [float(text) for text in shown(table, 4)]
    assert values == sorted(values, reverse=True) and len(values) > 45
    assert "sorted by trainability, descending" in table.run(
        "document.querySelector('[role=status]').textContent"
    )
    assert sort(table, 4) == "ascending"
    values = [float(text) for text in shown(table, 4)]
    assert values == sorted(values)


def test_what_has_no_value_comes_last_in_both_directions(table):
    assert sort(table, 2) == "ascending"
    ranks = shown(table, 2)
    assert ranks[-1] == "\N{EN DASH}" and ranks[0] == "1"
    assert sort(table, 2) == "descending"
    assert shown(table, 2)[-1] == "\N{EN DASH}"


def test_sorting_by_a_name(table):
    assert sort(table, 1) == "ascending"
    names = shown(table)
    assert names == sorted(names, key=lambda name: name.replace("_", " "))


def test_filters_hold_together(table):
    everything = shown(table)
    choose(table, "text", "ReDo")
    named = shown(table)
    assert "redo" in named and all("redo" in name for name in named)
    choose(table, "text", "Sokar")  # the source
    assert shown(table) == ["redo", "redo_defaults"]
    choose(table, "tuning", "no")
    assert shown(table) == ["redo_defaults"]
    assert table.run("document.querySelector('#shown').textContent").startswith("1 of ")
    table.run("document.querySelector('#filters [type=reset]').click()")
    table.settle()
    assert shown(table) == everything
    choose(table, "boundaries", "yes")
    assert shown(table) == ["fresh"]
    choose(table, "boundaries", "")
    choose(table, "memory", "yes")
    kept = shown(table)
    assert "muon" in kept and "redo" not in kept


def test_a_row_has_an_address(browser, place):
    browser.open(place / SUITE)
    browser.run("location.hash = 'entry-redo'")
    browser.settle()
    assert browser.run("document.querySelector('tr:target').id") == "entry-redo"
    inside = browser.run(
        "(() => { const b = document.querySelector('tr:target').getBoundingClientRect();"
        "return b.top > 0 && b.bottom < innerHeight })()"
    )
    assert inside


def test_without_a_script(browser, place):
    """As where scripts are switched off: all entries, and no controls that do nothing."""
    text = (place / SUITE).read_text()
    script = '<script src="table.js" defer></script>'
    assert text.count("<script") == text.count(script) == 1
    (place / "plain.html").write_text(text.replace(script, ""))
    browser.open(place / "plain.html")
    assert len(shown(browser)) > 45
    assert browser.run("getComputedStyle(document.querySelector('#filters')).display") == "none"
    assert browser.run("document.querySelectorAll('#entries thead button').length") == 0
