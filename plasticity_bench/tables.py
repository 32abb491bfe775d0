"""Tables as the command line prints them: for the terminal, Markdown, LaTeX or HTML."""

import csv
import io
from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
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


def _for_terminal(headers: Sequence[str], rows: Sequence[Sequence[object]], texts: set[str]) -> str:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for header in headers:
        justify = "left" if header in texts else "right"
        table.add_column(Text(header), justify=justify, no_wrap=True)  # type: ignore[arg-type]
    for row in rows:
        table.add_row(*(Text(str(cell)) for cell in row))  # brackets are text, not markup
    # As wide as it needs to be: a terminal breaks a line that is too long, and loses nothing.
    console = Console(file=io.StringIO(), width=10_000, color_system=None)
    with console.capture() as capture:
        console.print(table)
    lines = (line.rstrip() for line in capture.get().splitlines())
    return "\n".join(lines).strip("\n")
