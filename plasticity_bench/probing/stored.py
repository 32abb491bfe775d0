"""Probes on disk: a JSON file for each run, in the folder `probe` of a suite's results."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from plasticity_bench.errors import DamagedError
from plasticity_bench.probing.conditions import CONDITIONS, VERSION
from plasticity_bench.results import Run
from plasticity_bench.results.run_info import parse_json
from plasticity_bench.safe_files import check_unlinked, read_bytes, write_atomic

MAX_BYTES = 2**20


@dataclass(frozen=True)
class Probe:
    """What one run's checkpoint led to.

    Attributes:
        step_size: of Adam.
        numbers: by condition, by name of the measurement; NaN where it does not exist.
        missing: by condition that the network does not have, the reason.
    """

    step_size: float
    numbers: Mapping[str, Mapping[str, float]]
    missing: Mapping[str, str]


def write(folder: Path, run: Run, probe: Probe) -> None:
    """Store the probe of a run, in place of an earlier one. Raises OSError or DamagedError."""
    path = _path(folder, run)
    check_unlinked(folder, path)
    numbers = {
        condition: {name: v if math.isfinite(v) else None for name, v in values.items()}
        for condition, values in probe.numbers.items()
    }
    named = {"stream": run.stream, "learner": run.learner, "seed": run.seed, "key": run.key}
    content = {"version": VERSION, **named, **asdict(probe), "numbers": numbers}
    write_atomic(path, (json.dumps(content, indent=1, allow_nan=False) + "\n").encode())


def read(folder: Path, run: Run, step_size: float) -> Probe | None:
    """Return the probe of a run; None if there is none of this version and step size.

    A file that cannot be used counts as none: the probe is computed again.
    """
    path = _path(folder, run)
    try:
        check_unlinked(folder, path)
        content = parse_json(read_bytes(path, MAX_BYTES), path)
        probe = _parsed(content)
    except (FileNotFoundError, DamagedError, LookupError, TypeError, ValueError, AttributeError):
        return None
    stated = content["version"], content["key"], probe.step_size
    return probe if stated == (VERSION, run.key, step_size) else None


def _path(folder: Path, run: Run) -> Path:
    return folder / f"{run.key[:24]}.json"


def _parsed(content: Mapping[str, Any]) -> Probe:
    numbers = {
        condition: {name: math.nan if v is None else float(v) for name, v in values.items()}
        for condition, values in content["numbers"].items()
    }
    missing = {str(condition): str(reason) for condition, reason in content["missing"].items()}
    if {*numbers, *missing} != set(CONDITIONS):
        raise ValueError("it has other conditions")
    if not all(map(str.isprintable, missing.values())):
        raise ValueError("its reasons cannot be shown")
    return Probe(float(content["step_size"]), numbers, missing)
