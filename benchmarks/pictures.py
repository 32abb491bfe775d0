"""Make the pictures of the documentation from the results that come with the package.

    python -m benchmarks.pictures [PICTURE ...]

`docs/pictures.json` records what each picture was made from, by hashes; a test compares them with
the files of today. The data sets of the suites `findings` and `paper` must be prepared.
"""

import argparse
import contextlib
import json
import re
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from plasticity_bench.cli import main as plasticity_bench
from tests.support.browser import CHROMIUM, Browser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
RECORD = DOCS / "pictures.json"

RESULTS = ("suites/quick.yaml", "suites/results/quick-v1/*.parquet")
EXPLANATIONS = ("suites/explanations.yaml", "suites/results/explanations-v1/*.parquet")
PAPER = ("suites/paper.yaml", "suites/results/paper-v1/*.parquet")
STANDARD = ("suites/standard.yaml", "suites/results/standard-v0/*.parquet")
FINDINGS = ("suites/findings.yaml", "suites/results/findings-v1/*.parquet")
STYLE = "plasticity_bench/figures/paper_figure.py"
FIGURE = ("plasticity_bench/figures/learning_curves.py", STYLE)
PAGE = tuple(
    f"plasticity_bench/report/web/{name}" for name in ("page.html", "report.js", "style.css")
)
QUICKSTART = "docs/quickstart.md"  # of which the learner counts, not the words
INPUTS: Mapping[str, tuple[str, ...]] = {
    "quick.png": (*RESULTS, *FIGURE),
    "quickstart.png": (*RESULTS, *FIGURE, QUICKSTART),
    "report-light.png": (*RESULTS, *PAGE, "my_module.py"),
    "report-dark.png": (*RESULTS, *PAGE, "my_module.py"),
    "explanations.png": (
        *EXPLANATIONS,
        "plasticity_bench/figures/associations.py",
        "plasticity_bench/scoring/associations.py",
        STYLE,
    ),
    "standard.png": (*STANDARD, *FIGURE),
    "paper.png": (*PAPER, *FIGURE),
    "results-labels.png": (*FINDINGS, *FIGURE),
    "results-others.png": (*FINDINGS, *FIGURE),
}
"""Files that each picture is made from."""

SHOWN = {
    "quick.png": ["fresh", "adam", "adam_as_fresh", "l2_init", "layer_norm"],
    "quickstart.png": ["fresh", "adam_as_fresh", "layer_norm", "my_idea:Learner step_size=0.005"],
    "standard.png": ["fresh", "adam", "adam_as_fresh", "l2_init", "layer_norm", "wasserstein"],
    "paper.png": ["fresh", "adam", "l2", "l2_init", "wasserstein", "layer_norm"],
    "results-labels.png": ["fresh", "adam", "l2", "l2_init", "shrink_and_perturb", "wasserstein"],
}
SHOWN["results-others.png"] = SHOWN["results-labels.png"]
ACTIVATIONS = ("relu", "leaky_relu", "tanh", "identity")
STREAMS = {
    "standard.png": [
        "RandomLabelMNIST-v0",
        "DriftingClassFashionMNIST-v0",
        "PermutedClassCIFAR10-v0",
    ],
    "paper.png": [f"RandomLabelMNIST {name}" for name in ACTIVATIONS],
    "results-labels.png": [f"labels fashion {name}" for name in ACTIVATIONS],
    "results-others.png": [
        "labels mnist relu",
        *(f"{kind} {data} relu" for kind in ("pixels", "classes") for data in ("fashion", "mnist")),
    ],
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


def make(out: Path, wanted: Collection[str]) -> None:
    """Make pictures, in a folder."""
    with tempfile.TemporaryDirectory() as scratch, contextlib.chdir(scratch):
        for make_some, pictures in MAKERS.items():
            some = [name for name in pictures if name in wanted]
            if some:
                make_some(out, some)


def _of_quick(out: Path, wanted: Collection[str]) -> None:
    Path("my_module.py").write_text((ROOT / "my_module.py").read_text())
    folder = _results("quick", "--learner", "my_module:Learner")
    if "quick.png" in wanted:
        _plot(folder, out / "quick.png")
    sections = {name: ids for name, ids in SECTIONS.items() if name in wanted}
    if sections:
        _run("report", str(folder), "--output", "report.html")
    for name, ids in sections.items():
        _sections(Path("report.html").absolute(), ids, "dark" in name, out / name)
    if "quickstart.png" in wanted:
        Path("my_idea.py").write_text(learner_of_quickstart())
        folder = _results("quick", "--learner", "my_idea:Learner", "-H", "step_size=5e-3")
        _plot(folder, out / "quickstart.png", "--stream", "RandomLabelDigits-v0")


def _of_explanations(out: Path, wanted: Collection[str]) -> None:
    for name in wanted:
        _run("explain", str(_results("explanations")), "--figure", str(out / name))


def _of_standard(out: Path, wanted: Collection[str]) -> None:
    _of_streams(_results("standard"), out, wanted)


def _of_paper(out: Path, wanted: Collection[str]) -> None:
    _of_streams(_results("paper"), out, wanted)


def _of_findings(out: Path, wanted: Collection[str]) -> None:
    _of_streams(_results("findings"), out, wanted)


def _of_streams(folder: Path, out: Path, wanted: Collection[str]) -> None:
    for name in wanted:
        words = [word for stream in STREAMS[name] for word in ("--stream", stream)]
        _plot(folder, out / name, *words)


MAKERS = {
    _of_quick: ("quick.png", "quickstart.png", *SECTIONS),
    _of_explanations: ("explanations.png",),
    _of_standard: ("standard.png",),
    _of_paper: ("paper.png",),
    _of_findings: ("results-labels.png", "results-others.png"),
}


def _results(suite: str, *words: str) -> Path:
    """Run a suite; return the folder of its results."""
    _run("run", suite, *words)
    (folder,) = Path("results").glob(f"{suite}-v[0-9]*@*")
    return folder


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
    """Make pictures, and record what they were made from."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("pictures", nargs="*", choices=[*INPUTS, []], metavar="PICTURE")
    wanted = parser.parse_args().pictures or list(INPUTS)
    if CHROMIUM is None and not SECTIONS.keys().isdisjoint(wanted):
        raise SystemExit("The pictures of the report need Chromium, which is not installed.")
    make(DOCS, wanted)
    record = json.loads(RECORD.read_text())
    for picture in wanted:
        content = (DOCS / picture).read_bytes()
        record[picture] = {"sha256": sha256(content).hexdigest(), "inputs": hashes(picture)}
    RECORD.write_text(
        json.dumps({name: record[name] for name in INPUTS if name in record}, indent=1) + "\n"
    )
    print(*(f"docs/{picture}" for picture in wanted), sep="\n")


if __name__ == "__main__":
    main()
