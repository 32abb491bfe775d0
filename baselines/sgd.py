"""Stochastic gradient descent, with no remedy for loss of plasticity."""

from plasticity_bench import Learner


class SGD(Learner):
    """Stochastic gradient descent; heavy-ball momentum if `momentum` is not zero."""

    optimizer = "sgd"
    step_size = 1e-2
