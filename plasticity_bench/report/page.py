"""The page: its template, style, program and data in one file that loads nothing."""

import base64
import gzip
import hashlib
import html
import json
from importlib import resources
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.report.model import Report
from plasticity_bench.safe_files import write_atomic


def write(report: Report, path: Path) -> None:
    """Write a report's page, whole or not at all.

    Raises:
        BadInputError: if the file cannot be written.
    """
    try:
        write_atomic(path, page(report).encode())
    except OSError as error:
        raise BadInputError(f"Cannot write {path}: {error.strerror}.") from None


def page(report: Report) -> str:
    """Return a report as one HTML page.

    A content security policy allows this script and style only, by their hashes, and no loading:
    a label that is written like a program stays text.
    """
    style = _part("style.css")
    program = _part("report.js")
    parts = {
        "title": html.escape(f"{report['suite']} - plasticity-bench"),
        "policy": f"default-src 'none'; script-src {_hash(program)}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'",
        "style": style,
        "data": compressed(report),
        "program": program,
    }
    pieces = _part("page.html").split("{{")
    contents = [pieces[0]]
    for piece in pieces[1:]:
        name, _, rest = piece.partition("}}")
        contents.append(parts[name.strip()] + rest)
    return "".join(contents)


def compressed(value: object) -> str:
    """Return a value as JSON, compressed with gzip, in base64: nothing in it is read as HTML.

    >>> gzip.decompress(base64.b64decode(compressed("</script>")))
    b'"</script>"'
    """
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode()


def _part(name: str) -> str:
    return (resources.files("plasticity_bench.report") / "web" / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
