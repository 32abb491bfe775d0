"""What the GPU path reaches, in parts; benchmarks/gpu_all.sh runs all of them in ten minutes.

    python -m benchmarks.gpu PART [--seconds N]          # on the first CUDA device
    python -m benchmarks.gpu PART --device cpu --tiny    # the same code in seconds, for tests

Each part prints a table, every row as soon as it is measured: one that is stopped leaves the rest.

- rates: seed-updates per second by population size, and the share of the card's limits;
- loops: the same update of one seed in plain PyTorch, compiled, and of many with torch.func;
- spectra: eigenvalues of the empirical Fisher on the device beside the CPU;
- memory: a population that does not fit into memory is split, and its results are complete;
- agreement: scores of the same runs on the device minus the CPU's, with intervals;
- suite: hours of the suite `paper`, from what is finished in the given time.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

import plasticity_bench as pb
from benchmarks import floor, loops
from plasticity_bench.errors import BadInputError
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.measurements import fisher_spectrum
from plasticity_bench.programs.population import Population
from plasticity_bench.results import Results
from plasticity_bench.running import group_run
from plasticity_bench.running.execution import Execution
from plasticity_bench.statistics import format_interval, mean_interval
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.own_fresh import with_own_fresh
from plasticity_bench.suite.planning import all_runs, plan

NETWORKS = {
    "784-128-128-10": pb.NetworkSpec(hidden=(128, 128), input_shape=(784,), num_outputs=10),
    "3072-100-100-100-10": pb.NetworkSpec(
        hidden=(100, 100, 100), input_shape=(3072,), num_outputs=10
    ),
    "cnn 16-16-64 on 3 x 32 x 32": pb.NetworkSpec(
        name="cnn", channels=(16, 16), hidden=(64,), input_shape=(3, 32, 32), num_outputs=10
    ),
}
TINY_NETWORK = {"64-8-10": pb.NetworkSpec(hidden=(8,), input_shape=(64,), num_outputs=10)}
LEARNERS = ("adam", "sgd", "l2_init", "wasserstein", "muon")
BATCH = 32

SUITE = """\
suite: benchmark/gpu-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_examples: 128
    num_tasks: {tasks}
    updates_per_task: {updates}
    network: {{hidden: [64, 64]}}
learners:
  - {{name: fresh, step_size: 0.00922}}
  - {{name: layer_norm, step_size: 0.00467}}
seeds: {seeds}
measure:
  curvature: {{every: 10, examples: 64}}
"""


@dataclass(frozen=True)
class Setting:
    """How a part is measured.

    Attributes:
        device: "cuda" or "cpu".
        tiny: whether sizes are those of a test.
        seconds: length of each measurement of a rate, and of the part `suite`.
    """

    device: str
    tiny: bool
    seconds: float

    @property
    def networks(self) -> dict[str, pb.NetworkSpec]:
        """What is trained."""
        return TINY_NETWORK if self.tiny else NETWORKS

    @property
    def sizes(self) -> tuple[int, ...]:
        """Numbers of replicas, the most telling first."""
        return (2, 1) if self.tiny else (256, 1024, 64, 16, 1)

    def wait(self) -> None:
        """Wait until the device has done what it was given."""
        if self.device != "cpu":
            torch.cuda.synchronize()

    def suite(self, folder: Path) -> Path:
        """Write a small suite, and return its file."""
        sizes = (3, 5, 2) if self.tiny else (10, 200, 32)
        path = folder / "suite.yaml"
        path.write_text(
            SUITE.format(**dict(zip(("tasks", "updates", "seeds"), sizes, strict=True)))
        )
        return path


def rate(setting: Setting, learner: str, spec: pb.NetworkSpec, size: int) -> float:
    """Return the seed-updates per second of a population; 0 if it does not fit into memory."""
    replicas = [pb.Replica(seed, find_learner(learner)()) for seed in range(size)]
    inputs, _ = (tensor.to(setting.device) for tensor in loops.data(spec))
    targets = torch.randint(spec.num_outputs, (size, loops.EXAMPLES), device=setting.device)
    try:
        population = pb.Population(
            replicas, spec, compile_updates=not setting.tiny, device=setting.device
        )

        def updates(count: int) -> None:
            for _ in range(count):
                rows = torch.randint(loops.EXAMPLES, (size, BATCH), device=setting.device)
                chosen = inputs.index_select(0, rows.flatten()).unflatten(0, rows.shape)
                population.update(chosen, targets.gather(1, rows))

        return size * _per_second(setting, updates)
    except torch.OutOfMemoryError:
        return 0.0


def rates(setting: Setting) -> Iterator[str]:
    """Yield the table of seed-updates per second, and what the card would allow at most."""
    bandwidth, arithmetic = _limits(setting)
    yield f"Copying: {bandwidth / 1e9:,.0f} GB/s; float32: {arithmetic / 1e12:.1f} TFLOP/s.\n"
    yield from _head("network", "learner", "replicas", "seed-updates per second", "of the limit")
    for name, spec in setting.networks.items():
        for learner in LEARNERS:
            bound = _bound(learner, spec, bandwidth, arithmetic)
            for size in setting.sizes:
                found = rate(setting, learner, spec, size)
                yield _row(name, learner, size, f"{found:,.0f}", f"{found / bound:.1%}")


def _bound(learner: str, spec: pb.NetworkSpec, bandwidth: float, arithmetic: float) -> float:
    """The seed-updates per second that bytes and FLOPs of an update allow."""
    module = pb.build_network(spec)
    counter = FlopCounterMode(display=False)
    with counter:
        module(torch.randn(BATCH, *spec.input_shape)).sum().backward()
    # Newton-Schulz's products of Muon are not counted: its bound is that of Adam.
    moved = floor.bytes_moved(spec, "adam" if learner == "muon" else learner)
    return 1 / max(moved / bandwidth, counter.get_total_flops() / arithmetic)


def _limits(setting: Setting) -> tuple[float, float]:
    """Bytes per second of a copy, and FLOPs per second of a product, of large arrays."""
    side, numbers = (64, 1 << 10) if setting.tiny else (8192, 1 << 28)
    source = torch.randn(numbers, device=setting.device)
    target, left = torch.empty_like(source), torch.randn(side, side, device=setting.device)

    def copies(count: int) -> None:
        for _ in range(count):
            target.copy_(source)

    def products(count: int) -> None:
        for _ in range(count):
            left.mm(left)

    bandwidth = 2 * 4 * numbers * _per_second(setting, copies, burst=1)
    return bandwidth, 2 * side**3 * _per_second(setting, products, burst=1)


def plain_loops(setting: Setting) -> Iterator[str]:
    """Yield the table of Adam's updates in loops that a researcher would write."""
    size = max(setting.sizes)
    yield from _head("network", "loop", "replicas", "seed-updates per second")
    for name, spec in setting.networks.items():
        yield _row(name, "plain PyTorch", 1, f"{_loop(setting, spec, compiles=False):,.0f}")
        yield _row(name, "torch.compile", 1, f"{_loop(setting, spec, compiles=True):,.0f}")
        yield _row(name, "torch.func.vmap", size, f"{_vmapped(setting, spec, size):,.0f}")
        yield _row(name, "this package", size, f"{rate(setting, 'adam', spec, size):,.0f}")


def _loop(setting: Setting, spec: pb.NetworkSpec, compiles: bool) -> float:
    module = pb.build_network(spec).to(setting.device)
    descent = torch.optim.Adam(module.parameters(), lr=1e-3, fused=setting.device != "cpu")
    inputs, targets = (tensor.to(setting.device) for tensor in loops.data(spec))

    def loss_of(batch: Tensor, wanted: Tensor) -> Tensor:
        return torch.nn.functional.cross_entropy(module(batch), wanted)

    compiled = torch.compile(loss_of) if compiles and not setting.tiny else loss_of

    def updates(count: int) -> None:
        for _ in range(count):
            rows = torch.randint(loops.EXAMPLES, (BATCH,), device=setting.device)
            descent.zero_grad()
            compiled(inputs[rows], targets[rows]).backward()
            descent.step()

    return _per_second(setting, updates)


def _vmapped(setting: Setting, spec: pb.NetworkSpec, size: int) -> float:
    modules = [pb.build_network(spec).to(setting.device) for _ in range(size)]
    params, buffers = torch.func.stack_module_state(modules)
    leaves = [param.detach().requires_grad_() for param in params.values()]
    descent = torch.optim.Adam(leaves, lr=1e-3)
    inputs, targets = (tensor.to(setting.device) for tensor in loops.data(spec))

    def loss_of(own: dict[str, Tensor], batch: Tensor, wanted: Tensor) -> Tensor:
        logits = torch.func.functional_call(modules[0], (own, buffers), (batch,))
        return torch.nn.functional.cross_entropy(logits, wanted)

    gradient = torch.func.vmap(torch.func.grad(loss_of))

    def updates(count: int) -> None:
        for _ in range(count):
            rows = torch.randint(loops.EXAMPLES, (size, BATCH), device=setting.device)
            own = dict(zip(params, leaves, strict=True))
            found = gradient(own, inputs[rows], targets[rows])
            for leaf, slope in zip(leaves, found.values(), strict=True):
                leaf.grad = slope.detach()
            descent.step()

    return size * _per_second(setting, updates)


def spectra(setting: Setting) -> Iterator[str]:
    """Yield the table of the Fisher's eigenvalues: time, and the largest difference."""
    size, examples = (2, 8) if setting.tiny else (10, 512)
    yield f"{size} replicas, {examples} examples each.\n"
    yield from _head("network", "CPU, seconds", "device, seconds", "largest relative difference")
    for name, spec in setting.networks.items():
        replicas = [pb.Replica(seed, find_learner("adam")()) for seed in range(size)]
        params = pb.Population(replicas, spec).state.params
        module = pb.build_network(spec)
        inputs = torch.randn(size, examples, *spec.input_shape)
        targets = torch.randint(spec.num_outputs, (size, examples))
        found, seconds = {}, {}
        for device in ("cpu", setting.device):
            moved = {key: value.to(device) for key, value in params.items()}
            given = module.to(device), moved, inputs.to(device), targets.to(device)
            fisher_spectrum(*given)  # once before it is timed
            began = time.perf_counter()
            found[device] = fisher_spectrum(*given)
            seconds[device] = time.perf_counter() - began
        largest = found["cpu"].max(1, keepdims=True)
        error = np.abs((found[setting.device] - found["cpu"]) / largest).max()
        times = [f"{seconds[device]:.3f}" for device in ("cpu", setting.device)]
        yield _row(name, *times, f"{error:.1e}")


def memory(setting: Setting) -> Iterator[str]:
    """Yield the table of a group of runs that is larger than the memory."""
    with tempfile.TemporaryDirectory() as scratch:
        suite = load_suite(str(setting.suite(Path(scratch))))
        (group,) = plan(suite, [suite.contenders[1]], range(4 if setting.tiny else 256))
        results = Results(Path(scratch) / "results")
        with _little_memory(setting):
            outcome = group_run.run_group(
                results, Execution(device=setting.device), group, lambda _: None
            )
        finished = len(group.runs) - len(results.snapshot().missing(group.runs))
    yield from _head("replicas", "finished", "error", "times that it was split")
    yield _row(len(group.runs), finished, outcome.error or "none", len(outcome.notes))
    yield from ("", *(f"- {note}" for note in outcome.notes))


@contextmanager
def _little_memory(setting: Setting) -> Iterator[None]:
    """Let the device have room for a few replicas; on the CPU, where it has no limit, say so."""
    if setting.device != "cpu":
        torch.cuda.set_per_process_memory_fraction(0.002)
        try:
            yield
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
        return
    made = Population.__init__

    def limited(self: Population, replicas: list[pb.Replica], *others: Any, **named: Any) -> None:
        if len(replicas) > 2:
            raise torch.OutOfMemoryError("no room")
        made(self, replicas, *others, **named)

    with mock.patch.object(Population, "__init__", limited):
        yield


def agreement(setting: Setting) -> Iterator[str]:
    """Yield the table of what scores differ by between the CPU and the device."""
    scores = {}
    with tempfile.TemporaryDirectory() as scratch:
        suite = setting.suite(Path(scratch))
        for device in dict.fromkeys(("cpu", setting.device)):
            root = Path(scratch) / device
            _command("run", suite, "--device", device, "--no-reuse", "--results", root)
            (folder,) = root.glob("gpu-v0@*")
            scores[device] = pb.load_results(folder).scores(by_seed=True)
    columns = ["trainability", "curvature_retention", "online_accuracy"]
    yield f"{setting.device} minus CPU, for each seed.\n"
    yield from _head("learner", *columns)
    for learner in ("fresh", "layer_norm"):
        ours, theirs = (_of_learner(scores[d], learner, columns) for d in (setting.device, "cpu"))
        differences = [mean_interval(ours[:, i] - theirs[:, i]) for i in range(len(columns))]
        yield _row(learner, *(format_interval(one, signed=True) for one in differences))


def _of_learner(scores: pd.DataFrame, learner: str, columns: list[str]) -> np.ndarray:
    return np.asarray(scores[scores.learner == learner].sort_values("seed")[columns])


def suite_hours(setting: Setting) -> Iterator[str]:
    """Yield the hours of the suite `paper`, from what is finished in the given time."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "results"
        name = str(setting.suite(Path(scratch))) if setting.tiny else "paper"
        suite = load_suite(name)
        groups = with_own_fresh(plan(suite, suite.contenders, range(suite.num_seeds)))
        planned = all_runs(groups)
        began = time.perf_counter()
        given = ("--device", setting.device, "--no-reuse", "--results", root)
        _command("run", name, *given, seconds=setting.seconds)
        seconds = time.perf_counter() - began
        folders = list(root.glob("*@*"))
        finished = len(Results(folders[0]).snapshot().finished) if folders else 0
    hours = seconds / 3600 * len(planned) / finished if finished else float("nan")
    yield from _head("suite", "runs", "finished", "seconds", "hours for all")
    yield _row(suite.name, len(planned), finished, f"{seconds:.0f}", f"{hours:.2f}")


def _command(*words: object, seconds: float | None = None) -> None:
    """Run a command of this package; end it after some seconds, as Ctrl-C would."""
    command = [sys.executable, "-m", "plasticity_bench.cli", *map(str, words)]
    quiet, pipe = subprocess.DEVNULL, subprocess.PIPE
    with subprocess.Popen(command, stdout=quiet, stderr=pipe, text=True) as process:
        try:
            _, said = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            process.communicate()
            return
    if process.returncode:
        raise SystemExit(f"{' '.join(command)}: {said[-2000:]}")


def _per_second(setting: Setting, updates: Callable[[int], None], burst: int = 20) -> float:
    updates(burst)  # what is compiled or captured is so now
    setting.wait()
    done, began = 0, time.perf_counter()
    while time.perf_counter() - began < setting.seconds:
        updates(burst)
        setting.wait()
        done += burst
    return done / (time.perf_counter() - began)


def _head(*names: str) -> Iterator[str]:
    yield _row(*names)
    yield _row(*("---" for _ in names))


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


PARTS: dict[str, Callable[[Setting], Iterator[str]]] = {
    "rates": rates,
    "loops": plain_loops,
    "spectra": spectra,
    "memory": memory,
    "agreement": agreement,
    "suite": suite_hours,
}


def main() -> int:
    """Measure one part, and print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="sizes of a test")
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    try:
        execution = Execution(device=options.device)
    except BadInputError as error:
        print(error, file=sys.stderr)
        return 2
    card = "CPU" if options.device == "cpu" else torch.cuda.get_device_name(options.device)
    print(f"## {options.part}\n\n{card}, torch {torch.__version__}\n")
    with execution.in_effect():
        for line in PARTS[options.part](Setting(options.device, options.tiny, options.seconds)):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
