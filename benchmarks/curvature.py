"""Cost and observed error of the curvature estimators, from fresh to collapsed networks.

    python -m benchmarks.curvature > benchmarks/curvature.md
    python -m benchmarks.curvature --wide >> benchmarks/curvature.md

Adam trains a small network on random labels of real digits. At the start of some tasks its dense
Hessian is computed in float64, as the reference for block Lanczos. The Gram matrices of the Fisher
and the Gauss-Newton, exact up to rounding, are computed in float32 and in float64. The second
command compares Lanczos with the dense Hessian of a larger network, and times it on a network that
is too large for a dense Hessian. One process, one thread; each command takes about four minutes.
"""

import argparse
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from tabulate import tabulate
from torch import Tensor

import plasticity_bench as pb
from plasticity_bench import data
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.measurements import (
    fisher_spectrum,
    gauss_newton_spectrum,
    hessian_curvature,
    last_layers_spectrum,
)
from plasticity_bench.measurements.hessian_products import HessianProducts
from plasticity_bench.measurements.spectrum import (
    effective_rank,
    factor_srank,
    negative_mass,
    participation_ratio,
    srank,
)
from plasticity_bench.programs.allocator import keep_freed_memory

SMALL = pb.NetworkSpec(hidden=(32, 32), input_shape=(8, 8), num_outputs=10)
WIDE = pb.NetworkSpec(hidden=(64, 64), input_shape=(8, 8), num_outputs=10)
LARGE = pb.NetworkSpec(hidden=(128, 128), input_shape=(784,), num_outputs=10)
SEEDS, TASKS, UPDATES, BATCH = 2, (0, 1, 3, 6, 10, 20, 40), 400, 32
WIDE_TASKS = (0, 3)
GAUSS_NEWTON_EXAMPLES = 128
SETTINGS = ((4, 400), (2, 400), (4, 100), (2, 100))
MEASURES: dict[str, Callable[[Any], float]] = {
    "effective_rank": effective_rank,
    "srank90": lambda spectrum: srank(spectrum, 0.9),
    "participation_ratio": participation_ratio,
}


@dataclass(frozen=True)
class Checkpoint:
    """All replicas at a task's start: parameters, data and final accuracy of the task."""

    task: int
    params: pb.Params
    inputs: Tensor
    targets: Tensor
    accuracy: float


def checkpoints(
    spec: pb.NetworkSpec, kept_tasks: tuple[int, ...], seeds: int
) -> tuple[torch.nn.Module, list[Checkpoint]]:
    """Train from initialisation, and return checkpoints at the start of some tasks."""
    stream = pb.make_stream("plasticity/RandomLabelDigits-v0")
    images = torch.as_tensor(data.load("digits").inputs(np.arange(1797)))
    learner = find_learner("adam")(step_size=5e-3)
    population = pb.Population([pb.Replica(seed, learner) for seed in range(seeds)], spec)
    generator, kept = torch.Generator().manual_seed(0), []
    for index in range(max(kept_tasks) + 1):
        tasks = [stream.task(seed, index) for seed in range(seeds)]
        inputs = torch.stack([images[torch.as_tensor(task.examples)] for task in tasks])
        targets = torch.stack([torch.as_tensor(task.targets) for task in tasks])
        params, accuracies = population.state.params, []
        for _ in range(UPDATES):
            rows = torch.randint(inputs.shape[1], (seeds, BATCH), generator=generator)
            batch = torch.stack([x[r] for x, r in zip(inputs, rows, strict=True)])
            accuracies.append(population.update(batch, targets.gather(1, rows))[1])
        if index in kept_tasks:
            accuracy = float(torch.stack(accuracies[-50:]).mean())
            kept.append(Checkpoint(index, params, inputs, targets, accuracy))
    return population.module, kept


def dense_spectra(module: torch.nn.Module, state: Checkpoint) -> tuple[Any, float]:
    """Return every replica's Hessian eigenvalues in float64, and the seconds for one replica."""
    began, spectra = time.perf_counter(), []
    for i in range(len(state.targets)):
        replica = {name: value[i].double() for name, value in state.params.items()}
        products = HessianProducts(module, replica, state.inputs[i].double(), state.targets[i])
        spectra.append(torch.linalg.eigvalsh(products.matrix()).numpy())
    return np.stack(spectra), (time.perf_counter() - began) / len(spectra)


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wide", action="store_true", help="only the larger networks")
    options = parser.parse_args()
    torch.set_num_threads(1)
    keep_freed_memory()
    if options.wide:
        wide()
    else:
        small()


def wide() -> None:
    """Block Lanczos on networks of 8,970 and of 118,282 parameters."""
    module, states = checkpoints(WIDE, WIDE_TASKS, 1)
    dense = [dense_spectra(module, state) for state in states]
    print("\n## Block Lanczos on 64-64-64-10, 8,970 parameters, tasks 0 and 3, one seed\n")
    lanczos(module, states, [truth for truth, _ in dense], dense[0][1])
    print("\n## The default on 784-128-128-10, 118,282 parameters, fresh\n")
    costs({"Hessian by Lanczos, 4 x 400": hessian_curvature})


def small() -> None:
    """All estimators on a network of 3,466 parameters, and the fast ones on a large network."""
    module, states = checkpoints(SMALL, TASKS, SEEDS)
    truths, rows, dense_seconds = [], [], []
    for state in states:
        arguments = module, state.params, state.inputs, state.targets
        truth, seconds = dense_spectra(module, state)
        dense_seconds.append(seconds)
        truths.append(truth)
        few = module, state.params, *examples(state)
        numbers = [
            *(mean(of, truth) for of in (*MEASURES.values(), negative_mass)),
            mean(effective_rank, last_layers_spectrum(*arguments)),
            mean(srank, gauss_newton_spectrum(*few)),
            mean(srank, fisher_spectrum(*arguments)),
        ]
        rows.append([state.task, state.accuracy, *numbers])
    print(f"torch {torch.__version__}, {platform.machine()}, one thread. 64-32-32-10, 3,466")
    print(f"parameters, Adam, {SEEDS} seeds, 512 examples.\n")
    print("## The states (means of the seeds)\n")
    headers = ["task", "accuracy", "Hessian effective rank", "srank 0.9", "participation ratio"]
    headers += ["negative mass", "last layers' effective rank", "Gauss-Newton srank 0.99, n = 128"]
    table(rows, [*headers, "Fisher srank 0.99, n = 512"], ".2f")
    print("\n## Block Lanczos against the dense Hessian\n")
    print("Relative errors over all states and seeds, and over those not collapsed (effective rank")
    print(
        "above 20). Covered: error at most twice the stated uncertainty, plus 0.5 for rounding.\n"
    )
    lanczos(module, states, truths, float(np.mean(dense_seconds)))
    print("\n## Gram matrices in float32 against float64\n")
    grams(module, states)
    print("\n## Seconds for one replica of 784-128-128-10, 118,282 parameters, fresh\n")
    costs(
        {
            "Fisher, n = 512": fisher_spectrum,
            "Gauss-Newton, n = 256": lambda module, params, inputs, targets: gauss_newton_spectrum(
                module, params, inputs[:, :256], targets[:, :256]
            ),
            "Hessian by Lanczos, 4 x 100": partial(hessian_curvature, steps=100),
        }
    )


def lanczos(
    module: torch.nn.Module, states: list[Checkpoint], truths: list[Any], dense: float
) -> None:
    """Print errors, coverage and cost of several settings."""
    rows = []
    for block, steps in SETTINGS:
        seconds, estimates = [], []
        for state in states:
            began = time.perf_counter()
            arguments = module, state.params, state.inputs, state.targets
            estimates.append(hessian_curvature(*arguments, dense_limit=0, block=block, steps=steps))
            seconds.append((time.perf_counter() - began) / len(state.targets))
        for name, of in MEASURES.items():
            truth = np.array([[of(spectrum) for spectrum in spectra] for spectra in truths])
            value = np.array([getattr(c, name).value for c in estimates])
            stated = np.array([getattr(c, name).uncertainty for c in estimates])
            errors = np.abs(value / truth - 1)
            alive = np.array([[effective_rank(s) > 20 for s in spectra] for spectra in truths])
            covered = np.abs(value - truth) <= 2 * stated + 0.5
            numbers = [np.median(errors), np.median(errors[alive]), errors.max()]
            shown = [f"{100 * number:.2f} %" for number in numbers]
            share = f"{covered.sum()} of {covered.size}"
            cost = f"{np.mean(seconds):.2f} (at most {max(seconds):.2f})"
            label = name.replace("_", " ").replace("srank90", "srank 0.9")
            rows.append([f"{block} x {steps}", label, *shown, share, cost])
    rows.append(["dense, float64", "all", "0", "0", "0", "", f"{dense:.2f}"])
    headers = ["block x steps", "measure", "median", "median, not collapsed", "worst", "covered"]
    table(rows, [*headers, "seconds a replica"], "")


def grams(module: torch.nn.Module, states: list[Checkpoint]) -> None:
    """Print the largest differences of eigenvalues, and of ranks in both conventions."""
    rows = []
    for name, of, few in (
        ("Fisher, n = 512", fisher_spectrum, False),
        ("Gauss-Newton, n = 128", gauss_newton_spectrum, True),
    ):
        noise, count = 0.0, 0
        plain: list[int] = []
        factor: list[float] = []
        for state in states:
            inputs, targets = examples(state) if few else (state.inputs, state.targets)
            single = of(module, state.params, inputs, targets)
            exact = of(module, double(state.params), inputs.double(), targets)
            for one, other in zip(single, exact, strict=True):
                count += 1
                noise = max(noise, float(np.abs(one - other).max() / other.max()))
                plain.append(abs(srank(one) - srank(other)))
                factor.append(factor_srank(one) / factor_srank(other) - 1)
        worst = f"{100 * max(factor, key=abs):+.1f} %"
        rows.append([name, count, f"{noise:.0e}", max(plain), worst])
    headers = ["matrix", "spectra", "largest difference / largest eigenvalue"]
    headers += ["srank 0.99 of eigenvalues, worst", "of singular values, worst"]
    table(rows, headers, "")


def costs(estimators: dict[str, Callable[..., object]]) -> None:
    """Print times on 512 examples for a network that is too large for a dense Hessian."""
    module = pb.build_network(LARGE)
    params = {name: value.detach()[None] for name, value in module.named_parameters()}
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(1, 512, 784, generator=generator)
    targets = torch.randint(10, (1, 512), generator=generator)
    rows = []
    for name, estimator in estimators.items():
        began = time.perf_counter()
        estimator(module, params, inputs, targets)
        rows.append([name, time.perf_counter() - began])
    table(rows, ["estimator", "seconds"], ".2f")


def examples(state: Checkpoint) -> tuple[Tensor, Tensor]:
    """Return the examples that the Gauss-Newton matrix uses, and their targets."""
    return state.inputs[:, :GAUSS_NEWTON_EXAMPLES], state.targets[:, :GAUSS_NEWTON_EXAMPLES]


def double(params: pb.Params) -> pb.Params:
    """Return the parameters in float64."""
    return {name: value.double() for name, value in params.items()}


def mean(of: Callable[[Any], float], spectra: Any) -> float:
    """Return a measure's mean over replicas."""
    return float(np.mean([of(spectrum) for spectrum in spectra]))


def table(rows: list[Any], headers: list[str], floats: str) -> None:
    """Print a table in Markdown."""
    print(tabulate(rows, headers, "github", floatfmt=floats or "g"), flush=True)


if __name__ == "__main__":
    main()
