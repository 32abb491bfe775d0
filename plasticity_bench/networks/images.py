"""Images in the two shapes that data sets have them in."""

from torch import nn

from plasticity_bench.networks.spec import NetworkSpec


def with_channels(spec: NetworkSpec) -> dict[str, nn.Module]:
    """Return the layer that gives images of (height, width) their one channel, if it is needed."""
    if len(spec.input_shape) == 3:
        return {}
    return {"unflatten": nn.Unflatten(1, (1, spec.input_shape[0]))}
