"""Make the pictures of the documentation from the shipped results of the suite `quick`.

    python -m benchmarks.pictures

`docs/pictures.json` records what each picture was made from, by hashes; a test compares them with
the files of today. The pictures of docs/results.md and docs/explanations.md are of larger runs,
whose results are not in the repository: their pages say how they are made.
"""

import contextlib
import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from plasticity_bench.cli import main as plasticity_bench
from tests.support.browser import CHROMIUM, Browser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RECORD = DOCS / "pictures.json"
ELSEWHERE = {"explanations.png", "results-labels.png", "results-others.png"}
"""Pictures of runs whose results are not in the repository."""

RESULTS = ("suites/quick.yaml", "suites/results/quick-v1/*.parquet")
FIGURE = (
    "plasticity_bench/figures/learning_curves.py",
    "plasticity_bench/figures/paper_figure.py",
)
PAGE = tuple(
    f"plasticity_bench/report/web/{name}" for name in ("page.html", "report.js", "style.css")
)
QUICKSTART = "docs/quickstart.md"  # of which the learner counts, not the words
INPUTS: Mapping[str, tuple[str, ...]] = {
    "quick.png": (*RESULTS, *FIGURE),
    "quickstart.png": (*RESULTS, *FIGURE, QUICKSTART),
    "report-light.png": (*RESULTS, *PAGE, "my_module.py"),
    "report-dark.png": (*RESULTS, *PAGE, "my_module.py"),
}
"""Files that each picture is made from."""

SHOWN = {
    "quick.png": ["fresh", "adam", "adam_as_fresh", "l2_init", "layer_norm"],
    "quickstart.png": ["fresh", "adam_as_fresh", "layer_norm", "my_idea:Learner step_size=0.005"],
}
SECTIONS = {
    "report-light.png": ("scores", "scatter"),
    "report-dark.png": ("curves", "measurements"),
}
WIDTH, SCALE = 1220, 1.5  # of the report's pictures


@dataclass(frozen=True)
class Old:
    """A picture that is not of today's files.

    Attributes:
        picture: its name.
        reason: what it is older than, or that it was not made by this command.
    """

    picture: str
    reason: str

    def __str__(self) -> str:
        """Return the sentence that says what to do."""
        return f"docs/{self.picture} {self.reason}: run `python -m benchmarks.pictures`."


def learner_of_quickstart() -> str:
    """Return the code of the learner that docs/quickstart.md writes."""
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / QUICKSTART).read_text(), re.DOTALL)
    return str(next(block for block in blocks if "class Learner(" in block))


def hashes(picture: str) -> dict[str, str]:
    """Return the hashes of the files that a picture is made from, by their paths."""
    found = {}
    for pattern in INPUTS[picture]:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            content = learner_of_quickstart().encode() if name == QUICKSTART else path.read_bytes()
            found[name] = sha256(content).hexdigest()
    return found


def old_pictures() -> list[Old]:
    """Return the pictures that are older than a file they are made from, or of another origin."""
    recorded = json.loads(RECORD.read_text())
    found = []
    for picture in INPUTS:
        stated, today = recorded.get(picture, {}), hashes(picture)
        found += [
            Old(picture, f"is older than {name}")
            for name in sorted(today.keys() | stated.get("inputs", {}).keys())
            if today.get(name) != stated.get("inputs", {}).get(name)
        ]
        if sha256((DOCS / picture).read_bytes()).hexdigest() != stated.get("sha256"):
            found.append(Old(picture, "was made in another way than its record says"))
    return found


def make(out: Path) -> None:
    """Make all pictures.

    Args:
        out: their folder.
    """
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        Path("my_module.py").write_text((ROOT / "my_module.py").read_text())
        Path("my_idea.py").write_text(learner_of_quickstart())
        _run("run", "quick", "--learner", "my_module:Learner")
        (folder,) = Path("results").glob("quick-v1@*")
        _run("report", str(folder), "--output", "report.html")
        for picture, ids in SECTIONS.items():
            _sections(Path("report.html").absolute(), ids, "dark" in picture, out / picture)
        _plot(folder, out / "quick.png")
        _run("run", "quick", "--learner", "my_idea:Learner", "-H", "step_size=5e-3")
        _plot(folder, out / "quickstart.png", "--stream", "RandomLabelDigits-v0")


def _plot(folder: Path, path: Path, *options: str) -> None:
    learners = [word for label in SHOWN[path.name] for word in ("--learner", label)]
    _run("plot", str(folder), *options, *learners, "--figure", str(path))


def _run(*words: str) -> None:
    if plasticity_bench(list(words)):
        raise SystemExit(f"plasticity-bench {' '.join(words)} did not succeed.")


def _sections(page: Path, ids: tuple[str, str], dark: bool, path: Path) -> None:
    """Write a picture of a report from one section to another."""
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(Path(profile))
        try:
            browser.open_report(page, width=WIDTH, dark=dark)
            browser.show_whole()
            box = "document.getElementById('{}').getBoundingClientRect().{} + scrollY"
            top, bottom = (
                browser.run(box.format(*one)) for one in zip(ids, ("top", "bottom"), strict=True)
            )
            browser.run("document.querySelector('nav').style.position = 'static'")
            browser.screenshot(path, bottom - top, top, SCALE)
        finally:
            browser.close()


def main() -> None:
    """Make all pictures, and record what they were made from."""
    if CHROMIUM is None:
        raise SystemExit("The pictures of the report need Chromium, which is not installed.")
    make(DOCS)
    record = {
        picture: {
            "sha256": sha256((DOCS / picture).read_bytes()).hexdigest(),
            "inputs": hashes(picture),
        }
        for picture in INPUTS
    }
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    print(*(f"docs/{picture}" for picture in INPUTS), sep="\n")


if __name__ == "__main__":
    main()
