"""Normalise and project."""

from dataclasses import replace

from torch import Tensor, nn

from plasticity_bench import Learner, NetworkSpec, Noise, State, build_network


class NaP(Learner):
    """Normalise before every activation; keep the norm of each layer's weights as it began.

    After every update, for each layer's weights W that began as W0: W <- W * ||W0|| / ||W||, with
    Frobenius norms; and layer normalisation before every activation.

    Lyle et al. (2024), arXiv:2407.01800. Biases, and the gains and biases of norms, are free; the
    authors treat those of norms in more than one way. `project_head=False` leaves the last layer
    free, behind which no norm follows. What theirs do there is not verified: no code is public.
    """

    project_head: bool = True

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its norm replaced."""
        return build_network(replace(spec, norm="layer"))

    def after_update(self, state: State, noise: Noise) -> State:
        """Give each weight tensor the norm that it began with."""
        weights = [name for name, value in state.params.items() if value.ndim >= 2]
        if not self.project_head:
            weights = weights[:-1]
        params = {
            name: _projected(value, state.initial[name]) if name in weights else value
            for name, value in state.params.items()
        }
        return state._replace(params=params)


def _projected(value: Tensor, initial: Tensor) -> Tensor:
    # The floor keeps weights of zero at zero.
    projected: Tensor = value * (initial.norm() / value.norm().clamp_min(1e-12))
    return projected
