"""Screenshots of a report that tests compare with stored ones; this command stores them anew.

    python -m tests.support.report_screens

Letters differ between machines, so what is compared is coarse, and a machine whose fonts have other
widths than those of the stored screenshots cannot compare.
"""

import io
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, PngImagePlugin

from benchmarks import made_up_results
from plasticity_bench.report import collect, write
from plasticity_bench.results import Results, select
from tests.support.browser import Browser

FOLDER = Path(__file__).parents[1] / "report" / "screens"
SIZE = made_up_results.Size(learners=12, streams=2, seeds=3, tasks=10)
SCREENS = [(390, False), (390, True), (1280, False), (1280, True)]
HEIGHT = 1500
SCALE = 0.5  # of the screenshots
BLOCK = 4  # pixels of a screenshot that are compared by their mean
FONT_WIDTH = """(() => { const c = document.createElement('canvas').getContext('2d');
  c.font = `16px ${getComputedStyle(document.body).fontFamily}`;
  return c.measureText('The quick brown fox jumps over the lazy dog').width.toFixed(1); })()"""


def name(width, dark):
    return f"{width}-{'dark' if dark else 'light'}.png"


def take(browser, page, width, dark):
    """Return a screenshot of the top of a report, and the width of its font."""
    browser.open_report(page, width=width, dark=dark)
    browser.show_whole()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "screen.png"
        browser.screenshot(path, HEIGHT, scale=SCALE)
        image = Image.open(io.BytesIO(path.read_bytes())).convert("RGB")
    return image, browser.run(FONT_WIDTH)


def difference(image, other):
    """Return the share of blocks whose means differ visibly; 1 if the sizes differ."""
    if image.size != other.size:
        return 1.0
    means = [coarse(one) for one in (image, other)]
    return float((np.abs(means[0] - means[1]).max(axis=-1) > 24).mean())


def coarse(image):
    """Return the mean colours of an image's blocks."""
    pixels = np.asarray(image, dtype=np.float64)
    rows, columns = (length // BLOCK * BLOCK for length in pixels.shape[:2])
    blocks = pixels[:rows, :columns].reshape(rows // BLOCK, BLOCK, columns // BLOCK, BLOCK, 3)
    return blocks.mean(axis=(1, 3))


def main():
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "report.html"
        write(collect(select(Results(made_up_results.write(Path(folder), SIZE)))), page)
        browser = Browser(Path(folder) / "profile")
        for width, dark in SCREENS:
            image, font_width = take(browser, page, width, dark)
            told = PngImagePlugin.PngInfo()
            told.add_text("font width", font_width)
            image.save(FOLDER / name(width, dark), pnginfo=told, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
