"""Tables show what is in their cells, and nothing else, in every format."""

import csv

import pytest

from plasticity_bench import tables

HEADERS = ("learner", "score\nmean")
ROWS = [["[bold]l2[/bold]", "0.50 [0.40, 0.65]"], ["[/]", 3], ["x" * 300, ""]]


def test_brackets_are_text_in_a_terminal():
    lines = tables.render(HEADERS, ROWS, left=("learner",)).splitlines()
    assert [line.split() for line in lines[:2]] == [["score"], ["learner", "mean"]]
    assert set(lines[2]) == {"\u2500"}
    shown = lines[3:]
    assert shown[0].split("  ")[0] == "[bold]l2[/bold]"
    assert shown[0].endswith("  0.50 [0.40, 0.65]")
    assert shown[1].split() == ["[/]", "3"]
    assert shown[2] == "x" * 300  # nothing is cut
    assert "\x1b" not in "\n".join(lines)


def test_text_is_to_the_left_and_numbers_are_to_the_right():
    lines = tables.render(("name", "n"), [["a", 1], ["bcd", 100]], left=("name",)).splitlines()
    assert lines[0].split() == ["name", "n"]
    assert lines[-2:] == ["a        1", "bcd    100"]


@pytest.mark.parametrize("format_name", ["markdown", "html"])
def test_brackets_are_text_in_files(format_name):
    shown = tables.render(HEADERS, ROWS, format_name, left=("learner",))
    for part in ("[bold]l2[/bold]", "0.50 [0.40, 0.65]", "score mean", "x" * 300):
        assert part in shown


def test_a_table_in_markdown():
    assert tables.render(("a", "b"), [["x", "1.50"]], "markdown", left=("a",)).splitlines() == [
        "| a   |    b |",
        "|-----|------|",
        "| x   | 1.50 |",
    ]


@pytest.mark.parametrize("format_name", ["table", "markdown", "latex", "html"])
def test_a_table_may_have_no_rows(format_name):
    shown = tables.render(("first", "second"), [], format_name, left=("first",))
    assert "first" in shown
    assert "second" in shown


def test_csv_has_every_digit():
    rows = [["a, b", 0.1 + 0.2], ['"c"', None]]
    text = tables.to_csv(("name", "value"), rows)
    assert list(csv.reader(text.splitlines())) == [
        ["name", "value"],
        ["a, b", "0.30000000000000004"],
        ['"c"', ""],
    ]


def test_a_bar_in_a_label_stays_in_its_cell():
    text = tables.render(["a", "b"], [["x|y", 1]], "markdown", left=("a",))
    assert text.splitlines()[2] == r"| x\|y |   1 |"


WIDE = ("stream", "learner", "score", "cost", "seeds")
LONG = [["RandomLabelDigits-v0", "shrink_and_perturb", "0.50 [0.40, 0.65]", "1.0", "10"]] * 2


def test_a_table_fits_its_terminal_and_says_what_it_leaves_out(monkeypatch):
    width = iter([64, 48])
    monkeypatch.setattr(tables, "terminal_width", lambda: next(width))
    shown = tables.render(WIDE, LONG, left=("stream", "learner"))
    assert max(map(len, shown.splitlines())) <= 64
    assert shown.count("[0.40, 0.65]") == 2
    assert "left out" not in shown
    shown = tables.render(WIDE, LONG, left=("stream", "learner"))
    assert max(map(len, shown.splitlines()[:-1])) <= 48
    assert shown.endswith("Too wide for the terminal, left out: cost, seeds.")


def test_a_table_that_no_terminal_shows_is_as_wide_as_it_needs(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")  # as some shells and continuous integrations do
    assert "shrink_and_perturb   0.50 [0.40, 0.65]" in tables.render(WIDE, LONG, left=WIDE[:2])
