"""Pictures of the leaderboard's site, and what is wrong with its layout.

    python -m tests.support.leaderboard_pictures FOLDER

builds the site of the entries in the repository and pictures a page of each kind, at three widths,
light and dark, into FOLDER. It prints what overlaps or is cut off.
"""

import itertools
import sys
import tempfile
from pathlib import Path

from plasticity_bench.leaderboard import page, site
from tests.support.browser import Browser
from tests.support.pages import ROOT

WIDTHS = (390, 1280, 1600)
PAGES = ("index.html", "quick-v1.html", "quick-v1/selective_weight_reinitialization.html")
TALLEST = 6000

FAULTS = """(() => {
  const told = [];
  const name = (e) => `${e.tagName} ${e.textContent.trim().slice(0, 40)}`;
  if (document.documentElement.scrollWidth > innerWidth)
    told.push(`the page is ${document.documentElement.scrollWidth} pixels wide`);
  for (const e of document.querySelectorAll("main *, header *, footer *")) {
    const box = e.getBoundingClientRect();
    if (!box.width || e.closest(".skip")) continue;
    const scrolls = e.closest(".scroll, pre");
    if (!scrolls && (box.left < 0 || box.right > innerWidth + 1))
      told.push(`beyond the edge: ${name(e)}`);
    const clips = !["visible", "auto", "scroll"].includes(getComputedStyle(e).overflowX);
    if (clips && e.scrollWidth > e.clientWidth + 1) told.push(`cut off: ${name(e)}`);
  }
  for (const row of document.querySelectorAll("tr")) {
    const cells = [...row.cells].filter((c) => getComputedStyle(c).position !== "sticky" || c.closest("thead"));
    for (const cell of row.cells) {
      if (cell.scrollWidth > cell.clientWidth + 1) told.push(`wider than its cell: ${name(cell)}`);
    }
    cells.slice(1).forEach((cell, i) => {
      if (cells[i].getBoundingClientRect().right > cell.getBoundingClientRect().left + 1 && !cells[i].matches(".stick"))
        told.push(`overlap: ${name(cells[i])} and ${name(cell)}`);
    });
  }
  return told;
})()"""
"""JavaScript that says what lies beyond the edge, is cut off, or overlaps."""


def take(browser, built, folder):
    """Picture the pages of a site; yield the name of each picture and its faults."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, width, dark in itertools.product(PAGES, WIDTHS, (False, True)):
        browser.open(built / name, width=width, height=TALLEST, dark=dark)
        browser.run("document.querySelectorAll('details').forEach((each) => (each.open = true))")
        browser.settle()
        height = min(
            TALLEST, browser.run("document.querySelector('footer').getBoundingClientRect().bottom")
        )
        picture = f"{Path(name).stem}-{width}-{'dark' if dark else 'light'}.png"
        browser.screenshot(folder / picture, height)
        yield picture, browser.run(FAULTS)


def main(folder):
    with tempfile.TemporaryDirectory() as place:
        entries = ROOT / "leaderboard" / "entries"
        site.write(entries, page.suites_in(entries), Path(place) / "site", print)
        browser = Browser(Path(place) / "profile")
        try:
            for picture, faults in take(browser, Path(place) / "site", folder):
                print(folder / picture, *faults or ["no faults"], sep="\n  ")
        finally:
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
