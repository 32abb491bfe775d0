"""Stochastic gradient descent, with no remedy for loss of plasticity."""

from typing import ClassVar

from plasticity_bench import Learner, LogUniform, Method


class SGD(Learner):
    """Stochastic gradient descent; heavy-ball momentum if `momentum` is not zero."""

    method = Method()

    optimizer = "sgd"
    step_size = 1e-2
    search: ClassVar = {"step_size": LogUniform(1e-4, 1.0)}
