"""The table in LaTeX: its numbers are those of the data frame, and it fits a paper's column."""

import math
import re
import shutil
import subprocess

import pytest

import plasticity_bench as pb
from plasticity_bench.cli import main
from plasticity_bench.results import select
from plasticity_bench.scoring import latex_table
from plasticity_bench.scoring.latex_table import Style, render
from tests.support import report_results


@pytest.fixture
def selection(tmp_path):
    return select(report_results.write(tmp_path))


def cells(text):
    """By learner, the cells of its row."""
    lines = text.partition("\\midrule\n")[2].partition("\\bottomrule")[0].splitlines()
    rows = [line.removesuffix(" \\\\").split(" & ") for line in lines]
    return {row[0]: row[1:] for row in rows}


def mean_of(cell):
    found = re.search(r"(\$-\$)?[\d.]+", cell)
    return float(found[0].replace("$-$", "-")) if found else math.nan


def test_means_and_widths_are_those_of_the_data_frame(selection):
    scores = pb.load_results(selection.results.folder).scores().set_index(["learner", "stream"])
    found = cells(render(selection, Style(columns=("trainability", "curvature"))))
    assert sorted(found) == sorted(selection.learners)
    for learner, row in found.items():
        assert len(row) == 2 * len(selection.streams)
        for position, stream in enumerate(selection.streams):
            own = scores.loc[(learner, stream)]
            for cell, name in zip(
                row[2 * position :], ("trainability", "curvature_retention"), strict=False
            ):
                assert (cell == "--") == math.isnan(own[name])
                if cell == "--":
                    continue
                assert mean_of(cell) == pytest.approx(own[name], abs=0.005)
                half = re.search(r"\\pm\$([\d.]+)", cell)
                expected = own[f"{name}_high"] - own[name]
                assert (half is None) == math.isnan(expected)
                assert not half or float(half[1]) == pytest.approx(expected, abs=0.005)


def test_the_best_is_bold_in_each_column_and_the_reference_never_is(selection):
    found = cells(render(selection, Style(columns=("trainability",))))
    assert "textbf" not in "".join(found[selection.reference])
    for column in range(len(selection.streams)):
        means = {k: mean_of(v[column]) for k, v in found.items() if k != selection.reference}
        bold = {k for k, v in found.items() if "textbf" in v[column]}
        best = max(mean for mean in means.values() if not math.isnan(mean))
        assert bold == {name for name, mean in means.items() if mean == best}
    assert "textbf" not in render(selection, Style(bold="none"))


def test_ties_are_the_tie_group_of_the_first(selection):
    best, tie = (
        render(selection, Style(columns=("trainability",), bold=bold)) for bold in ("best", "tie")
    )
    assert tie.count("textbf") >= best.count("textbf")


def test_a_tie_is_a_difference_that_may_be_chance():
    scores = {"a": [0.90, 0.92, 0.88] * 4, "b": [0.91, 0.90, 0.88] * 4, "c": [0.1, 0.2, 0.1] * 4}
    values = {("s", name): dict(enumerate(map(Fake, row))) for name, row in scores.items()}
    column = "s", "trainability"

    def bold(kind):
        return latex_table._bold(values, list(scores), column, "fresh", Style(bold=kind))

    assert bold("tie") == {"a", "b"}
    assert bold("best") == {"a", "b"}  # 0.90 both, as they are printed
    assert bold("none") == set()


class Fake:
    def __init__(self, trainability):
        self.trainability = trainability


def test_names_and_signs(selection):
    (learner, *_), (stream, *_) = selection.learners, selection.streams
    text = render(selection, Style(names={learner: r"S\&P", stream: "Labels"}))
    assert r"S\&P &" in text
    assert "{Labels}" in text
    assert latex_table._called("a_b & c%-v1", Style()) == r"a\_b \& c\%"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--columns", "cost"], "a LaTeX table has scores, not 'cost'"),
        (["--names", "nobody=X"], "'nobody' is neither a learner nor a stream"),
        (["--names", "nobody"], "give LABEL=NAME"),
    ],
)
def test_slips(selection, capsys, options, message):
    folder = str(selection.results.folder)
    assert main(["table", folder, "--format", "latex", *options]) == 2
    assert message in capsys.readouterr().err
    assert main(["table", folder, "--caption", "x"]) == 2
    assert "--caption is for --format latex" in capsys.readouterr().err


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="there is no LaTeX")
def test_two_streams_fit_into_a_column_of_a_paper(selection, tmp_path):
    names = dict(zip(selection.streams, ("Random labels", "Permuted classes"), strict=True))
    names[report_results.EVIL] = "A method"
    table = render(selection, Style(names=names, caption="Scores, with intervals of 95\\,\\%."))
    lines = [r"\documentclass[twocolumn]{article}", r"\usepackage{booktabs}"]
    text = "\n".join([*lines, r"\begin{document}", table, r"\end{document}"])
    (tmp_path / "paper.tex").write_text(text)
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert "Overfull" not in done.stdout
