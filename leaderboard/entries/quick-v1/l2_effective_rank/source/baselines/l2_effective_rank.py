"""L2 regularisation, and steps towards hidden layers of high effective rank."""

from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from plasticity_bench import Learner, LogUniform, Method, Noise, Params, State


class L2EffectiveRank(Learner):
    """L2 regularisation; after an update, a gradient step of its own towards a higher rank.

    Add strength / 2 * ||params||^2 to the loss, over all parameters. After every `period`-th
    update,

        params <- params + rank_step_size * grad (mean over hidden layers of exp H)

    on the update's batch, outside the optimiser, where H = -sum p log(p + 1e-8) is the entropy of
    the shares p = s / sum s of the singular values s of a layer's outputs, (examples, units), and
    exp H their effective rank (Roy and Vetterli, 2007); no mean is subtracted.

    He et al. (2025), arXiv:2509.22335, as their code does it. Theirs does a step for the rank after
    100 updates with one example each on MNIST, 12 with 100 on ImageNet and 5 with 100 on CIFAR-100,
    on the examples of all of these, and for ImageNet on the last two hidden layers alone. Layers
    are the modules of activations; a convolution's outputs have a row for each place and a column
    for each channel. A layer that is silent has no gradient.
    """

    method = Method(
        paper="2509.22335",
        year=2025,
        authors="He et al.",
        code="https://github.com/KevinGuo27/lop-jax",
        commit="52ae3eb0702a9e6923f252c1f7cb29340eb5b3d5",
        verified="authors' code",
        differences=(
            "Each step for the rank uses one batch; theirs uses the examples of several updates.",
            "A convolution's outputs are a matrix of places and channels.",
        ),
    )

    strength: float = 1e-3
    rank_step_size: float = 1e-2
    period: Annotated[int, Field(ge=1)] = 1
    search: ClassVar = {
        "strength": LogUniform(1e-5, 1e-1),
        "rank_step_size": LogUniform(1e-5, 1e-1),
    }

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return strength / 2 times the squared distance from zero."""
        squares = [value.square().sum() for value in params.values()]
        return self.strength / 2 * sum(squares[1:], squares[0])

    def observe_inputs(self, inputs: Tensor, state: State, noise: Noise) -> State:
        """Do a step towards a higher rank, if it is time."""
        gradients = torch.func.grad(self._mean_rank)(state.params, inputs)
        due = state.step % self.period == 0
        params = {
            name: torch.where(due, value + self.rank_step_size * gradients[name], value)
            for name, value in state.params.items()
        }
        return state._replace(params=params)

    def _mean_rank(self, params: Params, inputs: Tensor) -> Tensor:
        outputs = self.network.activations(params, inputs).values()
        ranks = [_effective_rank(_matrix(output)) for output in outputs]
        return sum(ranks[1:], ranks[0]) / len(ranks)


def _matrix(output: Tensor) -> Tensor:
    """(examples, channels, height, width) or (examples, ..., units) -> (rows, units)."""
    if output.ndim == 4:
        output = output.movedim(1, -1)
    return output.flatten(0, -2)


def _effective_rank(outputs: Tensor) -> Tensor:
    # PyTorch refuses all replicas for one that is not finite; its loss tells that it is not.
    sizes = torch.linalg.svdvals(outputs.nan_to_num())
    total = sizes.sum()
    # A silent layer has no direction: its singular vectors are arbitrary.
    shares = torch.where(total > 0, sizes / torch.where(total > 0, total, 1.0), 0.0)
    rank: Tensor = (-(shares * (shares + 1e-8).log()).sum()).exp()
    return rank
