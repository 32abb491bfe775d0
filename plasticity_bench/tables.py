"""Tables as the command line prints them: for the terminal, Markdown, LaTeX or HTML."""

import csv
import io
import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text
from tabulate import tabulate

_STYLES = {"markdown": "github", "latex": "latex_booktabs", "html": "html"}


def render(
    headers: Sequence[str],
    rows: Sequence[Sequence[object]],
    format_name: str = "table",
    *,
    left: Iterable[str] = (),
) -> str:
    """Return a table.

    Args:
        headers: of the columns; a line break in a header is one in the terminal only.
        rows: each with as many cells as there are headers.
        format_name: "table" for the terminal, "markdown", "latex" or "html".
        left: headers of the columns of text, which are aligned to the left; numbers are to the
            right.
    """
    texts = set(left)
    if format_name == "table":
        return _for_terminal(headers, rows, texts)
    if format_name == "markdown":
        rows = [[str(cell).replace("|", r"\|") for cell in row] for row in rows]
    align = ["left" if header in texts else "right" for header in headers]
    return tabulate(
        rows,
        [header.replace("\n", " ") for header in headers],
        _STYLES[format_name],
        disable_numparse=True,
        colalign=align if rows else None,
    )


def to_csv(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV, every number with all of its digits."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows(rows)
    return text.getvalue().rstrip("\n")


def terminal_width() -> int | None:
    """Return how many characters a line may have; None where no terminal shows it."""
    if sys.stdout.isatty():
        return max(shutil.get_terminal_size().columns, NARROWEST)
    return None


def wrapped(line: str, indent: int) -> str:
    """Return a line broken into those that fit the terminal, all but the first one indented."""
    width = terminal_width()
    if width is None or indent > width - 20:
        return line
    return textwrap.fill(
        line, width, subsequent_indent=" " * indent, break_long_words=False, drop_whitespace=True
    )


NARROWEST = 40
FOLDED = 14
"""The least width of a column of text in a table that is too wide for its terminal."""


def _for_terminal(headers: Sequence[str], rows: Sequence[Sequence[object]], texts: set[str]) -> str:
    """A table; one that is too wide for the terminal is narrowed, and says what it leaves out."""
    cells = [[str(cell) for cell in row] for row in rows]
    drawn = _drawn(headers, cells, texts)
    width = terminal_width()
    if width is None or max(map(len, drawn.splitlines())) <= width:
        return drawn
    cells = [[cell.replace(" [", "\n[") for cell in row] for row in cells]
    shown = len(headers)
    while shown > 2 and _least_width(headers[:shown], cells, texts) > width:
        shown -= 1
    drawn = _drawn(headers[:shown], [row[:shown] for row in cells], texts, width)
    left_out = [header.replace("\n", " ").strip() for header in headers[shown:]]
    if left_out:
        drawn += f"\n\nToo wide for the terminal, left out: {', '.join(left_out)}."
    return drawn


def _least_width(headers: Sequence[str], cells: Sequence[Sequence[str]], texts: set[str]) -> int:
    widths = []
    for index, header in enumerate(headers):
        parts = [part for row in cells for part in row[index].splitlines()]
        most = max(map(cell_len, [*header.splitlines(), *parts]), default=0)
        widths.append(min(most, FOLDED) if header in texts else most)
    return sum(widths) + SEPARATOR * (len(widths) - 1)


SEPARATOR = 3


def _drawn(
    headers: Sequence[str],
    cells: Sequence[Sequence[str]],
    texts: set[str],
    width: int | None = None,
) -> str:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for header in headers:
        folded = width is not None and header in texts
        table.add_column(
            Text(header),
            justify="left" if header in texts else "right",
            no_wrap=not folded,
            overflow="fold" if folded else "ellipsis",
        )
    for row in cells:
        table.add_row(*map(Text, row))  # brackets are text, not markup
    console = Console(file=io.StringIO(), width=width or 10_000, color_system=None)
    with console.capture() as capture:
        console.print(table)
    lines = (line.rstrip() for line in capture.get().splitlines())
    return "\n".join(lines).strip("\n")
