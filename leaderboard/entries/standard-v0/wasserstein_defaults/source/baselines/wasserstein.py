"""The distributional regulariser: keep the distribution of each layer's weights as it began."""

from typing import ClassVar

from torch import Tensor

from plasticity_bench import Learner, LogUniform, Memory, Method, Params, State, match_ranks


class Wasserstein(Learner):
    """Add strength * sum over parameter tensors of ||sort(params) - sort(initial)||^2 to the loss.

    Lewandowski et al. (2023), arXiv:2312.00246: the squared 2-Wasserstein distance between the
    empirical distributions of a layer's weights now and at the start, which in one dimension
    compares order statistics. Weights may trade places at no cost.

    Each weight matrix and each bias vector is a distribution of its own. Whether the paper divides
    by the number of weights is not settled between re-implementations; the default is the plain
    sum, and `mean=True` divides each tensor's part by its size.
    """

    method = Method(
        paper="2312.00246",
        year=2023,
        authors="Lewandowski et al.",
        verified="paper",
        differences=(
            "Whether the paper divides by the number of weights is not settled: see `mean`.",
        ),
    )

    strength: float = 1e-2
    mean: bool = False
    search: ClassVar = {"strength": LogUniform(1e-6, 1e-1)}

    def memory(self, params: Params) -> Memory:
        """Keep the initial order statistics."""
        return {name: value.flatten().sort().values for name, value in params.items()}

    def penalty(self, params: Params, state: State) -> Tensor:
        """Return strength times the summed squared distances of order statistics."""
        parts = []
        for name, value in params.items():
            squares = (value - match_ranks(value, state.memory[name])).square()
            parts.append(squares.mean() if self.mean else squares.sum())
        return self.strength * sum(parts[1:], parts[0])
