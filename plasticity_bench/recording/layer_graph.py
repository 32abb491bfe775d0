"""Hidden layers of a network: their incoming and outgoing parameters, and their outputs.

In a chain of layers, as an mlp and a cnn are, the units of one layer are the inputs of the next, so
a unit can be replaced without affecting any other. In resnet18 and vit this holds of the hidden
layer within each block; units that residual connections add to are read by all later blocks.
"""

from dataclasses import dataclass, field

from torch import Tensor, nn

from plasticity_bench.errors import LearnerError
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.networks import ACTIVATIONS
from plasticity_bench.networks.activations import CONCATENATING
from plasticity_bench.networks.functional import apply_network
from plasticity_bench.networks.resnet import BasicBlock
from plasticity_bench.networks.vit import Block

_ACTIVATIONS = tuple(
    {type(make()) for name, make in ACTIVATIONS.items() if name not in CONCATENATING}
)
_OF_CHANNELS = (nn.Flatten, nn.Unflatten, nn.MaxPool2d)  # these keep the order of channels


@dataclass
class HiddenLayer:
    """Names of a hidden layer's activation and parameters.

    Attributes:
        activation: name of the activation module.
        incoming: names of the parameters that make it, the weight first, with those of its norm.
        outgoing: name of the weight that reads it.
    """

    activation: str = ""
    incoming: list[str] = field(default_factory=list)
    outgoing: str = ""


def hidden_layers(learner: str, hook: str, module: nn.Module) -> dict[str, HiddenLayer]:
    """Return each hidden layer, by name of the layer, from first to last.

    Raises:
        LearnerError: if the network is not a chain of linear layers or convolutions with norms
            before, and single activations after them, and has no blocks with such inside.
    """
    blocks = [part for part in module.named_modules() if isinstance(part[1], BasicBlock | Block)]
    if blocks:
        return dict(_within(learner, hook, *block) for block in blocks)
    graph: dict[str, HiddenLayer] = {}
    layer = ""
    for name, part in module.named_children() if isinstance(module, nn.Sequential) else ():
        parameters = [f"{name}.{key}" for key, _ in part.named_parameters()]
        begun = bool(layer) and not graph[layer].activation
        if isinstance(part, nn.Linear | nn.Conv2d) and not begun:
            if layer:
                graph[layer].outgoing = parameters[0]
            layer = name
            graph[layer] = HiddenLayer(incoming=parameters)
        elif isinstance(part, nn.LayerNorm | nn.GroupNorm) and begun:
            graph[layer].incoming += parameters
        elif isinstance(part, _ACTIVATIONS) and begun:
            graph[layer].activation = name
        elif not isinstance(part, _OF_CHANNELS):
            raise _refused(learner, hook, f"{name}, a {type(part).__name__}, does not fit in")
    if not layer or graph[layer].activation:
        raise _refused(learner, hook, f"this network is a {type(module).__name__}")
    del graph[layer]  # the head
    return graph


def _within(
    learner: str, hook: str, name: str, block: BasicBlock | Block
) -> tuple[str, HiddenLayer]:
    """The hidden layer within a block, and the name of its linear layer or convolution."""
    residual = isinstance(block, BasicBlock)
    into, activation, out = (
        ("first", "first_activation", "second") if residual else ("widen", "activation", "narrow")
    )
    if not isinstance(block.get_submodule(activation), _ACTIVATIONS):
        kind = type(block.get_submodule(activation)).__name__
        raise _refused(learner, hook, f"{name}.{activation}, a {kind}, does not fit in")
    incoming = [f"{name}.{into}.{key}" for key, _ in block.get_submodule(into).named_parameters()]
    outgoing = f"{name}.{out}.conv.weight" if residual else f"{name}.{out}.weight"
    return incoming[0].removesuffix(".weight"), HiddenLayer(
        f"{name}.{activation}", incoming, outgoing
    )


def forward(
    module: nn.Module, params: Params, inputs: Tensor, layers: dict[str, HiddenLayer]
) -> tuple[Tensor, dict[str, Tensor]]:
    """Return logits, and each hidden layer's outputs, (examples x places, units)."""
    seen: dict[str, Tensor] = {}
    handles = [
        module.get_submodule(hidden.activation).register_forward_hook(
            lambda _module, _inputs, output, layer=layer: seen.update({layer: _units_last(output)})
        )
        for layer, hidden in layers.items()
    ]
    try:
        logits: Tensor = apply_network(module, params, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return logits, seen


def _units_last(output: Tensor) -> Tensor:
    """(n, channels, height, width), (n, tokens, units) or (n, units) -> (n x places, units)."""
    if output.ndim == 2:
        return output
    return (output.movedim(1, -1) if output.ndim == 4 else output).flatten(0, -2)


def _refused(learner: str, hook: str, problem: str) -> LearnerError:
    return LearnerError(
        f"Learner {learner}, hook {hook}: it sees the hidden layers of networks that are one "
        "chain of layers, as the families mlp and cnn, and those within the blocks of resnet18 and "
        f"vit, with any norm and any activation but crelu and fourier; {problem}."
    )
