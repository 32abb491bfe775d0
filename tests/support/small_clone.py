"""A clone of this repository in small: suites of seconds under the names of those that are shipped."""

import shutil

import yaml

from tests.support.pages import ROOT

SUITES = "small_suites"
"""The module that suites come from, in place of `plasticity_bench.suites`."""

SEEDS = 2
SMALL = {"num_tasks": 4, "updates_per_task": 30}
MOST_LEARNERS = 3
"""Of each suite but the quick one, which keeps all; of streams, the first."""


def small(suite):
    """A suite's file with the same names, on digits, for seconds."""
    quick = suite["suite"] == "plasticity/quick-v1"
    kept = suite["streams"] if quick else suite["streams"][:1]
    streams = [{"label": _label(entry), **_stream(entry["id"])} for entry in kept]
    labels = [stream["label"] for stream in streams]
    learners = suite["learners"] if quick else suite["learners"][:MOST_LEARNERS]
    return {
        **{key: suite[key] for key in ("suite", "description", "reference") if key in suite},
        "streams": streams,
        "learners": [_learner(entry, labels) for entry in learners],
        "seeds": SEEDS,
        "tuning": {"settings": 4, "seeds": 1},
        "measure": {
            "curvature": {"every": 2, "examples": 16},
            "every": 2,
            "examples": 16,
            "diagnostics": ["parameter_norm", "feature_rank"],
        },
    }


def _label(entry):
    return entry.get("label") or entry["id"].partition("/")[2]


def _stream(stream_id):
    if stream_id.startswith("my-lab/"):
        return {"id": stream_id, **SMALL, "num_points": 40, "network": {"hidden": [16]}}
    known = stream_id.startswith("plasticity/")
    name = stream_id if known else "plasticity/RandomLabelDigits-v0"
    return {"id": name, **SMALL, "num_examples": 40, "network": {"hidden": [16]}}


def _learner(entry, labels):
    """A learner with its settings; few are tuned."""
    whole = {"name": entry} if isinstance(entry, str) else entry
    by_stream = {k: v for k, v in whole.get("streams", {}).items() if k in labels}
    tuned = whole.get("tuned", True) and whole["name"] in ("fresh", "adam")
    return {**whole, "streams": by_stream, "tuned": tuned}


def make(folder):
    """Write the clone: suites, the learner of the README, the example package; no entries."""
    (folder / SUITES).mkdir()
    (folder / SUITES / "__init__.py").touch()
    (folder / "suites").mkdir()
    for path in ROOT.glob("suites/*.yaml"):
        text = yaml.safe_dump(small(yaml.safe_load(path.read_text())), sort_keys=False)
        (folder / "suites" / path.name).write_text(text)
        (folder / SUITES / path.name).write_text(text)
    shutil.copy(ROOT / "my_module.py", folder)
    example = folder / "examples" / "moving-clusters"
    shutil.copytree(ROOT / "examples" / "moving-clusters", example)
    suite = yaml.safe_load((example / "suite.yaml").read_text())
    (example / "suite.yaml").write_text(yaml.safe_dump(small(suite), sort_keys=False))
    (folder / "leaderboard").mkdir()
