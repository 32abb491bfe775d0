"""Checks that results depend on nothing beside the code whose hash is in their keys."""

from collections.abc import Callable
from typing import Any

from plasticity_bench.checks.trial import Trial
from plasticity_bench.errors import BadInputError, LearnerError, StreamError
from plasticity_bench.networks.own import find_network
from plasticity_bench.source_code.unseen import unseen_by
from plasticity_bench.streams import Stream


def check_learner_code(trial: Trial) -> None:
    """A learner's code neither reads files or the environment nor changes globals."""
    cls = type(trial.learner)
    if lines := _lines(cls):
        raise LearnerError(
            f"Learner {cls.__name__}: {lines}: results would keep their key if that changed: make "
            "numbers hyperparameters, and keep what changes in the dictionary that memory() "
            "returns."
        )


def check_stream_code(name: str, stream: Stream) -> None:
    """A stream's code neither reads files or the environment nor changes globals."""
    if lines := _lines(type(stream)):
        raise StreamError(
            f"{name}: {lines}: results would keep their key if that changed: make numbers "
            "parameters, and register data with plasticity_bench.data.register_source."
        )


def check_network_code(name: str) -> None:
    """A user's network neither reads files or the environment nor changes globals."""
    if lines := _lines(find_network(name)):
        raise BadInputError(
            f"Network {name}: {lines}: results would keep their key if that changed: make numbers "
            "keys of the network."
        )


def _lines(cls: type | Callable[..., Any]) -> str:
    return "; ".join(map(str, unseen_by(cls)))
