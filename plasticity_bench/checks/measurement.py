"""Checks of a user's measurement: `check_measurement`."""

import copy
from collections.abc import Callable
from dataclasses import fields, replace

import numpy as np
import torch
from torch import nn
from torch.utils import _pytree as pytree

from plasticity_bench.errors import MeasurementError
from plasticity_bench.measurements import Measure, Measured, Probe
from plasticity_bench.networks import NetworkSpec, build_network, initial_parameters

TOLERANCE = 1e-6
"""Relative: batches of another size may round otherwise."""

Check = Callable[[str, Measure, Probe], None]


def check_measurement(measure: Measure, probe: Probe | None = None) -> None:
    """Check a measurement against the rules that results rely on.

    It returns one float64 number for each replica, by name, and the same numbers when called again;
    it does not change the probe or the network; and a replica's number depends on that replica
    alone, not on its index or on the other replicas.

    Args:
        measure: from a `Probe` to (replicas,) numbers by name.
        probe: of at least three different replicas; by default small networks in the middle of a
            task.

    Raises:
        MeasurementError: which rule it breaks, in one sentence.
    """
    name = getattr(measure, "__name__", type(measure).__name__)
    for check in CHECKS:
        check(name, measure, probe or example_probe())


def check_shape(name: str, measure: Measure, probe: Probe) -> None:
    """It returns (replicas,) float64 arrays by name."""
    measured = measure(probe)
    if not isinstance(measured, dict) or not measured:
        raise MeasurementError(f"{name} must return numbers by name, a dictionary that has some.")
    for key, values in measured.items():
        if not isinstance(key, str):
            raise MeasurementError(f"{name} returns {key!r} as a name; a name is a string.")
        shape, kind = getattr(values, "shape", None), getattr(values, "dtype", None)
        if not isinstance(values, np.ndarray) or kind != np.float64:
            returned = f"a {type(values).__name__} of {kind}"
            raise MeasurementError(
                f"{name}: {key} must be a float64 array of numpy, not {returned}."
            )
        if shape != (probe.num_replicas,):
            raise MeasurementError(
                f"{name}: {key} must have one number for each of the {probe.num_replicas} "
                f"replicas, but has the shape {shape}."
            )


def check_deterministic(name: str, measure: Measure, probe: Probe) -> None:
    """It returns the same numbers when called again."""
    first, second = measure(_copied(probe)), measure(_copied(probe))
    _compare(first, second, 0, f"{name}: {{}} differs when the same state is measured again.")


def check_unchanged(name: str, measure: Measure, probe: Probe) -> None:
    """It changes neither the probe nor the network nor PyTorch's random state."""
    before = _copied(probe)
    random_state = torch.get_rng_state()
    hooks = _hooks(probe.module)
    measure(probe)
    if not _equal(_tensors(before), _tensors(probe)):
        raise MeasurementError(f"{name} changes tensors of the probe: work on copies.")
    if not _equal(_own_state(before.module), _own_state(probe.module)):
        raise MeasurementError(f"{name} changes the network's own parameters or buffers.")
    if [m.training for m in before.module.modules()] != [
        m.training for m in probe.module.modules()
    ]:
        raise MeasurementError(f"{name} changes the network's training mode.")
    if _hooks(probe.module) != hooks:
        raise MeasurementError(f"{name} leaves hooks on the network: remove them.")
    if not torch.equal(random_state, torch.get_rng_state()):
        raise MeasurementError(f"{name} draws from PyTorch's global generator.")


def check_order(name: str, measure: Measure, probe: Probe) -> None:
    """A replica's number does not depend on its index in the population."""
    order = torch.arange(probe.num_replicas).roll(1)
    expected = {key: values[order.numpy()] for key, values in measure(_copied(probe)).items()}
    moved = measure(probe.select(order))
    _compare(expected, moved, TOLERANCE, f"{name}: {{}} depends on the order of the replicas.")


def check_alone(name: str, measure: Measure, probe: Probe) -> None:
    """A replica's number does not depend on the other replicas."""
    fewer = torch.arange(probe.num_replicas - 1)
    expected = {key: values[:-1] for key, values in measure(_copied(probe)).items()}
    without_last = measure(probe.select(fewer))
    problem = f"{name}: {{}} of a replica depends on which other replicas there are."
    _compare(expected, without_last, TOLERANCE, problem)


CHECKS: tuple[Check, ...] = (
    check_shape,
    check_deterministic,
    check_unchanged,
    check_order,
    check_alone,
)


def example_probe() -> Probe:
    """Return a probe of three small networks in the middle of a task."""
    spec = NetworkSpec(hidden=(8, 6), input_shape=(3, 3), num_outputs=4)
    with torch.random.fork_rng(devices=[]):
        module = build_network(spec)
    generator = torch.Generator().manual_seed(0)
    made = [initial_parameters(lambda: build_network(spec), seed) for seed in range(3)]
    initial = {name: torch.stack([params[name] for params in made]) for name in made[0]}
    path = [initial]
    for _ in range(4):
        path.append(
            {k: v + 0.05 * torch.randn(v.shape, generator=generator) for k, v in path[-1].items()}
        )
    return Probe(
        module=module,
        params=path[-1],
        initial=initial,
        moments={"mean": path[1], "square": path[2]},
        inputs=torch.randn(3, 16, *spec.input_shape, generator=generator),
        targets=torch.randint(spec.num_outputs, (3, 16), generator=generator),
        task_start=path[1],
        updates=((path[2], path[3]), (path[3], path[4])),
    )


def _copied(probe: Probe) -> Probe:
    """A copy of a probe with nothing cached."""
    everyone = probe.select(torch.arange(probe.num_replicas))
    return replace(everyone, module=copy.deepcopy(probe.module))


def _tensors(probe: Probe) -> list[torch.Tensor]:
    given = {f.name: getattr(probe, f.name) for f in fields(probe) if f.name != "module"}
    return [leaf for leaf in pytree.tree_leaves(given) if isinstance(leaf, torch.Tensor)]


def _own_state(module: nn.Module) -> list[torch.Tensor]:
    return [*module.parameters(), *module.buffers()]


def _hooks(module: nn.Module) -> int:
    return sum(
        len(part._forward_hooks) + len(part._forward_pre_hooks) + len(part._backward_hooks)
        for part in module.modules()
    )


def _equal(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return len(one) == len(other) and all(
        torch.equal(a.nan_to_num(), b.nan_to_num()) for a, b in zip(one, other, strict=True)
    )


def _compare(expected: Measured, actual: Measured, tolerance: float, problem: str) -> None:
    """Raise with the first name whose numbers differ; NaN equals NaN."""
    for key in {**expected, **actual}:
        one, other = expected.get(key), actual.get(key)
        if (
            one is None
            or other is None
            or not np.allclose(one, other, rtol=tolerance, atol=tolerance, equal_nan=True)
        ):
            raise MeasurementError(problem.format(key))
