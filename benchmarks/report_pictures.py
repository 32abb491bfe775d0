"""Pictures of a whole report at three widths in both themes, its weight, and how soon it is there.

    python -m benchmarks.report_pictures OUT
    python -m benchmarks.report_pictures OUT results/quick-v1@*

Without results, it is the report of a made-up suite with 45 learners, 4 streams and 10 seeds.
Printed is a line for each picture: its file and the milliseconds until the page could be used; then
what is wrong with it: texts that overlap or are cut, and what is off the screen.
"""

import argparse
import tempfile
from pathlib import Path

from benchmarks import made_up_results
from plasticity_bench.report import collect, write
from plasticity_bench.results import Results, select
from tests.support import page_faults
from tests.support.browser import CHROMIUM, Browser

WIDTHS = (390, 1280, 1600)
HEIGHT = 900
MOST = 20  # faults that are printed of one picture


def take(page: Path, out: Path) -> None:
    """Write the pictures of a page, and print what was measured.

    Args:
        page: the file of a report.
        out: the folder of the pictures.
    """
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(Path(profile))
        try:
            for width in WIDTHS:
                for theme in ("light", "dark"):
                    ready = browser.open_report(page, width, HEIGHT, dark=theme == "dark")
                    path = out / f"{page.stem}-{width}-{theme}.png"
                    browser.screenshot(path, browser.show_whole())
                    print(f"{path}: {ready:.0f} ms", *page_faults.found(browser)[:MOST], sep="\n  ")
        finally:
            browser.close()


def main() -> None:
    """Make the reports, then their pictures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("out", metavar="OUT", type=Path, help="the folder of the pictures")
    parser.add_argument("results", metavar="RESULTS", type=Path, nargs="*")
    options = parser.parse_args()
    if CHROMIUM is None:
        parser.error("no Chromium is installed.")
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for folder in options.results or [made_up_results.write(Path(scratch))]:
            page = options.out / f"{folder.name.partition('@')[0]}.html"
            write(collect(select(Results(folder))), page)
            print(f"{page}: {page.stat().st_size / 1e6:.2f} MB")
            take(page, options.out)


if __name__ == "__main__":
    main()
