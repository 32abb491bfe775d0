"""Stochastic gradient descent, with no remedy for loss of plasticity."""

from typing import ClassVar

from plasticity_bench import Learner, LogUniform


class SGD(Learner):
    """Stochastic gradient descent; heavy-ball momentum if `momentum` is not zero."""

    optimizer = "sgd"
    step_size = 1e-2
    search: ClassVar = {"step_size": LogUniform(1e-4, 1.0)}
