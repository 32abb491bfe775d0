"""The docs site: `sphinx-build -W --keep-going -b html docs site`.

The pages are the Markdown files of this folder as they stand, and readable on GitHub. Two things
are done to them on the way: links that lead out of the folder get the address of the repository,
and the lists of links on the front page become the sidebar. The programs of examples/gallery are
run, and their output becomes the gallery.
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
ROOT = DOCS.parent
PAGES = {ROOT / "README.md": "readme.md", ROOT / "examples" / "gallery": "gallery/index.rst"}
"""Pages that are made from files outside of this folder."""

project = "plasticity-bench"
author = "The plasticity-bench authors"
copyright = author  # noqa: A001
release = version = metadata.version(project)

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
sphinx_gallery_conf = {
    "examples_dirs": "../examples/gallery",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",  # all are run
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "within_subsection_order": "FileNameSortKey",
}
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


def with_addresses(page: Path, text: str, site: Path) -> str:
    """Return a page whose links out of the docs folder lead somewhere.

    The README and the gallery are pages of the site. Other files are linked at the repository's
    address on GitHub's machines; elsewhere a copy of the file goes into the site, and folders are
    named without a link.

    Raises:
        FileNotFoundError: if there is nothing where a link leads.
    """

    def address(link: re.Match[str]) -> str:
        target = (page.parent / link[2]).resolve(strict=True)
        up = "../" * (len(page.relative_to(DOCS).parts) - 1)
        if target.is_relative_to(DOCS):
            return link[0]
        if target in PAGES:
            return f"[{link[1]}]({up}{PAGES[target]})"
        if url := _url(target, site, up):
            # As HTML, for Markdown looks for pages where addresses lead.
            return f'<a class="reference external" href="{url}">{link[1]}</a>'
        return link[1]

    return re.sub(r"\[([^]]*)\]\((\.\./[^)#\s]*)\)", address, text)


def _url(path: Path, site: Path, up: str) -> str:
    """Return where a file or folder of the repository can be looked at; "" if nowhere."""
    inside = path.relative_to(ROOT).as_posix()
    if name := os.environ.get("GITHUB_REPOSITORY"):
        kind = "tree" if path.is_dir() else "blob"
        ref = "main" if DOCS_VERSION in (None, "latest") else DOCS_VERSION
        return f"https://github.com/{name}/{kind}/{ref}/{inside}"
    if path.is_dir():
        return ""
    copy = site / "repository" / f"{inside}.txt"  # browsers show text, and would save others
    copy.parent.mkdir(parents=True, exist_ok=True)
    copy.write_bytes(path.read_bytes())
    return f"{up}repository/{inside}.txt"


def write_readme(app: Sphinx) -> None:
    """Make the README a page: with links as from the docs folder."""

    def address(link: re.Match[str]) -> str:
        inside = link[1].removeprefix("docs/")
        return f"]({inside})" if inside != link[1] else f"](../{link[1]})"

    text = re.sub(r"\]\((?!\w+:|#)([^)\s]*)\)", address, (ROOT / "README.md").read_text())
    text = f"---\norphan: true\n---\n\n{text}"  # linked from the front page, not in the sidebar
    page = DOCS / PAGES[ROOT / "README.md"]
    if not page.exists() or page.read_text() != text:
        page.write_text(text)


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
    text = with_addresses(page, source[0], Path(app.outdir))
    source[0] = with_sidebar(text) if name in FRONT_PAGES else text


def on_docstring(
    app: Sphinx, what: str, name: str, of: object, options: object, lines: list[str]
) -> None:
    """Let stars be stars: in our docstrings they stand for shapes, `(n, *input_shape)`."""
    lines[:] = [re.sub(r"(?<=[ (])\*(?=\w)", r"\\*", line) for line in lines]


def setup(app: Sphinx) -> dict[str, Any]:
    """Tell Sphinx what to call."""
    app.connect("builder-inited", write_readme)
    app.connect("source-read", on_source_read)
    app.connect("autodoc-process-docstring", on_docstring)
    return {"parallel_read_safe": True}
