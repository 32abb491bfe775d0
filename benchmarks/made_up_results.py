"""Results that are made up, of the size of a large suite: to see a report without training.

Accuracy and curvature fall from task to task towards a level that each learner has on each stream,
with noise of the size that is seen in results of `quick`. Nothing else is meant by these numbers.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from plasticity_bench.results import Results, Row, Run, store_request
from plasticity_bench.results.requests import Scoring
from plasticity_bench.results.run import own_fresh_label
from plasticity_bench.shipped import baseline_names

STREAMS = (
    "RandomLabelMNIST leaky_relu",
    "PermutedMNIST relu",
    "ShuffledCIFAR10-v0",
    "SlowlyChangingRegression-v0",
)
OWN = "my_module:Learner"
DIAGNOSTICS = (
    *("parameter_norm", "distance_from_init", "update_norm", "gradient_norm", "dormant_units"),
    *("constant_units", "unit_sign_entropy", "feature_rank"),
)
CHANCE, FRESH_RANK, DEAD_RANK = 0.1, 110.0, 2.0
NUM_SETTINGS = 16
SEARCHED = {"step_size": (1e-5, 1e-1), "strength": (1e-6, 1e-1)}


@dataclass(frozen=True)
class Size:
    """How much there is of a made-up suite."""

    learners: int = 45
    streams: int = 4
    seeds: int = 10
    tasks: int = 50
    every: int = 5  # tasks between two measurements at a task's start

    @property
    def labels(self) -> list[str]:
        """The learners: the reference, Adam, the user's own, and other baselines by name."""
        first = ["fresh", "adam", OWN]
        return [*first, *(n for n in baseline_names() if n not in first)][: self.learners]


def write(folder: Path, size: Size | None = None) -> Path:
    """Write results, with a search of all learners; return their folder, in `folder`."""
    size = size or Size()
    results = Results(folder / "made-up-v0@00000000")
    streams = STREAMS[: size.streams]
    runs = [
        run for stream in streams for label in size.labels for run in _runs(stream, label, size)
    ]
    scored = {stream: list(range(size.tasks - size.tasks // 10, size.tasks)) for stream in streams}
    scoring = Scoring(reference="fresh", tasks=scored)
    command = "plasticity-bench run made-up.yaml"
    store_request(results.folder, "made-up-v0", command, runs, scoring=scoring)
    for run in runs:
        results.save(run, _rows(run, size, scored[run.stream]), _info(run))
    results.pack()  # as `run` does
    (results.folder / "tuning.yaml").write_text(json.dumps(_search(size, streams)))
    return results.folder


def _runs(stream: str, label: str, size: Size) -> Iterator[Run]:
    """Of all seeds, and of the learner's own fresh copies."""
    for copy in (False, True):
        for seed in range(size.seeds):
            identity = {
                "seed": seed,
                "stream": {"id": f"made_up/{stream}", "parameters": {"num_tasks": size.tasks}},
                "network": {"name": "mlp", "hidden": [100, 100, 100], "activation": "relu"},
                "learner": {
                    "class": label.rpartition(":")[2].title().replace("_", ""),
                    "source": "0" * 64,
                    "hyperparameters": {"step_size": 0.001, "strength": 0.01},
                },
                "protocol": {"curvature_examples": 16, **({"restarts": True} if copy else {})},
            }
            yield Run(stream, own_fresh_label(label) if copy else label, seed, identity)


def _level(run: Run) -> float:
    """What of its plasticity a learner keeps on a stream; a fresh copy keeps all."""
    if run.is_own_fresh or run.learner == "fresh":
        return 1.0
    of_learner, on_stream, of_seed = (
        np.random.default_rng(list(f"{part}".encode())).random()
        for part in (run.learner, f"{run.group}", f"{run.group} {run.seed}")
    )
    level = 0.15 if run.learner == "adam" else of_learner**0.6
    return float(np.clip(level + 0.3 * (on_stream - 0.5) + 0.12 * (of_seed - 0.5), 0, 1.02))


def _rows(run: Run, size: Size, scored: list[int]) -> Iterator[Row]:
    rng = np.random.default_rng(list(f"rows {run.stream} {run.learner} {run.seed}".encode()))
    level = _level(run)
    of_curvature = (
        0.6 + 2 * np.random.default_rng(list(f"curvature {run.learner}".encode())).random()
    )
    for task in scored if run.is_own_fresh else range(size.tasks):
        kept = level + (1 - level) * float(np.exp(-6 * task / size.tasks))
        accuracy = CHANCE + 0.8 * kept + rng.normal(0, 0.01)
        yield Row(task, "end", "accuracy", float(np.clip(accuracy, 0, 1)))
        yield Row(task, "start", "chance", CHANCE)
        if task % size.every and task not in scored:
            continue
        yield Row(task, "start", "dead_rank", DEAD_RANK)
        rank = DEAD_RANK + (FRESH_RANK - DEAD_RANK) * kept**of_curvature + rng.normal(0, 2)
        yield Row(task, "start", "fisher_srank99_n16", max(DEAD_RANK, rank))
        if not run.is_own_fresh:
            for place, name in enumerate(DIAGNOSTICS):
                yield Row(task, "start", name, (place + 1) * (1.2 - kept) + rng.normal(0, 0.05))


def _info(run: Run) -> dict[str, Any]:
    status = "diverged" if (run.learner, run.seed) == ("sgd", 1) else "complete"
    flops = 1 + len(run.learner) / 20
    return {
        "status": status,
        "seconds": {"train": 20.0, "measure": 4.0},
        "environment": {"python": "3.11.7", "processor": "made up", "packages": {"numpy": "2.4.6"}},
        "execution": {
            "record": {
                **{"boundaries": False, "parameters": 1.0, "memory": 1.0, "constants": 3},
                **{"flops": flops, "digest": "0" * 16},
            }
        },
    }


def _search(size: Size, streams: tuple[str, ...]) -> dict[str, Any]:
    """A record as `tune` writes them; JSON is YAML."""
    return {
        "suite": "lab/made-up-v0@00000000",
        "tuning": {
            **{"search": "random", "select": "trainability", "per_stream": False},
            **{"settings": NUM_SETTINGS, "seeds": [1000, 1001], "streams": list(streams)},
            "rungs": [{"tasks": size.tasks // 5, "settings": NUM_SETTINGS}],
        },
        "environment": {},
        "learners": {label: _searched(label, size) for label in size.labels},
    }


def _searched(label: str, size: Size) -> dict[str, Any]:
    rng = np.random.default_rng(list(f"search {label}".encode()))
    names = list(SEARCHED)[: 1 if label in ("fresh", "adam") else 2]
    tried: list[dict[str, Any]] = []
    for _ in range(NUM_SETTINGS):
        setting = {n: float(f"{10 ** rng.uniform(*np.log10(SEARCHED[n])):.3g}") for n in names}
        off = np.log10(setting["step_size"]) + 3
        score = float(np.round(np.exp(-(off**2) / 2) * rng.uniform(0.8, 1), 4))
        tried.append(
            {
                **{"setting": setting, "tasks": size.tasks // 5, "score": score, "streams": {}},
                "interval": [round(score - 0.05, 4), round(score + 0.05, 4)],
                "diverged": int(off > 1.5),
            }
        )
    return {
        **{"class_name": "MadeUp", "fixed": {}, "updates": 20_000 * NUM_SETTINGS},
        "chosen": max(tried, key=lambda one: one["score"])["setting"],
        "scales": dict.fromkeys(names, "log"),
        "tried": tried,
    }
