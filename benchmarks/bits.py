"""Digests of what small trainings give, which are the same on every x86-64 processor with AVX2.

    python -m benchmarks.bits                           # compare with benchmarks/bits.json
    python -m benchmarks.bits --learner adam            # of one learner
    python -m benchmarks.bits --emulate Haswell-noTSX   # as another processor, by qemu-user
    python -m benchmarks.bits --diagnostics             # the same of all diagnostics
    python -m benchmarks.bits --record                  # after the evaluator's version was raised

Each line is NAME NETWORK DIGEST: the sha256 of the parameters, and of all measurements, of two
seeds after two tasks of 40 updates. Each training runs in a process of its own; on an emulated
processor they share one, because it takes a minute to start. The lines of diagnostics are
NAME diagnostics DIGEST: of the values of each in one such training.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

EXPECTED = Path(__file__).with_suffix(".json")
NETWORKS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": (16, 16)},
    "cnn": {"name": "cnn", "channels": (4, 8), "hidden": (16,)},
    "resnet18": {"name": "resnet18", "width": 4},
    "vit": {"name": "vit", "patch_size": 4, "dim": 16, "depth": 1, "heads": 2},
}
SETTINGS: dict[str, dict[str, Any]] = {
    "continual_backprop": {"rate": 0.05, "maturity": 5},
    "hare_and_tortoise": {"period": 10},
    "input_matching": {"warmup": 10},
    "layer_norm_redo": {"threshold": 0.9, "period": 10},
    "redo": {"threshold": 0.9, "period": 10},
    "selective_weight_reinitialization": {"factor": 0.1, "period": 10},
    "self_normalized_resets": {"quantile": 0.5, "longest": 5, "period": 10},
    "weight_clipping": {"bound": 0.5},
}
"""Of methods that would still be plain Adam after so few updates."""
REFUSED = "refused"
EMULATORS = ("Haswell-noTSX", "EPYC-Milan", "Skylake-Client-noTSX-IBRS")
"""Processors that CI emulates."""


def acting(name: str) -> Any:
    """Return a baseline, with settings by which it acts within some ten updates."""
    from plasticity_bench.learners.lookup import find_learner

    return find_learner(name)(**SETTINGS.get(name, {}))


def digest(learner: str, network: str) -> str:
    """Return the digest of one small training; "refused" where the learner lacks such a network."""
    import plasticity_bench as pb
    from plasticity_bench import portability
    from plasticity_bench.running.execution import Execution

    if portability.unpinned():
        return f"varies: {portability.unpinned()}"

    stream = pb.make_stream(
        "plasticity/PermutedClassDigits-v0", num_tasks=2, updates_per_task=40, num_examples=64
    )
    spec = pb.NetworkSpec(**NETWORKS[network], input_shape=stream.input_shape, num_outputs=10)
    try:
        replicas = [pb.Replica(seed, acting(learner)) for seed in (0, 1)]
        population = pb.Population(replicas, spec)
        protocol = pb.Protocol(curvature_every=1, curvature_examples=32, reveal_boundaries=True)
        with Execution().in_effect():
            evaluation = pb.evaluate(stream, population, protocol)
    except (pb.BadInputError, pb.LearnerError):
        return REFUSED
    if population.unrecorded:
        return f"not recorded: {population.unrecorded}"
    content = hashlib.sha256()
    for name, value in sorted(population.state.params.items()):
        content.update(name.encode() + value.numpy().tobytes())
    for measured in evaluation.measurements:
        content.update(f"{measured.task} {measured.when} {measured.name}".encode())
        content.update(measured.values.tobytes())
    return content.hexdigest()[:16]


def diagnostic_digest(name: str) -> str:
    """Return the digest of the values of a diagnostic in a small training of Adam."""
    import plasticity_bench as pb
    from plasticity_bench.learners.lookup import find_learner
    from plasticity_bench.running.execution import Execution

    stream = pb.make_stream(
        "plasticity/RandomLabelDigits-v0", num_tasks=2, updates_per_task=40, num_examples=64
    )
    spec = pb.NetworkSpec(
        hidden=(12, 12), activation="tanh", input_shape=stream.input_shape, num_outputs=10
    )
    population = pb.Population([pb.Replica(s, find_learner("adam")()) for s in (0, 1)], spec)
    diagnostic = pb.Diagnostic(name, every=1, examples=32)
    protocol = pb.Protocol(curvature_examples=32, diagnostics=(diagnostic,))
    with Execution().in_effect():
        evaluation = pb.evaluate(stream, population, protocol)
    content = hashlib.sha256()
    for measured in evaluation.measurements:
        content.update(f"{measured.task} {measured.when} {measured.name}".encode())
        content.update(measured.values.tobytes())
    return content.hexdigest()[:16]


def in_process(names: Sequence[str], of: str, emulated: str | None) -> Iterator[tuple[str, str]]:
    """Yield names and digests, computed by one process on this or an emulated processor.

    Args:
        names: of learners or diagnostics.
        of: a network, or "diagnostics".
        emulated: a processor, as `qemu-x86_64 -cpu` has it; None for this one.

    Raises:
        RuntimeError: if the process fails.
    """
    command = [sys.executable, "-m", "benchmarks.bits", "--here", of, *names]
    environment = dict(os.environ)
    if emulated:
        command = ["qemu-x86_64", "-cpu", emulated, *command]
        environment["PLASTICITY_BENCH_ARCHITECTURE"] = "x86-64-v3"
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            name, digest = line.rstrip("\n").split(" ", maxsplit=1)
            yield name, digest
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} failed ({process.returncode})")


def recorded() -> dict[str, dict[str, str]]:
    """Return the recorded digests, by network and learner."""
    digests: dict[str, dict[str, str]] = json.loads(EXPECTED.read_text())
    return digests


def main() -> int:
    """Print the digests; return 1 if one differs from what is expected."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learner", action="append", default=[])
    parser.add_argument("--network", action="append", default=[], choices=tuple(NETWORKS))
    parser.add_argument("--emulate", metavar="CPU", help="a processor, as qemu-x86_64 -cpu has it")
    parser.add_argument("--diagnostics", action="store_true", help="of diagnostics, not learners")
    parser.add_argument("--record", action="store_true", help="these are the expected digests")
    parser.add_argument("--here", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        of, *names = options.here
        for name in names:
            found = diagnostic_digest(name) if of == "diagnostics" else digest(name, of)
            print(name, found, flush=True)
        return 0
    expected = recorded()
    different = 0
    for names, of in _processes(options):
        for name, found in in_process(names, of, options.emulate):
            if found.startswith("not recorded"):
                print(name, of, found, flush=True)
                continue
            before = expected.get(of, {}).get(name)
            mark = "" if before in (found, None) else f"  (expected {before})"
            different += bool(mark)
            print(name, of, f"{found}{mark}", flush=True)
            if options.record:
                expected.setdefault(of, {})[name] = found
                EXPECTED.write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    return int(bool(different and not options.record))


def _processes(options: argparse.Namespace) -> list[tuple[list[str], str]]:
    """The names that each process computes, and of what."""
    from plasticity_bench.learners.lookup import find_learner
    from plasticity_bench.measurements import DIAGNOSTICS
    from plasticity_bench.shipped import baseline_names

    if options.diagnostics:
        return [(list(DIAGNOSTICS), "diagnostics")]
    learners = options.learner or list(baseline_names())
    for learner in learners:
        find_learner(learner)
    networks = options.network or list(NETWORKS)
    if options.emulate:
        return [(learners, network) for network in networks]
    return [([learner], network) for network in networks for learner in learners]


if __name__ == "__main__":
    sys.exit(main())
