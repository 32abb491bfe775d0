"""Stochastic gradient descent with noise in its gradients."""

from typing import ClassVar

from plasticity_bench import Learner, LogUniform, Method, Noise, Params, State


class PerturbedGradientDescent(Learner):
    """params <- params - step_size * (gradient + noise_scale * N(0, 1)), all parameters.

    Jin et al. (2017), arXiv:1703.00887, in the form that Elsayed and Mahmood (2024),
    arXiv:2404.00781, compare with: noise at every update. Weight decay, theirs as PyTorch's, is
    `weight_decay`.
    """

    method = Method(
        paper="2404.00781",
        year=2024,
        authors="Elsayed and Mahmood",
        code="https://github.com/mohmdelsayed/upgd",
        commit="b75e90ad4b09c28971ac9dbb902a8fd86709b28c",
        verified="authors' code",
    )

    optimizer = "sgd"
    step_size = 1e-2
    noise_scale: float = 1e-3
    search: ClassVar = {"step_size": LogUniform(1e-4, 1.0), "noise_scale": LogUniform(1e-4, 1.0)}

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Do a step of the optimiser on perturbed gradients."""
        perturbed = {k: g + self.noise_scale * noise.normal(g) for k, g in gradients.items()}
        return super().apply_gradients(perturbed, state, noise)
