"""Curves are means over seeds of what is stored; `plot` draws them and says what it cannot."""

import numpy as np
import pytest
import scipy.stats

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.figures import paper_figure
from plasticity_bench.figures.learning_curves import draw
from plasticity_bench.results import Results, Row, Run, select
from plasticity_bench.scoring.learning_curves import curves

PROTOCOL = {"curvature_examples": 16}


@pytest.fixture
def results(tmp_path):
    """Two streams, two learners, three seeds, four tasks: accuracy is task + seed / 10."""
    store = Results(tmp_path / "suite@01234567")
    for stream in ("easy", "hard"):
        for learner in ("adam", "l2"):
            for seed in range(3):
                rows = [Row(task, "end", "accuracy", task + seed / 10) for task in range(4)]
                rows += [Row(t, "start", "fisher_srank99_n16", 5.0 * seed) for t in (0, 3)]
                rows.append(Row(1, "start", "only_at_start", 7.0))
                if learner == "l2" and seed == 2:  # diverged in the last task
                    rows[3] = Row(3, "end", "accuracy", float("nan"))
                run = Run(stream, learner, seed, {"protocol": PROTOCOL, "seed": seed, "l": learner})
                store.save(run, rows, {"status": "complete"})
    return store


def test_points_are_means_over_seeds(results):
    found = {(c.stream, c.learner, c.measurement): c for c in curves(select(results))}
    assert len(found) == 2 * 2 * 2
    accuracy = found["easy", "adam", "accuracy"]
    assert accuracy.seeds == 3
    assert [accuracy.points[task].mean for task in range(4)] == pytest.approx([0.1, 1.1, 2.1, 3.1])
    for task, point in accuracy.points.items():
        ends = scipy.stats.ttest_1samp(np.array([0, 0.1, 0.2]) + task, 0).confidence_interval()
        assert (point.low, point.high) == pytest.approx(tuple(ends))
    assert list(found["hard", "l2", "fisher_srank99_n16"].points) == [0, 3]
    diverged = found["easy", "l2", "accuracy"].points[3]
    assert diverged.mean == pytest.approx(3.05)  # of the two that are left


def test_a_selection(results):
    found = curves(select(results), ["only_at_start"], ["hard"], ["l2"])
    assert [(c.stream, c.learner, c.measurement) for c in found] == [
        ("hard", "l2", "only_at_start")
    ]
    assert found[0].points[1].mean == 7.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((["acuracy"],), "no measurement 'acuracy' in these results. Did you mean 'accuracy'"),
        (((), ["hrad"]), "no stream 'hrad' in these results. Did you mean 'hard'"),
        (((), (), ["adma"]), "no learner 'adma' in these results. Did you mean 'adam'"),
    ],
)
def test_what_is_not_there_is_told(results, arguments, sentence):
    with pytest.raises(pb.BadInputError, match=sentence):
        curves(select(results), *arguments)


@pytest.mark.slow
def test_the_command_draws(results, capsys):
    assert main(["plot", str(results.folder)]) == 0
    figure = results.folder / "curves.png"
    told = (
        f"Selection: 3 seeds.\nFigure: {figure}\nNext: plasticity-bench report {results.folder}\n"
    )
    assert capsys.readouterr().err == told
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert main(["plot", str(results.folder), "--figure", "curves.jpeg"]) == 2
    assert "a figure's file ends in .png" in capsys.readouterr().err
    assert main(["plot", str(results.folder / "nothing")]) == 2
    assert "holds no finished results" in capsys.readouterr().err


def test_every_curve_is_in_its_panel(results, tmp_path, monkeypatch):
    """Seen from the lines of the figure itself."""

    kept = []
    monkeypatch.setattr(paper_figure, "save", lambda figure, path: kept.append(figure))
    draw(curves(select(results)), tmp_path / "x.png")
    (figure,) = kept
    axes = np.array(figure.axes).reshape(2, 2)  # measurements x streams
    assert [axis.get_title() for axis in axes[0]] == ["easy", "hard"]
    title = "curvature rank\n(fisher_srank99_n16)"
    assert [axis.get_ylabel() for axis in axes[:, 0]] == ["accuracy", title]
    assert axes[1, 0].get_ylim() == axes[1, 1].get_ylim() != axes[0, 0].get_ylim()
    for axis in axes[0]:
        drawn = [line for line in axis.lines if len(line.get_xdata())]
        assert len(drawn) == 2
        assert drawn[0].get_ydata() == pytest.approx([0.1, 1.1, 2.1, 3.1])
    legend = figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["adam", "l2"]


def test_settings_that_were_given_up_are_not_drawn(results):
    run = next(iter(results.stored()))[0]
    old = Run(run.stream, run.learner, 0, {**run.identity, "l": "adam, as it was"})
    results.save(old, [Row(0, "end", "accuracy", 100.0)], {"status": "complete"})
    (found,) = curves(select(results), ["accuracy"], ["easy"], ["adam"])
    assert found.seeds == 3 and found.points[0].mean == pytest.approx(0.1)
