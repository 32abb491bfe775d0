"""The report in a real browser: it loads, sorts, filters, speaks, and runs nothing foreign."""

import base64
import copy
import csv
import io
from xml.etree import ElementTree

import pytest
from PIL import Image

from benchmarks import made_up_results
from plasticity_bench.figures import paper_figure
from plasticity_bench.report import collect, write
from plasticity_bench.results import Results, select
from plasticity_bench.scoring import stored_scores
from tests.support import page_faults, report_results, report_screens
from tests.support.browser import CHROMIUM, Browser

NONE, MINUS = "\N{EN DASH}", "\N{MINUS SIGN}"

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
def larger(tmp_path_factory):
    """Results of more learners than there are colours, with their own fresh copies."""
    folder = made_up_results.write(tmp_path_factory.mktemp("larger"), report_screens.SIZE)
    return select(Results(folder))


@pytest.fixture(scope="module")
def larger_report(larger):
    return collect(larger)


@pytest.fixture(scope="module")
def larger_path(larger_report, tmp_path_factory):
    path = tmp_path_factory.mktemp("larger_report") / "report.html"
    write(larger_report, path)
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
    browser.open_report(path)
    browser.show_whole()  # so that all figures are drawn
    return browser


@pytest.fixture
def larger_page(browser, larger_path):
    browser.open_report(larger_path)
    browser.show_whole()
    return browser


def column(page, number):
    runs = f"#scores tbody tr > :nth-child({number})"
    return page.run(f"[...document.querySelectorAll({runs!r})].map(c => c.textContent)")


def choose(page, selector, value):
    page.run(
        f"box = document.querySelector({selector!r}); box.value = {value!r};"
        "box.dispatchEvent(new Event('change'))"
    )
    page.settle()
    page.settle()


def click(page, selector):
    page.run(f"document.querySelector({selector!r}).click()")
    page.settle()


def test_it_loads_alone_and_without_complaint(page, path):
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith("data:")] == [path.as_uri()]
    sections = page.run("[...document.querySelectorAll('main > section')].map(s => s.id)")
    assert sections == [
        *("scores", "scatter", "curves", "measurements", "profiles", "differences"),
        *("explanations", "sensitivity", "budget", "runs", "settings", "provenance"),
    ]
    assert page.run("document.querySelectorAll('.stage svg').length") == 2 + 2 + 3 + 1 + 3
    assert report_results.COMMAND in page.run("document.querySelector('pre').textContent")


def test_a_label_is_never_a_program(page):
    assert report_results.EVIL in page.run("document.body.innerText")
    assert page.run("document.querySelectorAll('img, b').length") == 0
    assert "no <b>luck</b>" in page.run("document.querySelector('#runs').textContent")


def cells(page, number):
    """The numbers in a column of the matrix, without intervals; None where there is none."""
    texts = [text.partition("[")[0] for text in column(page, number)]
    return [None if text in ("n/a", NONE) else float(text.replace(MINUS, "-")) for text in texts]


def test_the_matrix_has_the_scores(page, report):
    heads = page.run("[...document.querySelectorAll('#scores thead th')].map(h => h.textContent)")
    assert heads == ["learner", "rank", "mean over streams", *report["streams"]]
    for place, stream in enumerate([None, 0, 1]):
        rows = {r["learner"]: r for r in report["scores"] if r["stream"] == stream}
        expected = [
            rows[i]["trainability"] and rows[i]["trainability"][0] if i in rows else None
            for i in range(len(report["learners"]))
        ]
        assert cells(page, 3 + place) == [pytest.approx(v, abs=0.0051) for v in expected]
    choose(page, "#scores select", "curvature")
    rows = {r["learner"]: r for r in report["scores"] if r["stream"] == 0}
    expected = [rows[i]["curvature"] for i in range(len(report["learners"]))]
    assert cells(page, 4) == [pytest.approx(v, abs=0.051) for v in expected]


def test_sorting(page):
    head = "#scores thead th:nth-child(4)"
    sort = f"document.querySelector({head!r}).getAttribute('aria-sort')"
    assert page.run(sort) == "none"
    click(page, f"{head} button")
    values = [value for value in cells(page, 4) if value is not None]
    assert page.run(sort) == "descending" and values == sorted(values, reverse=True)
    page.run(f"document.querySelector('{head} button').focus()")
    page.run("document.activeElement.click()")
    values = [value for value in cells(page, 4) if value is not None]
    assert page.run(sort) == "ascending" and values == sorted(values)


def test_ranks_sort_from_the_first(page):
    click(page, "#scores thead th:nth-child(2) button")
    assert column(page, 2) == ["1[1, 2]", "1[1, 2]", NONE, NONE]
    click(page, "#scores thead th:nth-child(2) button")
    assert column(page, 2)[-1] == NONE  # what has no rank comes last either way


def test_the_header_stays(browser, larger_path):
    browser.open_report(larger_path, height=400)
    head = "document.querySelector('#scores thead th').getBoundingClientRect().top"
    nav = "document.querySelector('nav').getBoundingClientRect().bottom"
    browser.run(
        "document.querySelector('#scores tbody tr:last-child').scrollIntoView({block: 'center'})"
    )
    browser.settle()
    assert browser.run(nav) > 0
    assert browser.run(head) == pytest.approx(browser.run(nav), abs=1.5)


def test_filters(page):
    page.run("filter.value = 'ADA'; filter.dispatchEvent(new Event('input'))")
    assert column(page, 1) == ["adam"]
    assert "1 of 4 rows" in page.run("document.querySelector('#scores caption').textContent")


def opacities(page, selector):
    page.settle()
    return page.run(
        f"[...document.querySelectorAll({selector!r})].map(n => [n.dataset.learner ?? "
        "[...n.classList].find(c => /^l\\d+$/.test(c)).slice(1), Number(getComputedStyle(n).opacity).toFixed(2)])"
    )


@pytest.mark.parametrize("how", ["click", "hover", "chart"])
def test_a_learner_is_isolated_everywhere(larger_page, larger_report, how):
    page, adam = larger_page, larger_report["learners"].index("adam")
    row = f"document.querySelector('#scores tr[data-learner=\"{adam}\"]')"
    if how == "click":
        page.run(f"{row}.querySelector('button').click()")
    elif how == "hover":
        page.run(f"{row}.dispatchEvent(new PointerEvent('pointerover', {{bubbles: true}}))")
    else:
        point = f"document.querySelector('#scatter .stage g.l{adam} path').getBoundingClientRect()"
        page.run(
            f"box = {point}; document.querySelector('#scatter .stage').dispatchEvent("
            "new PointerEvent('pointermove', {clientX: box.x + 3, clientY: box.y + 3}))"
        )
    for selector in ("#scores tbody tr", "#scatter g.of-learner", "#curves g.of-learner"):
        found = opacities(page, selector)
        assert found
        for learner, opacity in found:
            assert (opacity == "1.00") == (int(learner) == adam), (selector, learner)
    if how == "click":
        pinned = "document.querySelector('#pinned').textContent"
        assert page.run(pinned) == "adam is isolatedShow all"
        assert page.run(f"{row}.querySelector('button').ariaPressed") == "true"
        page.press("Escape")
        assert page.run(pinned) == ""
    elif how == "hover":
        page.run("document.body.dispatchEvent(new PointerEvent('pointerover', {bubbles: true}))")
    else:
        page.run(
            "document.querySelector('#scatter .stage').dispatchEvent(new Event('pointerleave'))"
        )
    assert {opacity for _, opacity in opacities(page, "#scores tbody tr")} == {"1.00"}


def colours(page, section):
    """The strokes of the lines in the first figure of a section, by learner."""
    lines = page.run(
        f"[...document.querySelector('#{section} .stage').querySelectorAll('g[aria-label=line]')]"
        ".map(g => [[...g.classList].find(c => /^l\\d+$/.test(c)), g.getAttribute('stroke')])"
    )
    return {int(name[1:]): stroke for name, stroke in lines}


def test_selecting_learners_holds_everywhere(page):
    assert len(set(colours(page, "curves").values())) == 4
    click(page, "#scatter .legend button[data-learner='0']")
    page.settle()
    for section in ("curves", "measurements", "profiles"):
        strokes = colours(page, section)
        assert strokes[0] == "var(--grey)" and list(strokes.values()).count("var(--grey)") == 1
    options = "[...document.querySelectorAll('#profiles .legend option')].map(o => o.textContent)"
    assert page.run(options) == ["add one of 1…", "fresh"]
    choose(page, "#profiles .legend select", "0")
    assert colours(page, "curves")[0] == "var(--c0)"


def test_the_selection_is_that_of_figures(larger_page, larger, larger_report):
    """Coloured at first: the reference, the user's own, Adam and the best five."""
    best = stored_scores.ranked(stored_scores.scores(larger), larger.learners)
    expected = paper_figure.looks(larger.learners, "fresh", best)
    strokes = colours(larger_page, "curves")
    names = larger_report["learners"]
    grey = {names[i] for i, stroke in strokes.items() if stroke == "var(--grey)"}
    assert grey == set(expected.grey) and len(grey) == 4
    assert {"fresh", "adam", made_up_results.OWN} <= set(names) - grey


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
    """The colours of the points in a panel of the sensitivity section, and its texts."""
    stage = f"document.querySelectorAll('#sensitivity .stage')[{panel}]"
    points = page.run(
        f"[...{stage}.querySelectorAll('g[aria-label=dot]')]"
        ".map(g => [g.getAttribute('fill'), g.getAttribute('stroke')])"
    )
    return points, page.run(f"[...{stage}.querySelectorAll('text')].map(t => t.textContent)")


def test_sensitivity(page):
    titles = page.run(
        "[...document.querySelectorAll('#sensitivity figcaption')].map(c => c.innerText)"
    )
    assert titles == ["fresh: step_size", "adam: step_size", "adam: kind"]
    points, texts = marks(page, 1)
    # A cross for what diverged, the chosen one last.
    assert points == [["none", "var(--c1)"], ["var(--c2)", None]]
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
    browser.open_report(tmp_path / "report.html")
    browser.show_whole()
    texts_below = (
        "[...document.querySelectorAll('#sensitivity .stage')[1]"
        ".querySelectorAll('[aria-label=\"x-axis tick label\"] text')].map(t => t.textContent)"
    )
    assert browser.run(texts_below) == texts


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1280, 1600])
@pytest.mark.parametrize("which", ["path", "larger_path"])
def test_nothing_overlaps_is_cut_or_off_the_screen(browser, request, which, width, dark):
    browser.open_report(request.getfixturevalue(which), width=width, dark=dark)
    browser.show_whole()
    assert browser.run("document.querySelectorAll('.stage text').length") > 100
    assert page_faults.found(browser) == []
    browser.run("document.querySelector('#runs details').open = true")
    browser.run("document.querySelector('#settings details').open = true")
    assert page_faults.found(browser) == []


@pytest.mark.parametrize(("width", "dark"), report_screens.SCREENS)
def test_it_looks_as_it_did(browser, larger_path, width, dark):
    stored = Image.open(report_screens.FOLDER / report_screens.name(width, dark))
    image, font_width = report_screens.take(browser, larger_path, width, dark)
    if font_width != stored.info["font width"]:
        pytest.skip("the stored screenshots were made with other fonts")
    difference = report_screens.difference(image, stored.convert("RGB"))
    remedy = "if it is meant so, run `python -m tests.support.report_screens`"
    assert difference < 0.0005, f"{difference:.2%} of the page look different: {remedy}"


def test_differences(page, report):
    click(page, "#differences summary")
    rows = page.run(
        "[...document.querySelectorAll('#differences tbody tr')]"
        ".map(r => [...r.children].map(c => c.textContent))"
    )
    assert rows[0][0] == report["learners"][1]  # the best after the reference
    found = {row[1]: float(row[2]) for row in rows}
    for pair in report["pairs"]:
        if pair["stream"] is None and pair["score"] == "trainability":
            both = [report["learners"][pair[name]] for name in ("learner", "other")]
            if rows[0][0] in both:
                sign = 1 if both[0] == rows[0][0] else -1
                other = both[1] if sign == 1 else both[0]
                assert found.pop(other) == pytest.approx(sign * pair["difference"][0])
    assert found == {}


@pytest.mark.parametrize("dark", [False, True])
def test_the_theme_is_the_systems_until_it_is_chosen(browser, path, dark):
    browser.open_report(path, dark=dark)
    browser.run("localStorage.clear()")
    browser.open_report(path, dark=dark)
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


SAVED = """saved = null; URL.createObjectURL = (blob) => { saved = blob; return '#'; };
  HTMLAnchorElement.prototype.click = function () { file = this.download; };"""


def save(page, selector, kind):
    """The name and the content of what a button saves."""
    page.run(SAVED)
    page.run(
        f"[...document.querySelectorAll({selector!r})].find(b => b.textContent === {kind!r}).click()"
    )
    page.run("new Promise(d => { const look = () => saved ? d() : setTimeout(look, 10); look(); })")
    data = page.run(
        "saved.arrayBuffer().then(b => btoa([...new Uint8Array(b)]"
        ".map(c => String.fromCharCode(c)).join('')))"
    )
    return page.run("file"), base64.b64decode(data)


def test_tables_are_saved_as_csv(page, report):
    name, content = save(page, "#scores .file", "CSV")
    assert name == "small-v0_Scores.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode())))
    assert len(rows) == len(report["scores"])
    for row, score in zip(rows, report["scores"], strict=True):
        assert row["learner"] == report["learners"][score["learner"]]
        assert float(row["trainability"]) == score["trainability"][0]
        assert row["curvature_retention"] == ""


def test_figures_are_saved(page, report):
    click(page, "#curves summary")
    name, content = save(page, "#curves .file", "SVG")
    assert name == "small-v0_easy.svg" and b"var(--" not in content
    texts = [text.text for text in ElementTree.fromstring(content).iter() if text.text]
    assert {"easy", "accuracy", "task", *report["learners"]} <= set(texts)
    name, content = save(page, "#curves .file", "PNG")
    image = Image.open(io.BytesIO(content))
    width = page.run("document.querySelector('#curves .stage svg').width.baseVal.value")
    assert name == "small-v0_easy.png" and image.width == 3 * width
    assert len(image.convert("RGB").getcolors(1 << 24)) > 20  # it is not empty
    name, content = save(page, "#curves .file", "CSV")
    assert content.decode().splitlines()[0] == "learner,task,mean,low,high"


def test_a_panel_for_each_learner(page, report):
    choose(page, "#curves .controls label:nth-child(2) select", "learner")
    titles = page.run(
        "[...document.querySelectorAll('#curves figcaption')].map(c => c.textContent)"
    )
    assert len(titles) == 2 * (len(report["learners"]) - 1)
    assert f"{report['learners'][1]} on easy" in titles


def test_ticks_of_tasks_are_whole_numbers(page):
    ticks = page.run(
        "[...document.querySelectorAll('#curves [aria-label=\"x-axis tick label\"] text')]"
        ".map(t => t.textContent)"
    )
    assert ticks and all(tick.isdigit() for tick in ticks)


def test_points_in_colours_have_labels(larger_page, larger_report):
    texts = larger_page.run(
        "[...document.querySelectorAll('#scatter .stage .of-learner text')].map(t => t.textContent)"
    )
    names = [larger_report["learners"][i] for i in larger_report["selected"]]
    assert sorted(texts) == sorted(2 * names)


def test_a_phone_has_its_sections_behind_a_button(browser, path):
    browser.open_report(path, width=390, height=740)
    shown = "getComputedStyle(document.querySelector('#contents')).display"
    assert browser.run(shown) == "none"
    click(browser, "#sections")
    assert browser.run(shown) == "flex"
    assert browser.run("document.querySelector('#sections').ariaExpanded") == "true"
    click(browser, "#contents a")
    assert browser.run(shown) == "none"


@pytest.mark.parametrize("dark", [False, True])
def test_tips_and_names_of_controls(browser, path, dark):
    browser.open_report(path, width=390, height=740, dark=dark)
    browser.run("document.querySelector('#curves .stage').focus()")
    browser.settle()
    browser.press("End")  # its tip is shown
    assert browser.run("document.querySelectorAll('.tip:not([hidden])').length") == 1
    assert browser.run(page_faults.CONTRAST) >= 4.5
    assert browser.run("document.documentElement.scrollWidth") <= 390
    unnamed = "[...document.querySelectorAll('button, select, input')].filter(n => !(n.labels?.length || n.ariaLabel || n.textContent.trim())).length"
    assert browser.run(unnamed) == 0
    regions = (
        "[...document.querySelectorAll('[role=region]')].map(r => r.getAttribute('aria-label'))"
    )
    assert {"Scores", "Explanations", "Runs"} <= set(browser.run(regions))


def test_the_arrow_keys_isolate_a_learner(page):
    page.run("document.querySelector('#curves .stage').focus()")
    page.press("End")
    page.press("ArrowDown")
    page.press("Enter")
    assert page.run("document.querySelector('#pinned').textContent").endswith("is isolatedShow all")
