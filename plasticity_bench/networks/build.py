"""From a specification to a network."""

from collections.abc import Callable

from torch import nn

from plasticity_bench.networks import own
from plasticity_bench.networks.cnn import cnn
from plasticity_bench.networks.gpt import gpt
from plasticity_bench.networks.initialisation import initialise
from plasticity_bench.networks.mlp import mlp
from plasticity_bench.networks.resnet import resnet18
from plasticity_bench.networks.spec import NetworkSpec
from plasticity_bench.networks.vit import LAYERS_WITHOUT_ACTIVATION, vit

BUILDERS: dict[str, Callable[[NetworkSpec], nn.Module]] = {
    "mlp": mlp,
    "cnn": cnn,
    "resnet18": resnet18,
    "vit": vit,
    "gpt": gpt,
}


def build_network(spec: NetworkSpec) -> nn.Module:
    """Return the network of a specification, initialised as it says.

    Raises:
        BadInputError: if it is a user's, and cannot be built so.
    """
    if spec.is_own:
        keys = {key: value for key, value in spec.parameters().items() if key != "name"}
        return own.make(spec.name, keys)
    network = BUILDERS[spec.name](spec)
    linear = LAYERS_WITHOUT_ACTIVATION if spec.name in ("vit", "gpt") else ("head",)
    initialise(network, spec.init, spec.activation, linear)
    return network
