"""`plasticity_bench.diagnose`: every measurement of any PyTorch network, beside fresh ones."""

import math
import warnings
from collections.abc import Callable, Collection, Mapping
from numbers import Integral
from typing import Literal

from torch import Tensor, nn

from plasticity_bench.diagnosis.budget import size_of
from plasticity_bench.diagnosis.fresh import fresh_networks
from plasticity_bench.diagnosis.meanings import meaning, why_nan
from plasticity_bench.diagnosis.network import checked_batch, network_of, tensor_of, unwrapped
from plasticity_bench.diagnosis.plan import (
    Batch,
    Plan,
    about_examples,
    planned,
    without_slow_hessians,
)
from plasticity_bench.diagnosis.result import Diagnosis, Row
from plasticity_bench.errors import BadInputError, MeasurementError, did_you_mean
from plasticity_bench.learners.optimizers import Params
from plasticity_bench.measurements import MEASUREMENTS, Probe, measure

KNOWN = tuple(
    sorted(
        (name for name, registered in MEASUREMENTS.items() if registered.at_start),
        key=lambda name: not MEASUREMENTS[name].headline,
    )
)
"""What can be measured of a network at one moment, the headline first."""


def diagnose(
    module: nn.Module,
    inputs: Tensor,
    targets: Tensor | None = None,
    *,
    fresh: Callable[[], nn.Module] | None = None,
    fresh_seeds: int = 5,
    initial: Mapping[str, Tensor] | None = None,
    measurements: Collection[str] | Literal["all"] | None = None,
    examples: int = 256,
    memory_gb: float = 4.0,
) -> Diagnosis:
    """Return all measurements of a network on a batch, beside those of fresh networks.

    The network can be any PyTorch module whose outputs have one row for each example, also as the
    `logits` of an object, as Hugging Face's models return them. It is copied, not changed, and
    measured in evaluation mode: dropout is off, and batch normalisation uses its running
    statistics. The loss is cross-entropy, or the squared error if targets are floats.

    Args:
        module: the network.
        inputs: (n, *input_shape); the first `examples` of them are used.
        targets: (n,) integer labels or (n, outputs) floats. Without any, measurements of the loss
            are n/a.
        fresh: returns a new network of the same architecture, drawing from PyTorch's global
            generator, which is seeded. By default, a Hugging Face model is made by its class from
            its config; any other is copied, and `reset_parameters` of its layers called.
        fresh_seeds: how many fresh networks; with less than two, none is above or below.
        initial: the parameters that training began with, by name, for `distance_from_init`.
        measurements: names of `plasticity_bench.measurements.MEASUREMENTS`, or "all"; by default
            all that take seconds: Hessians of more than 1,000 parameters are left out.
        examples: at most this many are measured on.
        memory_gb: a measurement that would take more is taken on fewer examples, or is n/a.

    Returns:
        a table of rows, of the network and of its layers; numbers that do not exist are NaN, with
        the reason.

    Raises:
        BadInputError: what is wrong with the network, the batch or an argument, in one sentence.
    """
    names = _checked_names(measurements)
    _check_counts(fresh_seeds, examples, memory_gb)
    module = unwrapped(module)
    network = network_of(module)
    inputs = tensor_of(inputs, "inputs")
    given = len(inputs)
    inputs, targets, logits = checked_batch(
        network,
        inputs[:examples],
        None if targets is None else tensor_of(targets, "targets")[:examples],
    )
    others = fresh_networks(module, fresh, fresh_seeds, inputs)
    size = size_of(network, inputs, logits.shape[1])
    batch = Batch(inputs, targets, _initial(network, initial))
    plan = planned(names, size, batch, memory_gb, requested=measurements is not None)
    if measurements is None:
        plan = without_slow_hessians(plan, network)
    taken = _taken(network, batch, plan)
    references = [_taken(one, batch, _measured_of(taken, plan)) for one in others.networks]
    rows = [row for name in names for row in _rows(name, taken, references)]
    notes = [others.told, *about_examples(plan, given), *_about_evaluation(network)]
    return Diagnosis(type(module).__name__, size.parameters, given, tuple(rows), tuple(notes))


Taken = dict[str, dict[str, tuple[float, str]] | str]
"""By measurement: its numbers by name, each with why it does not exist; or why there are none."""


def _taken(network: nn.Module, batch: Batch, plan: Plan) -> Taken:
    """One network's numbers. What several measurements need is computed once."""
    probes: dict[int, Probe] = {}
    taken: Taken = {}
    for name, count in plan.items():
        if isinstance(count, str):
            taken[name] = count
            continue
        probe = probes.setdefault(count, batch.first(count).probe(network))
        try:
            with warnings.catch_warnings():
                # Of layers that PyTorch computes one by one, where several would be quicker.
                warnings.filterwarnings("ignore", "There is a performance drop")
                measured = measure(name, probe)
        except MeasurementError as error:
            taken[name] = _shortened(error)
            continue
        taken[name] = {key: _number(key, name, probe, float(v[0])) for key, v in measured.items()}
    return taken


def _number(key: str, name: str, probe: Probe, value: float) -> tuple[float, str]:
    if math.isfinite(value):
        return value, ""
    return math.nan, why_nan(key, probe, MEASUREMENTS[name].of_units)


def _measured_of(taken: Taken, plan: Plan) -> Plan:
    """What fresh networks are measured by: what could be measured, and is not 0 by definition."""
    return {
        name: count
        for name, count in plan.items()
        if not isinstance(taken[name], str) and name != "distance_from_init"
    }


def _rows(name: str, taken: Taken, references: list[Taken]) -> list[Row]:
    """A measurement's numbers; one row that says why, if it could not be taken."""
    numbers = taken[name]
    if isinstance(numbers, str):
        return [Row(name, "", math.nan, missing=numbers)]
    rows = []
    for key, (value, missing) in numbers.items():
        formula, _, layer = key.partition("/")
        fresh = tuple(_of(reference.get(name), key) for reference in references)
        fresh = () if name == "distance_from_init" else fresh
        rows.append(Row(formula, layer, value, fresh, meaning(formula), missing))
    return rows


def _of(numbers: dict[str, tuple[float, str]] | str | None, key: str) -> float:
    return numbers[key][0] if isinstance(numbers, dict) and key in numbers else math.nan


def _shortened(error: MeasurementError) -> str:
    """What went wrong, without what only a suite's reader understands."""
    cause = error.__cause__
    if cause is None:
        return str(error)
    first = str(cause).strip().partition("\n")[0].rstrip(".")
    kind = "" if isinstance(cause, ValueError) else f"{type(cause).__name__}: "
    return f"{kind}{first}"


# ---- arguments ----------------------------------------------------------------------------------


def _checked_names(names: Collection[str] | None) -> tuple[str, ...]:
    if names is None or names == "all":
        return KNOWN
    names = (names,) if isinstance(names, str) else list(names)
    for name in names:
        if name not in KNOWN:
            raise BadInputError(f"Unknown measurement {name!r}. {did_you_mean(str(name), KNOWN)}")
    return tuple(name for name in KNOWN if name in names)


def _check_counts(fresh_seeds: object, examples: object, memory_gb: object) -> None:
    if not isinstance(fresh_seeds, Integral) or fresh_seeds < 0:
        raise BadInputError(f"fresh_seeds must be an integer of 0 or more, not {fresh_seeds!r}.")
    if not isinstance(examples, Integral) or examples < 2:
        raise BadInputError(f"examples must be an integer of 2 or more, not {examples!r}.")
    if not isinstance(memory_gb, int | float) or not 0 < memory_gb < math.inf:
        raise BadInputError(f"memory_gb must be a number of more than 0, not {memory_gb!r}.")


def _initial(network: nn.Module, given: Mapping[str, Tensor] | None) -> Params | None:
    if given is None:
        return None
    if not isinstance(given, Mapping) or not all(isinstance(v, Tensor) for v in given.values()):
        raise BadInputError(
            "initial must be tensors by the names of parameters, as module.state_dict() returns, "
            f"not a {type(given).__name__}."
        )
    initial = {}
    for name, value in network.named_parameters():
        other = given.get(name)
        if other is None or other.shape != value.shape:
            has = "no such entry" if other is None else f"shape {tuple(other.shape)}"
            raise BadInputError(
                f"The initial parameters have {has} for {name}, of shape {tuple(value.shape)}."
            )
        initial[name] = other.detach().to(value)[None]
    return initial


# ---- notes --------------------------------------------------------------------------------------


def _about_evaluation(network: nn.Module) -> list[str]:
    kinds = sorted(
        {
            type(part).__name__
            for part in network.modules()
            if isinstance(part, nn.modules.batchnorm._BatchNorm | nn.modules.dropout._DropoutNd)
        }
    )
    return [f"Measured in evaluation mode: {', '.join(kinds)}."] if kinds else []
