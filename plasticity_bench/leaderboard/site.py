"""The leaderboard as a static site: pages, data and badges that any host of files can serve."""

import json
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard import frame, page, site_entry, site_table
from plasticity_bench.safe_files import atomic_folder
from plasticity_bench.suite.suite import Suite
from plasticity_bench.text import printable

MARK = "leaderboard.json"
"""A folder that has it is a site, and may be replaced by a new one."""
WEB = Path(__file__).parent / "web"
ASSETS = ("style.css", "table.js")
Notify = Callable[[str], None]


def write(entries: Path, suites: Sequence[Suite], folder: Path, notify: Notify) -> int:
    """Write the site of some suites, whole or not at all; return the number of its entries.

    Args:
        entries: the folder of the entries of all suites.
        suites: those that are shown, each on a page of its own.
        folder: of the site; an earlier site there is replaced.
        notify: called with a sentence for each entry that cannot be shown.

    Raises:
        BadInputError: if the folder holds something else, or cannot be written.
    """
    target = folder.resolve()
    _check_replaceable(folder, target)
    tables = page.tables_of(entries, suites, notify)
    try:
        with atomic_folder(target, replace=True) as draft:
            _write_all(draft, tables)
    except OSError as error:
        raise BadInputError(f"Cannot write {folder}: {error.strerror}.") from None
    return sum(len(rows) for _, rows in tables.values())


def _check_replaceable(folder: Path, target: Path) -> None:
    try:
        there = {path.name for path in target.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise BadInputError(f"--site {folder}: {error.strerror}.") from None
    if there and MARK not in there:
        raise BadInputError(
            f"--site {folder}: the folder holds other files; give one that is new, empty or an "
            "earlier site."
        )


def _write_all(draft: Path, tables: page.Tables) -> None:
    templates = environment()

    def put(name: str, content: bytes, /) -> None:
        path = draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def draw(target: str, template: str, /, **values: Any) -> None:
        put(target, templates.get_template(template).render(values).encode())

    put(".nojekyll", b"")  # a host that runs Jekyll leaves the files as they are
    put(MARK, frame.to_json(tables).encode() + b"\n")
    put("leaderboard.csv", frame.to_csv(tables).encode() + b"\n")
    for name in ASSETS:
        put(name, (WEB / name).read_bytes())
    latest = page.latest([suite for suite, _ in tables.values()])
    current = [name for name, (suite, _) in tables.items() if suite in latest]
    earlier = [name for name in tables if name not in current]
    draw("index.html", "index.html", root="", tables=tables, current=current, earlier=earlier)
    for name, (suite, rows) in tables.items():
        draw(f"{name}.html", "suite.html", root="", name=name, suite=suite, rows=rows)
        for row in rows:
            files = site_entry.files(row)
            shown = {"name": name, "suite": suite, "row": row, "rows": rows, "files": files}
            related = site_entry.related(row, suite, tables)
            draw(frame.page_of(name, row), "entry.html", root="../", related=related, **shown)
            draw(f"badges/{name}/{row.name}.svg", "badge.svg", **shown)
            for file, content in files.items():
                put(f"{frame.files_of(name, row)}/{file}", content)


def environment() -> Environment:
    """Return the templates: what they insert is escaped, and characters that cannot be seen shown.

    All texts of entries are by strangers. No template marks one as safe.
    """
    templates = Environment(
        loader=FileSystemLoader(WEB),
        autoescape=True,
        finalize=_visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {"lines": _lines, "breakable": _breakable, "as_json": _as_json}
    templates.globals |= {
        "version": metadata.version("plasticity-bench"),
        "page_of": frame.page_of,
        "files_of": frame.files_of,
        "table": site_table,
        "details": site_entry,
    }
    return templates


def _visible(value: object) -> str:
    """A value as text, with escapes in place of characters that would turn or break the line."""
    return value if isinstance(value, Markup) else printable(str(value))


def _lines(text: str) -> Markup:
    """A text of several lines, for an element that keeps them."""
    return Markup("\n").join(escape(printable(line)) for line in text.expandtabs(4).split("\n"))


def _as_json(value: object) -> str:
    """A value as JSON of several lines."""
    return json.dumps(value, indent=1, ensure_ascii=False)


def _breakable(text: str) -> Markup:
    """A name that may be broken after each underscore."""
    return Markup("_<wbr>").join(escape(printable(part)) for part in text.split("_"))
