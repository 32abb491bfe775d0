"""Digests of what small trainings give, which are the same on every x86-64 processor with AVX2.

    python -m benchmarks.bits                           # a line for each learner and network
    python -m benchmarks.bits --learner adam --check    # compare with benchmarks/bits.json
    python -m benchmarks.bits --emulate Haswell-noTSX   # as another processor, by qemu-user
    python -m benchmarks.bits --diagnostics --check     # the same of all diagnostics
    python -m benchmarks.bits --record                  # after the evaluator's version was raised

Each line is NAME NETWORK DIGEST: the sha256 of the parameters, and of all measurements, of two
seeds after two tasks of 40 updates. Each training runs in a process of its own. The lines of
diagnostics are NAME diagnostics DIGEST: of the values of each in one such training.
"""

import argparse
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
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


def diagnostics_digests(names: Sequence[str]) -> dict[str, str]:
    """Return the digest of the values of some diagnostics, each in a small training of Adam."""
    import plasticity_bench as pb
    from plasticity_bench.learners.lookup import find_learner
    from plasticity_bench.running.execution import Execution

    stream = pb.make_stream(
        "plasticity/RandomLabelDigits-v0", num_tasks=2, updates_per_task=40, num_examples=64
    )
    spec = pb.NetworkSpec(
        hidden=(12, 12), activation="tanh", input_shape=stream.input_shape, num_outputs=10
    )
    found = {}
    for name in names:
        population = pb.Population([pb.Replica(s, find_learner("adam")()) for s in (0, 1)], spec)
        diagnostic = pb.Diagnostic(name, every=1, examples=32)
        protocol = pb.Protocol(curvature_examples=32, diagnostics=(diagnostic,))
        with Execution().in_effect():
            evaluation = pb.evaluate(stream, population, protocol)
        content = hashlib.sha256()
        for measured in evaluation.measurements:
            content.update(f"{measured.task} {measured.when} {measured.name}".encode())
            content.update(measured.values.tobytes())
        found[name] = content.hexdigest()[:16]
    return found


def diagnostics_in_process(names: Sequence[str], emulated: str | None) -> dict[str, str]:
    """Return the digests of diagnostics, computed on this or an emulated processor.

    Raises:
        RuntimeError: if the process failed.
    """
    text = _output(["--one", "diagnostics", ",".join(names)], emulated)
    if not text.startswith("{"):
        raise RuntimeError(text)
    digests: dict[str, str] = json.loads(text)
    return digests


def in_process(learner: str, network: str, emulated: str | None) -> str:
    """Return the digest, computed by a process of its own, on this or an emulated processor."""
    return _output(["--one", learner, network], emulated)


def _output(words: list[str], emulated: str | None) -> str:
    """The last line that a process of this module prints, or how it failed."""
    command = [sys.executable, "-m", "benchmarks.bits", *words]
    environment = dict(os.environ)
    if emulated:
        command = ["qemu-x86_64", "-cpu", emulated, *command]
        environment["PLASTICITY_BENCH_ARCHITECTURE"] = "x86-64-v3"
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        tail = done.stderr.strip().splitlines()[-1:] or ["no output"]
        return f"failed ({done.returncode}): {tail[0]}"
    return lines[-1]


def recorded() -> dict[str, dict[str, str]]:
    """Return the recorded digests, by network and learner."""
    digests: dict[str, dict[str, str]] = json.loads(EXPECTED.read_text())
    return digests


def _diagnostics(emulated: str | None, record: bool) -> int:
    """Print the digests of diagnostics; return 1 if one differs from what is expected."""
    from plasticity_bench.measurements import DIAGNOSTICS

    expected, found = recorded(), diagnostics_in_process(DIAGNOSTICS, emulated)
    if record:
        expected["diagnostics"] = found
        EXPECTED.write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    before = expected.get("diagnostics", {})
    for name, value in found.items():
        mark = "" if before.get(name) == value else f"  (expected {before.get(name)})"
        print(name, "diagnostics", f"{value}{mark}")
    return int(found != before)


def main() -> int:
    """Print the digests; return 1 if one differs from what is expected."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learner", action="append", default=[])
    parser.add_argument("--network", action="append", default=[], choices=tuple(NETWORKS))
    parser.add_argument("--emulate", metavar="CPU", help="a processor, as qemu-x86_64 -cpu has it")
    parser.add_argument("--diagnostics", action="store_true", help="of diagnostics, not learners")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--record", action="store_true")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        kind, what = options.one
        is_learner = kind != "diagnostics"
        print(
            digest(kind, what) if is_learner else json.dumps(diagnostics_digests(what.split(",")))
        )
        return 0
    if options.diagnostics:
        return _diagnostics(options.emulate, options.record)
    from plasticity_bench.shipped import baseline_names

    expected = recorded()
    different = 0
    for network in options.network or NETWORKS:
        for learner in options.learner or baseline_names():
            found = in_process(learner, network, options.emulate)
            if found.startswith("not recorded"):
                print(learner, network, found, flush=True)
                continue
            before = expected.get(network, {}).get(learner)
            mark = "" if before in (found, None) else f"  (expected {before})"
            different += bool(mark)
            print(learner, network, f"{found}{mark}", flush=True)
            if options.record:
                expected.setdefault(network, {})[learner] = found
                EXPECTED.write_text(json.dumps(expected, indent=1, sort_keys=True) + "\n")
    return int(bool(different and not options.record))


if __name__ == "__main__":
    sys.exit(main())
