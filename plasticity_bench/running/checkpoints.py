"""Checkpoints: the progress of a population in one file, from which its run resumes bit-exactly.

A file is a checksum, a line of JSON that says whose progress it is, and tensors in the safetensors
format: nothing in it is executed or unpickled. It is written atomically.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.torch
import torch
from torch import Tensor

from plasticity_bench.errors import PlasticityBenchError
from plasticity_bench.evaluation.evaluation import Evaluation, Measurement, Progress
from plasticity_bench.safe_files import write_atomic
from plasticity_bench.stopping import Stopped, received_signal

FORMAT = 2
MAX_HEADER_BYTES = 2**26
INTERVAL_SECONDS = 300.0
"""The longest time between two checkpoints."""

TASK_SECONDS = 10.0
"""The shortest time to a checkpoint at the end of a task: short tasks would do little else."""

MAX_BYTES = 64 * 2**30
"""A file that is larger is not read."""

_SECONDS = ("prepare_seconds", "train_seconds", "measure_seconds")


class CheckpointError(PlasticityBenchError):
    """A checkpoint cannot be used; its runs start from the beginning."""


@dataclass(frozen=True)
class Header:
    """Whose progress a checkpoint is.

    Attributes:
        runs: keys of the runs, one for each replica.
        conditions: what must be the same for a run to resume bit-exactly.
    """

    runs: tuple[str, ...]
    conditions: Mapping[str, Any]


def path(folder: Path, keys: Sequence[str]) -> Path:
    """Return the checkpoint file of the runs with these keys, in a suite's results folder."""
    digest = hashlib.sha256("\n".join(keys).encode()).hexdigest()
    return folder / "checkpoints" / f"{digest[:24]}.checkpoint"


def stored(folder: Path) -> list[Path]:
    """Return the checkpoints of a suite's results folder, the newest first."""
    checkpoints = []
    for file in (folder / "checkpoints").glob("*.checkpoint"):
        with contextlib.suppress(FileNotFoundError):  # its runs have just been finished
            checkpoints.append((file.stat().st_mtime, file))
    return [file for _, file in sorted(checkpoints, reverse=True)]


def keys_of(file: Path) -> tuple[str, ...]:
    """Return the keys of the runs of a checkpoint from its header; its checksum is not verified.

    Raises:
        CheckpointError: if it has no header that can be read.
    """
    try:
        with file.open("rb") as opened:
            opened.readline(MAX_HEADER_BYTES)
            keys = json.loads(opened.readline(MAX_HEADER_BYTES))["runs"]
        if not all(isinstance(key, str) for key in keys):
            raise TypeError("it names no runs")
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}") from None
    return tuple(keys)


def begun(folder: Path) -> set[str]:
    """Return the keys of the runs that have checkpoints, whether or not these can be used."""
    keys: set[str] = set()
    for file in stored(folder):
        with contextlib.suppress(CheckpointError):
            keys.update(keys_of(file))
    return keys


def write(file: Path, header: Header, progress: Progress) -> None:
    """Write a checkpoint, in place of the one before.

    Raises:
        OSError: if it cannot be written; the one before is then still there.
    """
    tensors, description = _packed(progress)
    line = json.dumps({"format": FORMAT, **asdict(header), "progress": description})
    content = line.encode() + b"\n" + safetensors.torch.save(tensors)
    write_atomic(file, hashlib.sha256(content).hexdigest().encode() + b"\n" + content)


def read(file: Path) -> tuple[Header, Progress]:
    """Return whose progress a checkpoint is, and the progress.

    Raises:
        CheckpointError: if the file is damaged, or not a checkpoint of this version.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            raise CheckpointError(f"{file} is larger than any checkpoint")
        checksum, _, content = file.read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != checksum:
            raise CheckpointError(f"{file} is damaged")
        line, _, packed = content.partition(b"\n")
        description = json.loads(line)
        if description["format"] != FORMAT:
            raise CheckpointError(f"{file} is of another version of plasticity-bench")
        header = Header(tuple(description["runs"]), dict(description["conditions"]))
        if not all(isinstance(key, str) for key in header.runs):
            raise CheckpointError(f"{file} names no runs")
        tensors = safetensors.torch.load(packed)
        return header, _unpacked(tensors, description["progress"], len(header.runs))
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        RecursionError,
        RuntimeError,
        safetensors.SafetensorError,
    ) as error:
        raise CheckpointError(f"{file} cannot be read: {error}") from None


class CheckpointWriter:
    """Writes an evaluation's progress to a file: at intervals, and when the process is to stop."""

    def __init__(
        self,
        file: Path,
        header: Header,
        interval_seconds: float = INTERVAL_SECONDS,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Start the clock.

        Args:
            file: where progress is written.
            header: whose progress it is.
            interval_seconds: the longest time between two checkpoints.
            notify: called with a sentence if a checkpoint cannot be written.
        """
        self._file, self._header, self._notify = file, header, notify
        self._interval = interval_seconds
        self._last = time.monotonic()

    def due(self, task_ended: bool) -> bool:
        """Return whether progress is to be written now."""
        age = time.monotonic() - self._last
        wanted = min(self._interval, TASK_SECONDS) if task_ended else self._interval
        return age >= wanted or received_signal() is not None

    def keep(self, progress: Progress) -> None:
        """Write the progress; a failure to write it does not end the run.

        Raises:
            Stopped: if the process is to stop.
        """
        try:
            write(self._file, self._header, progress)
        except Exception as error:
            reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
            self._notify(f"no checkpoint could be written to {self._file}: {reason}")
        self._last = time.monotonic()
        if received_signal() is not None:
            raise Stopped


def _packed(progress: Progress) -> tuple[dict[str, Tensor], dict[str, Any]]:
    evaluation = progress.evaluation
    values = [m.values for m in evaluation.measurements]
    arrays = {
        "losses": progress.losses,
        "batch_metrics": progress.batch_metrics,
        "diverged_at": evaluation.diverged_at,
        "values": np.stack(values) if values else np.zeros((0, len(evaluation.diverged_at))),
    }
    tensors = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}
    for kind in ("population", "snapshots"):
        named: Mapping[str, Tensor] = getattr(progress, kind)
        tensors |= {f"{kind}:{name}": value.cpu().contiguous() for name, value in named.items()}
    description = {
        "task": progress.task,
        "update": progress.update,
        "measured": [[m.task, m.when, m.name] for m in evaluation.measurements],
        **{name: getattr(evaluation, name) for name in _SECONDS},
    }
    return tensors, description


def _unpacked(
    tensors: Mapping[str, Tensor], description: Mapping[str, Any], replicas: int
) -> Progress:
    """Progress of several replicas.

    Raises:
        ValueError: if its parts do not fit together.
    """
    updates = description["update"]
    shapes = {
        "losses": (updates, replicas),
        "batch_metrics": (updates, replicas),
        "diverged_at": (replicas,),
        "values": (len(description["measured"]), replicas),
    }
    fits = all(tensors[name].shape == shape for name, shape in shapes.items())
    fits &= all(value.shape[:1] == (replicas,) for name, value in tensors.items() if ":" in name)
    fits &= all(
        type(description[name]) is int and description[name] >= 0 for name in ("task", "update")
    )
    if not fits:
        raise ValueError("its parts do not fit together")

    def of_kind(kind: str) -> dict[str, Tensor]:
        prefix = f"{kind}:"
        return {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}

    rows = zip(description["measured"], tensors["values"].numpy(), strict=True)
    evaluation = Evaluation(
        measurements=[Measurement(task, when, name, row) for (task, when, name), row in rows],
        diverged_at=tensors["diverged_at"].numpy(),
        **{name: float(description[name]) for name in _SECONDS},
    )
    return Progress(
        task=description["task"],
        update=description["update"],
        evaluation=evaluation,
        population=of_kind("population"),
        losses=tensors["losses"].numpy(),
        batch_metrics=tensors["batch_metrics"].numpy(),
        snapshots=of_kind("snapshots"),
    )
