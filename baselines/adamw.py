"""Adam with decoupled weight decay."""

from typing import ClassVar

from plasticity_bench import Learner, LogUniform, Method, Noise, Params, State


class AdamW(Learner):
    """Adam, and params <- (1 - step_size * decay) * params at every update, all parameters.

    Loshchilov and Hutter (2019), arXiv:1711.05101, in the form of `torch.optim.AdamW`, where the
    decay is multiplied by the step size. `decay` is what PyTorch calls weight_decay; the
    `weight_decay` of every learner is the coupled one, which Adam rescales.
    """

    method = Method(
        paper="1711.05101",
        year=2019,
        authors="Loshchilov and Hutter",
        verified="paper",
        differences=("The decay is multiplied by the step size, as in PyTorch.",),
    )

    decay: float = 1e-2
    search: ClassVar = {"decay": LogUniform(1e-4, 1.0)}

    def apply_gradients(self, gradients: Params, state: State, noise: Noise) -> State:
        """Shrink the parameters, then do a step of Adam."""
        kept = 1 - self.step_size * self.decay
        params = {name: kept * value for name, value in state.params.items()}
        return super().apply_gradients(gradients, state._replace(params=params), noise)
