"""AdamO: Adam, and a step towards isometric layers beside it."""

from typing import ClassVar

from torch import Tensor

from plasticity_bench import Learner, LogUniform, Method, Noise, Params, State


class AdamO(Learner):
    """Adam on the loss; beside it, each layer's weights descend ||W^T W - I||_F^2.

    At every update, with W the weights of each layer, outputs x inputs, before the update:

        W <- W - (Adam's step) - step_size * strength * 4 (W W^T W - W)

    Rosseau et al. (2026), arXiv:2606.09762: the regulariser is ||W^T W - I||_F^2, or ||W W^T -
    I||_F^2 where there are fewer outputs than inputs; both have the gradient 4 (W W^T W - W), which
    does not pass through Adam's averages. The isometry's step size is that of Adam, as in the paper
    by default.

    Not verified against the authors' code, for none is public; the formula is that of the paper. It
    does not say whether the head is among the layers (here it
    is), and what W is of a convolution (here it has a row for each channel). Layers are linear
    layers and convolutions; queries, keys and values of attention are matrices of their own.
    """

    strength: float = 0.1
    search: ClassVar = {"strength": LogUniform(1e-4, 10.0)}
    method = Method(
        paper="2606.09762",
        year=2026,
        authors="Rosseau et al.",
        verified="paper",
        differences=("Whether the authors' layers include the head is not verified.",),
    )

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Do a step of the optimiser, and subtract the isometry's gradient at the old weights."""
        stepped = super().apply_gradients(gradients, state, noise)
        params = dict(stepped.params)
        for layer in self.network.layers:
            name = layer.weight
            pull = layer.mapped(_isometry_gradient, state.params[name])
            params[name] = params[name] - self.step_size * self.strength * pull
        return stepped._replace(params=params)


def _isometry_gradient(weight: Tensor) -> Tensor:
    """4 (W W^T W - W), by the smaller of the two products."""
    matrix = weight.flatten(1)
    if matrix.shape[0] <= matrix.shape[1]:
        product = (matrix @ matrix.T) @ matrix
    else:
        product = matrix @ (matrix.T @ matrix)
    return (4 * (product - matrix)).reshape(weight.shape)
