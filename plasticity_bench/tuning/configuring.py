"""Contenders with the settings of a search."""

import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from plasticity_bench.learners.learner import Learner
from plasticity_bench.shipped import BASELINES
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.suite import Suite
from plasticity_bench.tuning.settings import Setting


def configured(contender: Contender, setting: Setting, label: str | None = None) -> Contender:
    """Return a contender with some hyperparameters replaced, on every stream."""
    by_stream = {
        stream: stream_learner.replaced(setting)
        for stream, stream_learner in contender.by_stream.items()
    }
    learner = contender.learner.replaced(setting)
    label = label or contender.label
    return replace(contender, label=label, learner=learner, by_stream=by_stream)


def chosen_for(
    contender: Contender, setting: Setting, by_stream: Mapping[str, Setting]
) -> Contender:
    """Return a contender with the settings that a search chose.

    Args:
        contender: of a suite.
        setting: hyperparameters on all streams.
        by_stream: hyperparameters on single streams, replacing `setting`.
    """
    everywhere = configured(contender, setting)
    of_stream = {
        stream: contender.on(stream).learner.replaced(chosen)
        for stream, chosen in by_stream.items()
    }
    return replace(everywhere, by_stream={**everywhere.by_stream, **of_stream})


def learners_block(suite: Suite, contenders: tuple[Contender, ...]) -> list[dict[str, Any]]:
    """Return contenders as the `learners` section of a suite's file.

    Hyperparameters at their defaults are left out, except the step size.
    """
    return [_entry(suite, contender) for contender in contenders]


def _entry(suite: Suite, contender: Contender) -> dict[str, Any]:
    name = _reference(type(contender.learner))
    label: dict[str, Any] = {} if contender.label == name else {"label": contender.label}
    if not contender.tuned:
        label["tuned"] = False
    common = {"step_size": contender.learner.step_size, **contender.learner.non_defaults()}
    streams = {
        suite_stream.label: _different(contender.on(suite_stream.label).learner, contender.learner)
        for suite_stream in suite.streams
    }
    of_stream = {stream: settings for stream, settings in streams.items() if settings}
    return {"name": name, **label, **common, **({"streams": of_stream} if of_stream else {})}


def _different(learner: Learner, common: Learner) -> dict[str, Any]:
    usual = common.hyperparameters()
    return {k: v for k, v in learner.hyperparameters().items() if v != usual[k]}


def _reference(cls: type[Learner]) -> str:
    """The name that a suite knows a learner by."""
    module = sys.modules[cls.__module__].__name__
    package, _, name = module.rpartition(".")
    return name if package == BASELINES else f"{module}:{cls.__qualname__}"
