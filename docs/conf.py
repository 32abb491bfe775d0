"""The docs site: `sphinx-build -W --keep-going -b html docs site`.

The pages are the Markdown files of this folder as they stand, and readable on GitHub. Two things
are done to them on the way: links that lead out of the folder get the address of the repository,
and the lists of links on the front page become the sidebar.
"""

import os
import re
from importlib import metadata
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parent
DOCS_VERSION = os.environ.get("DOCS_VERSION")
"""On a site with several versions, the folder of this one: `latest`, or a tag."""
FRONT_PAGES = ("index", "adr/README")
"""Their lists of links say what pages there are."""

project = "plasticity-bench"
author = "The plasticity-bench authors"
copyright = author  # noqa: A001
release = version = metadata.version(project)

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3  # links to headings, as on GitHub
default_role = "code"  # single backticks, as in Markdown
highlight_language = "text"  # of blocks that name none: what commands print
exclude_patterns: list[str] = []
templates_path = ["_templates"]
napoleon_custom_sections = [("Attributes", "params_style")]
napoleon_use_rtype = False
autodoc_member_order = "bysource"
maximum_signature_line_length = 80
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = f"plasticity-bench {release}"
html_context = {"docs_version": DOCS_VERSION}
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "versions.html",
        "sidebar/scroll-end.html",
    ]
}
html_copy_source = False
html_show_sphinx = False


def repository(path: Path) -> str:
    """Return where a file or folder of the repository can be looked at.

    On GitHub's machines that is its address there; elsewhere it is the checkout's own file.
    """
    name = os.environ.get("GITHUB_REPOSITORY")
    if name is None:
        return path.as_uri()
    kind = "tree" if path.is_dir() else "blob"
    ref = "main" if DOCS_VERSION in (None, "latest") else DOCS_VERSION
    return f"https://github.com/{name}/{kind}/{ref}/{path.relative_to(DOCS.parent).as_posix()}"


def with_addresses(page: Path, text: str) -> str:
    """Return a page whose links out of the docs folder have addresses.

    Raises:
        FileNotFoundError: if there is nothing where a link leads.
    """

    def address(link: re.Match[str]) -> str:
        target = (page.parent / link[2]).resolve(strict=True)
        if target.is_relative_to(DOCS):
            return link[0]
        # As HTML, for Markdown refuses addresses of files.
        return f'<a class="reference external" href="{repository(target)}">{link[1]}</a>'

    return re.sub(r"\[([^]]*)\]\((\.\./[^)#\s]*)\)", address, text)


def with_sidebar(text: str) -> str:
    """Return a page with a hidden table of contents made of each section's list of links."""
    heading, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return heading + "".join(section + _contents(section) for section in sections)


def _contents(section: str) -> str:
    caption = section.partition("\n")[0].removeprefix("## ")
    pages = re.findall(r"^- \[[^]]*\]\((?!\w+:)([^)]+)\.(?:md|rst)\)", section, re.MULTILINE)
    listed = "\n".join(pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{listed}\n```\n\n" if pages else ""


def on_source_read(app: Sphinx, name: str, source: list[str]) -> None:
    """Change a page on its way into the site."""
    page = Path(app.env.doc2path(name))
    if page.suffix != ".md":
        return
    text = with_addresses(page, source[0])
    source[0] = with_sidebar(text) if name in FRONT_PAGES else text


def on_docstring(
    app: Sphinx, what: str, name: str, of: object, options: object, lines: list[str]
) -> None:
    """Let stars be stars: in our docstrings they stand for shapes, `(n, *input_shape)`."""
    lines[:] = [re.sub(r"(?<=[ (])\*(?=\w)", r"\\*", line) for line in lines]


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what to call."""
    app.connect("source-read", on_source_read)
    app.connect("autodoc-process-docstring", on_docstring)
    return {"parallel_read_safe": True}
