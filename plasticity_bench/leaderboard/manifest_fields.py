"""Fields of a manifest that are computed from the measurements."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from plasticity_bench.leaderboard.manifest import STORED, Cost, StreamScores
from plasticity_bench.scoring.scores import Score
from plasticity_bench.suite.suite import Suite


def stored_scores(scores: dict[str, dict[int, Score]]) -> dict[str, StreamScores]:
    """Return scores as a manifest has them."""
    return {
        stream: StreamScores(
            **{
                name: [_number(getattr(of_seeds[seed], name)) for seed in sorted(of_seeds)]
                for name in STORED
            }
        )
        for stream, of_seeds in scores.items()
    }


def environments(infos: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the distinct environments that runs were computed in."""
    texts = (json.dumps(_environment(info), sort_keys=True) for info in infos)
    return [json.loads(text) for text in sorted(set(texts))]


def cost(suite: Suite, infos: Sequence[dict[str, Any]]) -> Cost:
    """Return the cost of a learner's runs."""
    seconds = [info["seconds"]["train"] + info["seconds"]["measure"] for info in infos]
    updates = sum(suite_stream.stream.num_updates for suite_stream in suite.streams)
    return Cost(seconds_per_seed=float(np.mean(seconds)), updates=updates)


def _environment(info: dict[str, Any]) -> dict[str, Any]:
    return {**info.get("environment", {}), "execution": info.get("execution", {})}


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
