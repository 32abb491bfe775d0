"""Figures are as wide as a page, however many panels they have, and nothing is cut off."""

import pytest

from plasticity_bench.figures import (
    associations,
    learning_curves,
    paper_figure,
    rank_intervals,
    score_scatter,
    sensitivity,
    tuning_budget,
)
from plasticity_bench.scoring.associations import Association
from plasticity_bench.scoring.learning_curves import Curve
from plasticity_bench.statistics import Interval
from plasticity_bench.tuning.record import read_record
from tests.support import report_results
from tests.support.helpers import a_score


@pytest.fixture
def drawn(monkeypatch):
    """Figures that were made, drawn but not written."""
    kept = []

    def keep(figure, path):
        figure.draw_without_rendering()
        kept.append(figure)

    monkeypatch.setattr(paper_figure, "save", keep)
    with paper_figure.style():
        yield kept


def cut_off(figure):
    """What is partly outside a figure: panels with their labels, legends, the title."""
    outer = [axes.get_tightbbox() for axes in figure.axes if axes.get_visible()]
    outer += [legend.get_window_extent() for legend in figure.legends]
    outer += [text.get_window_extent() for text in figure.texts]
    page = figure.bbox.padded(1)
    return [b for b in outer if not (page.contains(b.x0, b.y0) and page.contains(b.x1, b.y1))]


def overlapping(figure):
    """Panels whose outsides, labels among them, lie over one another."""
    boxes = [axes.get_tightbbox() for axes in figure.axes if axes.get_visible()]
    shrunk = [box.padded(-2) for box in boxes]
    return [(i, j) for i, a in enumerate(shrunk) for j, b in enumerate(shrunk[:i]) if a.overlaps(b)]


@pytest.mark.slow
@pytest.mark.parametrize(("num_streams", "lines"), [(1, 1), (2, 1), (4, 1), (5, 2), (9, 3)])
def test_panels_that_do_not_fit_beside_one_another_are_below(drawn, tmp_path, num_streams, lines):
    streams = [f"a stream with a name {i}" for i in range(num_streams)]
    learners = ["fresh", *(f"a_learner_with_a_long_name_{i}" for i in range(12))]
    scores = {
        (s, x): {0: a_score(0.2, 0.3), 1: a_score(0.4, 0.5)} for s in streams for x in learners
    }
    score_scatter.draw(scores, "fresh", tmp_path / "x.pdf")
    points = {0: Interval(0.5, 0.4, 0.6), 1: Interval(0.7, 0.6, 0.8)}
    rows = [Curve(s, x, m, points, 2) for s in streams for x in learners for m in ("a", "b")]
    learning_curves.draw(rows, tmp_path / "x.pdf")
    for figure, per_stream in zip(drawn, (1, 2), strict=True):
        assert figure.get_size_inches()[0] == (
            paper_figure.COLUMN if num_streams == 1 else paper_figure.PAGE
        )
        visible = [axes for axes in figure.axes if axes.get_visible()]
        assert len(visible) == num_streams * per_stream
        assert len({round(axes.get_position().y0, 2) for axes in visible}) == lines * per_stream
        assert cut_off(figure) == [] and overlapping(figure) == []
        assert len(figure.legends[0].get_texts()) == 13


@pytest.mark.slow
@pytest.mark.parametrize("num_streams", [1, 2, 9])
def test_a_heatmap_fits_its_page(drawn, tmp_path, num_streams):
    one = Interval(-0.3, -0.4, -0.2)
    streams = {f"a stream with a name {i}": one for i in range(num_streams)}
    names = [f"a_measurement_with_a_name_{i}" for i in range(14)]
    table = [Association(name, one, one, one, streams, streams) for name in names]
    associations.draw(table, tmp_path / "x.pdf")
    (figure,) = drawn
    assert figure.get_size_inches()[0] == paper_figure.PAGE
    assert cut_off(figure) == [] and overlapping(figure) == []
    assert {text.get_text() for text in figure.axes[0].texts} == {"\N{MINUS SIGN}.3"}


def test_a_search_marks_what_was_chosen_and_what_diverged(drawn, tmp_path):
    (tmp_path / "tuning.yaml").write_text(report_results.TUNING)
    found = read_record(tmp_path / "tuning.yaml").record
    sensitivity.draw(found, tmp_path / "x.pdf")
    (figure,) = drawn
    assert [axes.get_title() for axes in figure.axes] == ["fresh", "adam", "adam"]
    shapes = [{line.get_marker() for line in axes.lines} for axes in figure.axes]
    assert shapes == [{"s"}, {"s", "x"}, {"s", "x"}]
    chosen = [line for line in figure.axes[1].lines if line.get_marker() == "s"]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in chosen] == [(0.001, 0.5)]
    assert figure.axes[1].get_xscale() == "log" and cut_off(figure) == []


MANY = [f"method_{i}" for i in range(40)]


def test_of_many_learners_some_are_in_colours():
    best_first = ["fresh", *reversed(MANY), "adam", "mine:Learner"]
    looks = paper_figure.looks(best_first, "fresh", best_first)
    best = {f"method_{i}" for i in range(35, 40)}
    assert set(looks.coloured) == {"fresh", "adam", "mine:Learner", *best}
    assert looks.coloured[0] == "fresh"
    assert len(looks.grey) == 35
    colours = [looks.of(name)["color"] for name in looks.coloured]
    assert len(set(colours)) == len(paper_figure.COLOURS)
    assert looks.of("method_0")["color"] == paper_figure.GREY["color"]
    few = paper_figure.looks(best_first[:8], "fresh", best_first)
    assert not few.grey


def test_grey_learners_are_below_the_others_and_share_one_line_of_the_legend(drawn, tmp_path):
    points = {0: Interval(0.5, 0.4, 0.6), 1: Interval(0.7, 0.6, 0.8)}
    names = ["fresh", *MANY]
    rows = [Curve("s", name, "accuracy", points, 2) for name in names]
    learning_curves.draw(rows, tmp_path / "x.pdf", "fresh", names)
    scores = {("s", name): {0: a_score(0.2, 0.3), 1: a_score(0.4, 0.5)} for name in names}
    score_scatter.draw(scores, "fresh", tmp_path / "x.pdf", "retained", names)
    for figure in drawn:
        texts = [text.get_text() for text in figure.legends[0].get_texts()]
        assert len(texts) == 9 and texts[-1] == "33 others"
        assert cut_off(figure) == []
    colours = [line.get_color() for line in drawn[0].axes[0].lines]
    assert colours[:33] == [paper_figure.GREY["color"]] * 33
    assert drawn[1].axes[0].get_xlabel() == "retained plasticity"


def test_ranks_are_those_of_the_table_with_their_intervals(drawn, tmp_path):
    levels = {"fresh": 1.0, "good": 0.9, "same": 0.9, "bad": 0.1}
    jitter = [0.01 * (seed % 3) for seed in range(12)]
    scores = {
        ("s", name): {seed: a_score(level + move) for seed, move in enumerate(jitter)}
        for name, level in levels.items()
    }
    rank_intervals.draw(scores, "fresh", tmp_path / "x.pdf", list(levels))
    (figure,) = drawn
    (axis,) = figure.axes
    assert [label.get_text() for label in axis.get_yticklabels()] == ["good", "same", "bad"]
    lines = [tuple(line.get_xdata()) for line in axis.lines]
    assert lines == [(1, 2), (1,), (1, 2), (1,), (3, 3), (3,)]
    assert cut_off(figure) == []


def test_a_search_is_drawn_by_its_budget(drawn, tmp_path):
    (tmp_path / "tuning.yaml").write_text(report_results.TUNING)
    found = read_record(tmp_path / "tuning.yaml").record
    tuning_budget.draw(found, tmp_path / "x.pdf", ["adam"])
    (figure,) = drawn
    (line,) = figure.axes[0].lines
    scores = [tried.score for tried in found.learners["adam"].at_length if tried.score is not None]
    assert line.get_ydata()[0] == pytest.approx(sum(scores) / len(scores))
    assert line.get_ydata()[-1] == max(scores)
