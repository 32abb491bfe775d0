"""AdaHessian: Adam whose second moment is of the Hessian's diagonal."""

from typing import Annotated, ClassVar

from pydantic import Field
from torch import Tensor

from plasticity_bench import (
    Batch,
    Learner,
    LearnerError,
    LogUniform,
    Method,
    Noise,
    State,
    Uniform,
)


class AdaHessian(Learner):
    """Adam with the squares of the Hessian's diagonal in place of those of the gradient.

    At the t-th update, with the gradient g, the Hessian H and signs z drawn for it:

        D <- |H z|, of a convolution its mean over the places of the kernel
        m <- beta1 m + (1 - beta1) g
        v <- beta2 v + (1 - beta2) D^2
        params <- params - step_size * (m / (1 - beta1^t))
                  / ((v / (1 - beta2^t))^(power / 2) + epsilon)

    Yao et al. (2021), arXiv:2006.00719, algorithm 1, in the form of their code. |H z| is |z H z|,
    the size of Hutchinson's estimate of the diagonal. Of the diagonal the paper takes the mean over
    blocks, the code over kernels of convolutions only.

    Departures: their weight decay beside Adam's step is absent; the `weight_decay` of every
    learner is added to the gradient after H z.
    """

    step_size = 0.15
    epsilon = 1e-4
    power: Annotated[float, Field(ge=0, le=1)] = 1.0
    search: ClassVar = {
        "step_size": LogUniform(1e-4, 1.0),
        "epsilon": LogUniform(1e-8, 1e-1),
        "power": Uniform(0.5, 1.0),
    }
    method = Method(
        paper="2006.00719",
        year=2021,
        authors="Yao et al.",
        code="https://github.com/amirgholami/adahessian",
        commit="85ebc00ce873c8497a64ca80bbfa5d996109efea",
        verified="authors' code",
        differences=("Without weight decay beside the step.",),
    )

    def update(self, batch: Batch, state: State, noise: Noise) -> State:
        """Do a step with the gradient and the Hessian's diagonal."""
        if self.optimizer != "adam":
            raise LearnerError(
                "Learner AdaHessian: it is an optimiser itself, with Adam's settings: leave "
                "`optimizer` at adam."
            )
        signs = {name: noise.signs(value) for name, value in state.params.items()}
        products = batch.hessian_product(state.params, signs)
        gradients = batch.gradients(state.params)
        count = state.step.double()
        corrections = (1 - self.beta1**count, 1 - self.beta2**count)
        first, second, params = {}, {}, {}
        for name, value in state.params.items():
            g = gradients[name] + self.weight_decay * value
            diagonal = _averaged(products[name].abs())
            first[name] = self.beta1 * state.moments["first"][name] + (1 - self.beta1) * g
            second[name] = (
                self.beta2 * state.moments["second"][name] + (1 - self.beta2) * diagonal.square()
            )
            size = (second[name] / corrections[1]) ** (self.power / 2) + self.epsilon
            params[name] = value - self.step_size * (first[name] / corrections[0] / size)
        return state._replace(params=params, moments={"first": first, "second": second})


def _averaged(diagonal: Tensor) -> Tensor:
    """Its mean over the places of a convolution's kernel."""
    if diagonal.ndim == 4:
        return diagonal.mean((2, 3), keepdim=True).expand_as(diagonal)
    return diagonal
