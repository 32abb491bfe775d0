"""The report in a real browser: it loads, sorts, filters, speaks, and runs nothing foreign."""

import copy

import pytest

from plasticity_bench.report import collect, write
from plasticity_bench.results import select
from tests.support import report_results
from tests.support.browser import CHROMIUM, Browser

NONE = "\N{EN DASH}"

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium here"),
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return collect(select(report_results.write(tmp_path_factory.mktemp("results"))))


@pytest.fixture(scope="module")
def path(report, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write(report, path)
    return path


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


@pytest.fixture
def page(browser, path):
    browser.complaints.clear()
    browser.requests.clear()
    browser.open(path)
    return browser


def column(page, number):
    runs = f"#scores tbody tr > :nth-child({number})"
    return page.run(f"[...document.querySelectorAll({runs!r})].map(c => c.textContent)")


def click(page, selector):
    page.run(f"document.querySelector({selector!r}).click()")
    page.settle()


def test_it_loads_alone_and_without_complaint(page, path):
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [path.as_uri()]
    sections = page.run("[...document.querySelectorAll('main > section')].map(s => s.id)")
    assert sections == [
        *("scores", "scatter", "curves", "measurements", "profiles", "differences"),
        *("explanations", "sensitivity", "runs", "settings", "provenance"),
    ]
    assert page.run("document.querySelectorAll('.stage svg').length") == 2 + 2 + 2 + 3 + 3
    assert report_results.COMMAND in page.run("document.querySelector('pre').textContent")


def test_a_label_is_never_a_program(page):
    assert report_results.EVIL in page.run("document.body.innerText")
    assert page.run("document.querySelectorAll('img, b').length") == 0
    assert "no <b>luck</b>" in page.run("document.querySelector('#runs').textContent")


def test_sorting(page):
    head = "#scores thead th:nth-child(4)"
    sort = f"document.querySelector({head!r}).getAttribute('aria-sort')"
    assert page.run(sort) == "none"
    click(page, f"{head} button")
    values = [float(text.split()[0]) for text in column(page, 4) if text != "n/a"]
    assert page.run(sort) == "descending" and values == sorted(values, reverse=True)
    page.run(f"document.querySelector('{head} button').focus()")
    page.run("document.activeElement.click()")
    values = [float(text.split()[0]) for text in column(page, 4) if text != "n/a"]
    assert page.run(sort) == "ascending" and values == sorted(values)


def test_ranks_sort_from_the_first(page):
    click(page, "#scores thead th:nth-child(3) button")
    shown = column(page, 3)
    assert shown[:2] == ["1 [1, 2]", "1 [1, 2]"] and shown[-1] == NONE == shown[-5]
    assert shown == sorted(shown, key=lambda text: (text == NONE, text[0]))
    click(page, "#scores thead th:nth-child(3) button")
    assert column(page, 3)[-1] == NONE  # what has no rank comes last either way


def test_filters(page):
    page.run("filter.value = 'ADA'; filter.dispatchEvent(new Event('input'))")
    assert column(page, 1) == ["adam"] * 3
    page.run(
        "box = document.querySelector('#scores select'); box.value = '1';"
        "box.dispatchEvent(new Event('change'))"
    )
    assert column(page, 1) == ["adam"] and column(page, 2) == ["hard"]
    assert "1 of 12 rows" in page.run("document.querySelector('#scores caption').textContent")


def test_picking_learners_holds_everywhere(page):
    lines = "document.querySelectorAll('#curves polyline').length"
    assert page.run(lines) == 8
    click(page, "#scatter .legend button")
    assert page.run(lines) == 6
    pressed = "document.querySelector('#profiles .legend button').getAttribute('aria-pressed')"
    assert page.run(pressed) == "false"


def test_another_measurement_of_one_stream(page):
    page.run(
        "[first, second] = document.querySelectorAll('#measurements select');"
        "first.value = [...first.options].find(o => o.text === 'parameter_norm').value;"
        "first.dispatchEvent(new Event('change'));"
        "second.value = '0'; second.dispatchEvent(new Event('change'))"
    )
    page.settle()
    label = "[...document.querySelectorAll('#measurements .stage')].map(s => s.ariaLabel)"
    (spoken,) = page.run(label)
    assert spoken.startswith("easy. Lines of parameter_norm over task")


def test_the_keyboard_reads_values(page):
    page.run("document.querySelector('#curves .stage').focus()")
    page.press("End")
    said = page.run("document.querySelector('#curves [aria-live]').textContent")
    assert said.startswith("task 9: fresh 0.91 [0.885, 0.935]")
    page.press("ArrowLeft")
    said = page.run("document.querySelector('#curves [aria-live]').textContent")
    assert said.startswith("task 8: ")
    page.press("Escape")
    assert page.run("document.querySelector('#curves .tip').hidden")


def test_numbers_stand_beside_each_figure(page):
    click(page, "#curves summary")
    rows = page.run("document.querySelectorAll('#curves details tbody tr').length")
    assert rows == 4 * report_results.NUM_TASKS


def marks(page, panel):
    """The classes and shapes of the points in a panel of the sensitivity section, and its texts."""
    stage = f"document.querySelectorAll('#sensitivity .stage')[{panel}]"
    points = page.run(f"[...{stage}.querySelectorAll('path')].map(p => p.getAttribute('class'))")
    return points, page.run(f"[...{stage}.querySelectorAll('text')].map(t => t.textContent)")


def test_sensitivity(page):
    titles = page.run(
        "[...document.querySelectorAll('#sensitivity figcaption')].map(c => c.innerText)"
    )
    assert titles == ["fresh: step_size", "adam: step_size", "adam: kind"]
    points, texts = marks(page, 1)
    assert points == ["k1 open", "k2 mark"]  # a cross for what diverged, the chosen one last
    assert {"10⁻³", "10⁻²", "10⁻¹", "step_size", "trainability"} <= set(texts)
    points, texts = marks(page, 2)
    assert {"a", "b", "kind"} <= set(texts)
    assert "attained accuracy" in marks(page, 0)[1]
    said = page.run("document.querySelector('#sensitivity').innerText")
    assert "over the 2 seeds of the search" in said and "adam: 1 more" in said
    assert [word in said for word in ("tried, with diverged members", "chosen")] == [True, True]
    page.run("document.querySelectorAll('#sensitivity .stage')[1].focus()")
    page.press("Home")
    spoken = page.run("document.querySelectorAll('#sensitivity [aria-live]')[1].textContent")
    assert spoken == "trainability 0.5 [0.4, 0.7], chosen: step_size 0.001; kind b".replace(
        "0.5 [0.4, 0.7]", "0.50 [0.40, 0.70]"
    )
    page.press("End")
    spoken = page.run("document.querySelectorAll('#sensitivity [aria-live]')[1].textContent")
    assert spoken.endswith("step_size 0.1; kind a; 4 diverged")


def test_sensitivity_to_one_hyperparameter(page):
    page.run(
        "box = document.querySelectorAll('#sensitivity select')[1]; box.value = 'step_size';"
        "box.dispatchEvent(new Event('change'))"
    )
    page.settle()
    titles = "[...document.querySelectorAll('#sensitivity figcaption')].map(c => c.innerText)"
    assert page.run(titles) == ["fresh: step_size", "adam: step_size"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1e-5, 1e-3, 1e-2], ["10⁻⁵", "10⁻⁴", "10⁻³", "10⁻²"]),
        ([0.007, 0.01, 0.07], ["0.01", "0.02", "0.05"]),  # within one power of ten
        ([1e-12, 1e-6, 1.0], ["10⁻¹²", "10⁻⁸", "10⁻⁴", "10⁰"]),
    ],
)
def test_ticks_of_powers_of_ten(browser, report, tmp_path, values, texts):
    report = copy.deepcopy(report)
    (search,) = (search for search in report["searches"] if search["learner"] == "adam")
    search["tried"] = [
        {**search["tried"][0], "setting": {"step_size": value, "kind": "a"}} for value in values
    ]
    write(report, tmp_path / "report.html")
    browser.open(tmp_path / "report.html")
    below = "t => t.getAttribute('text-anchor') === 'middle' && !t.classList.contains('title')"
    texts_below = f"[...document.querySelectorAll('#sensitivity .stage')[1].querySelectorAll('text')].filter({below}).map(t => t.textContent)"
    assert browser.run(texts_below) == texts


OVERLAPS = """[...document.querySelectorAll('.stage svg')].flatMap((figure) => {
  const boxes = [...figure.querySelectorAll('text')].map((t) => [t.textContent, t.getBoundingClientRect()]);
  const out = (b, other) => b.right < other.left || other.right < b.left || b.bottom - 3 < other.top || other.bottom - 3 < b.top;
  return boxes.flatMap(([text, box], i) => boxes.slice(0, i)
    .filter(([, other]) => !out(box, other)).map(([other]) => [text, other]));
})"""


@pytest.mark.parametrize("width", [360, 1280])
def test_texts_of_figures_are_apart(browser, path, width):
    browser.open(path, width=width)
    assert browser.run("document.querySelectorAll('.stage text').length") > 100
    assert browser.run(OVERLAPS) == []
    cut = """[...document.querySelectorAll('.stage')].filter((stage) =>
      [...stage.querySelectorAll('text')].some((text) => {
        const [own, all] = [text.getBoundingClientRect(), stage.getBoundingClientRect()];
        return own.left < all.left - 1 || own.right > all.right + 1 || own.top < all.top - 1 || own.bottom > all.bottom + 1;
      })).map((stage) => stage.ariaLabel)"""
    assert browser.run(cut) == []


@pytest.mark.parametrize("width", [390, 900])
def test_a_narrow_page_names_the_stream_below_the_learner(browser, path, width):
    browser.open(path, width=width)
    under = "getComputedStyle(document.querySelector('#scores tbody th'), '::after').content"
    assert browser.run(under) == '"mean over streams"'
    second = "getComputedStyle(document.querySelector('#scores td')).display"
    assert browser.run(second) == "none"
    browser.open(path, width=1280)
    assert browser.run(under) == "none" and browser.run(second) != "none"


def test_differences(page):
    runs = page.run(
        "[...document.querySelector('#differences tbody tr').children].map(c => c.textContent)"
    )
    assert runs[0] == "fresh" and runs[1] == "·"
    assert all(text.startswith("+") or text == "n/a" for text in runs[2:])


@pytest.mark.parametrize("dark", [False, True])
def test_the_theme_is_the_systems_until_it_is_chosen(browser, path, dark):
    browser.open(path, dark=dark)
    browser.run("localStorage.clear()")
    browser.open(path, dark=dark)
    theme, background = (
        "document.documentElement.dataset.theme",
        "getComputedStyle(document.body).backgroundColor",
    )
    before = browser.run(background)
    assert browser.run(theme) == ("dark" if dark else "light")
    click(browser, "#theme")
    assert browser.run(theme) == ("light" if dark else "dark")
    assert browser.run(background) != before
    browser.run("localStorage.clear()")


CONTRAST = """(() => {
  const part = (c) => (c /= 255) <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => .2126 * part(r) + .7152 * part(g) + .0722 * part(b);
  const read = (text) => text.match(/[\\d.]+/g).map(Number);
  const behind = (node) => {
    if (!node) return [255, 255, 255];
    const [r, g, b, a = 1] = read(getComputedStyle(node).backgroundColor);
    const below = a === 1 ? [0, 0, 0] : behind(node.parentElement);
    return [r, g, b].map((v, i) => a * v + (1 - a) * below[i]);
  };
  return Math.min(...[...document.querySelectorAll('body *')]
    .filter((n) => [...n.childNodes].some((c) => c.nodeType === 3 && c.textContent.trim()))
    .filter((n) => !n.closest('script, noscript, .hidden, .skip'))
    .map((n) => {
      const style = getComputedStyle(n);
      const ink = light(read(n instanceof SVGElement ? style.fill : style.color));
      const paper = light(behind(n instanceof SVGElement ? n.closest('figure') : n));
      return (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
    }));
})()"""


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_scrolls_in_one_direction_and_all_text_can_be_read(browser, path, dark):
    browser.open(path, width=360, height=740, dark=dark)
    assert browser.run("document.documentElement.scrollWidth") <= 360
    browser.run("document.querySelectorAll('details').forEach(d => (d.open = true))")
    click(browser, "#scatter .legend button")
    browser.run("document.querySelector('#curves .stage').focus()")
    browser.press("End")  # its tip is shown
    assert browser.run("document.querySelectorAll('.tip:not([hidden])').length") == 1
    assert browser.run(CONTRAST) >= 4.5
    assert browser.run("document.documentElement.scrollWidth") <= 360
    unnamed = "[...document.querySelectorAll('button, select, input')].filter(n => !(n.labels?.length || n.textContent.trim())).length"
    assert browser.run(unnamed) == 0
    regions = (
        "[...document.querySelectorAll('[role=region]')].map(r => r.getAttribute('aria-label'))"
    )
    assert {"Scores", "Explanations", "Runs"} <= set(browser.run(regions))
