"""Which parameters lead into and out of each hidden layer, and what the layer put out.

Found in networks that are one chain of layers, as an mlp and a cnn are: there the units of one
layer are what the next one reads, and a unit can be replaced without any other noticing.
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
    """The names of a hidden layer's activation and parameters."""

    activation: str = ""
    incoming: list[str] = field(default_factory=list)
    outgoing: str = ""


def hidden_layers(learner: str, hook: str, module: nn.Module) -> dict[str, HiddenLayer]:
    """Return the wires of each hidden layer, by name of the layer, from first to last.

    Raises:
        LearnerError: if the network is not a chain of linear layers or convolutions with norms
            before, and single activations behind them.
    """
    found: dict[str, HiddenLayer] = {}
    layer = ""
    for name, part in module.named_children() if isinstance(module, nn.Sequential) else ():
        own = [f"{name}.{key}" for key, _ in part.named_parameters()]
        begun = bool(layer) and not found[layer].activation
        if isinstance(part, nn.Linear | nn.Conv2d) and not begun:
            if layer:
                found[layer].outgoing = own[0]
            layer = name
            found[layer] = HiddenLayer(incoming=own)
        elif isinstance(part, nn.LayerNorm | nn.GroupNorm) and begun:
            found[layer].incoming += own
        elif isinstance(part, _ACTIVATIONS) and begun:
            found[layer].activation = name
        elif not isinstance(part, _OF_CHANNELS):
            raise _refused(learner, hook, f"{name}, a {type(part).__name__}, has no place in them")
    if not layer or found[layer].activation:
        raise _refused(learner, hook, f"this one is a {type(module).__name__}")
    del found[layer]  # the head
    return found


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
        f"crelu and fourier; {problem}."
    )
