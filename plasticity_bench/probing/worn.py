"""Worn networks, each with a fresh draw of its parameters: what factors are restored in."""

from dataclasses import dataclass

from torch import Tensor, nn

from plasticity_bench.learners.optimizers import Params


class NotApplicableError(Exception):
    """The network has no such factor; the message says why."""


@dataclass(frozen=True)
class Worn:
    """Networks at the end of their runs, each with a fresh draw.

    Attributes:
        module: the network whose parameters these are.
        params: that predictions are made with, (replicas, *shape) each.
        fresh: newly drawn by the learner's initialisation, shaped as `params`.
        inputs: of the probing task, (replicas, n, *input_shape).
        seeds: of the replicas.
        example_inputs: to look at the network with, (2, *input_shape).
    """

    module: nn.Module
    params: Params
    fresh: Params
    inputs: Tensor
    seeds: tuple[int, ...]
    example_inputs: Tensor
