"""Hidden layers of a network: their incoming and outgoing parameters, and their outputs.

Only networks that are one chain of layers have such a graph, as an mlp and a cnn: the units of one
layer are the inputs of the next, so a unit can be replaced without affecting any other.
"""

from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.func import functional_call

from plasticity_bench.errors import LearnerError
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.networks import ACTIVATIONS
from plasticity_bench.networks.activations import CONCATENATING

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
            before, and single activations after them.
    """
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
        logits: Tensor = functional_call(module, params, (inputs,))
    finally:
        for handle in handles:
            handle.remove()
    return logits, seen


def _units_last(output: Tensor) -> Tensor:
    """(n, channels, height, width) or (n, units) -> (n x places, units)."""
    return output.movedim(1, -1).flatten(0, -2) if output.ndim == 4 else output


def _refused(learner: str, hook: str, problem: str) -> LearnerError:
    return LearnerError(
        f"Learner {learner}, hook {hook}: it sees the hidden layers of networks that are one "
        "chain of layers, as the families mlp and cnn are with any norm and any activation but "
        f"crelu and fourier; {problem}, and where residual connections add layers to one another, "
        "as in resnet18 and vit, a unit of one layer cannot be replaced alone."
    )
