"""Parts of pages that are made from results, each between two comments of the page."""

from pathlib import Path


def comments(name: str) -> tuple[str, str]:
    """Return the comments before and after a part."""
    return f"<!-- {name} -->\n", f"<!-- end of the {name} -->\n"


def write(page: Path | None, name: str, text: str) -> None:
    """Replace a part of a page; print the text if there is no page.

    Raises:
        SystemExit: if the page has not both comments.
    """
    if page is None:
        print(text)
        return
    begin, end = comments(name)
    before, found, rest = page.read_text().partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found and found_end):
        raise SystemExit(f"{page} has no {begin.strip()} with {end.strip()} after it.")
    page.write_text(f"{before}{begin}\n{text.strip()}\n\n{end}{after}")
