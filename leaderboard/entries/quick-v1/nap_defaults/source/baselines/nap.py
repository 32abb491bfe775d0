"""Normalise and project."""

from dataclasses import replace

from torch import Tensor, nn

from plasticity_bench import Learner, Method, NetworkSpec, Noise, State, build_network


class NaP(Learner):
    """Normalise before every activation; keep the norm of each layer's weights as it began.

    After every update, for each layer's weights W that began as W0: W <- W * ||W0|| / ||W||, with
    Frobenius norms; and layer normalisation before every activation. Layers are linear layers and
    convolutions; queries, keys and values of attention each keep their own norm.

    Lyle et al. (2024), arXiv:2407.01800. Biases, and the gains and biases of norms, are free; the
    authors treat those of norms in more than one way. `project_head=False` leaves the last layer
    free, behind which no norm follows. What theirs do there is not verified: no code is public.
    """

    method = Method(
        paper="2407.01800",
        year=2024,
        authors="Lyle et al.",
        verified="paper",
        differences=(
            "Gains and biases of norms are free; the paper also decays or projects them.",
            "Embeddings of positions are free.",
        ),
    )

    project_head: bool = True

    def build(self, spec: NetworkSpec) -> nn.Module:
        """Build the network with its norm replaced."""
        return build_network(replace(spec, norm="layer"))

    def after_update(self, state: State, noise: Noise) -> State:
        """Give each weight the norm that it began with."""
        params = dict(state.params)
        for layer in self.network.layers if self.project_head else self.network.hidden:
            name = layer.weight
            params[name] = layer.mapped(_projected, params[name], state.initial[name])
        return state._replace(params=params)


def _projected(value: Tensor, initial: Tensor) -> Tensor:
    # The floor keeps weights of zero at zero.
    projected: Tensor = value * (initial.norm() / value.norm().clamp_min(1e-12))
    return projected
