"""Progress on disk: one file for a population, from which its run goes on to the same bit.

A file is a checksum, a line of JSON that says whose progress it is, and tensors in the safetensors
format: nothing in it is executed or unpickled. It is written under another name and then renamed,
so that a reader finds the one before or the new one, and never a part.
"""

import contextlib
import hashlib
import json
import os
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
from plasticity_bench.stopping import Stopped, signal_heard

FORMAT = 1
MOST_HEADER_BYTES = 2**26
INTERVAL_SECONDS = 300.0
"""How old the last checkpoint may become."""

TASK_SECONDS = 10.0
"""How old it must be for the end of a task to make a new one: short tasks would do little else."""

MOST_BYTES = 64 * 2**30
"""A file that is larger is not read."""


class CheckpointError(PlasticityBenchError):
    """A checkpoint cannot be used; what it was of is to be run from the beginning."""


@dataclass(frozen=True)
class Header:
    """Whose progress a checkpoint is.

    Attributes:
        cells: keys of the cells, one for each member.
        conditions: what must be the same for a run to go on to the same bit.
    """

    cells: tuple[str, ...]
    conditions: Mapping[str, Any]


def path(folder: Path, cells: Sequence[str]) -> Path:
    """Return where the checkpoint of these cells belongs in a suite's results folder."""
    digest = hashlib.sha256("\n".join(cells).encode()).hexdigest()
    return folder / "checkpoints" / f"{digest[:24]}.checkpoint"


def stored(folder: Path) -> list[Path]:
    """Return the checkpoints of a suite's results folder, the newest first."""
    found = []
    for file in (folder / "checkpoints").glob("*.checkpoint"):
        with contextlib.suppress(FileNotFoundError):  # a run has just finished its cells
            found.append((file.stat().st_mtime, file))
    return [file for _, file in sorted(found, reverse=True)]


def begun(folder: Path) -> set[str]:
    """Return the keys of the cells that there are checkpoints of, whether or not they are whole."""
    keys: set[str] = set()
    for file in stored(folder):
        broken = contextlib.suppress(OSError, ValueError, LookupError, TypeError)
        with broken, file.open("rb") as opened:
            opened.readline(MOST_HEADER_BYTES)
            keys.update(json.loads(opened.readline(MOST_HEADER_BYTES))["cells"])
    return keys


def write(file: Path, header: Header, progress: Progress) -> None:
    """Write a checkpoint, in place of the one before.

    Raises:
        OSError: if it cannot be written; the one before is then still there.
    """
    tensors, said = _packed(progress)
    line = json.dumps({"format": FORMAT, **asdict(header), "progress": said})
    content = line.encode() + b"\n" + safetensors.torch.save(tensors)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.draft")
    try:
        with draft.open("wb") as opened:
            opened.write(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
            opened.flush()
            os.fsync(opened.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def read_header(file: Path) -> Header:
    """Return whose progress a checkpoint is, once its checksum has been found right.

    Raises:
        CheckpointError: if the file is damaged, or none of ours.
    """
    return _read(file)[0]


def read(file: Path) -> Progress:
    """Return a checkpoint's progress.

    Raises:
        CheckpointError: if the file is damaged, or none of ours.
    """
    return _read(file)[1]()


class FileKeeper:
    """Keeps an evaluation's progress in a file, at intervals, and when the process is to stop."""

    def __init__(
        self,
        file: Path,
        header: Header,
        interval_seconds: float = INTERVAL_SECONDS,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Begin to count.

        Args:
            file: where to keep it.
            header: whose progress it is.
            interval_seconds: the longest time between two checkpoints.
            notify: told, in a sentence, if a checkpoint cannot be written.
        """
        self._file, self._header, self._notify = file, header, notify
        self._interval = interval_seconds
        self._began = time.monotonic()

    def due(self, task_ended: bool) -> bool:
        """Return whether progress is to be kept now."""
        age = time.monotonic() - self._began
        wanted = min(self._interval, TASK_SECONDS) if task_ended else self._interval
        return age >= wanted or signal_heard() is not None

    def keep(self, progress: Progress) -> None:
        """Keep it; run on without, if it cannot be written.

        Raises:
            Stopped: if the process is to stop.
        """
        try:
            write(self._file, self._header, progress)
        except OSError as error:
            self._notify(f"no checkpoint could be written to {self._file}: {error.strerror}")
        self._began = time.monotonic()
        if signal_heard() is not None:
            raise Stopped


def _packed(progress: Progress) -> tuple[dict[str, Tensor], dict[str, Any]]:
    found = progress.evaluation
    values = [m.values for m in found.measurements]
    arrays = {
        "losses": progress.losses,
        "merits": progress.merits,
        "diverged_at": found.diverged_at,
        "values": np.stack(values) if values else np.zeros((0, len(found.diverged_at))),
    }
    tensors = {name: torch.from_numpy(np.ascontiguousarray(a)) for name, a in arrays.items()}
    for kind in ("population", "watched"):
        named: Mapping[str, Tensor] = getattr(progress, kind)
        tensors |= {f"{kind}:{name}": value.cpu().contiguous() for name, value in named.items()}
    said = {
        "task": progress.task,
        "update": progress.update,
        "measured": [[m.task, m.when, m.name] for m in found.measurements],
        **{name: getattr(found, name) for name in _SECONDS},
    }
    return tensors, said


_SECONDS = ("prepare_seconds", "train_seconds", "measure_seconds")


def _unpacked(tensors: Mapping[str, Tensor], said: Mapping[str, Any], members: int) -> Progress:
    """Progress of so many members, whatever the file may hold instead of it.

    Raises:
        ValueError: if its parts do not fit together.
    """
    updates = said["update"]
    wanted = {"losses": (updates, members), "merits": (updates, members), "diverged_at": (members,)}
    wanted["values"] = (len(said["measured"]), members)
    fits = all(tensors[name].shape == shape for name, shape in wanted.items())
    fits &= all(value.shape[:1] == (members,) for name, value in tensors.items() if ":" in name)
    fits &= all(type(said[name]) is int and said[name] >= 0 for name in ("task", "update"))
    if not fits:
        raise ValueError("its parts do not fit together")

    def named(kind: str) -> dict[str, Tensor]:
        start = f"{kind}:"
        return {k.removeprefix(start): v for k, v in tensors.items() if k.startswith(start)}

    rows = zip(said["measured"], tensors["values"].numpy(), strict=True)
    evaluation = Evaluation(
        measurements=[Measurement(task, when, name, row) for (task, when, name), row in rows],
        diverged_at=tensors["diverged_at"].numpy(),
        **{name: float(said[name]) for name in _SECONDS},
    )
    return Progress(
        task=said["task"],
        update=said["update"],
        evaluation=evaluation,
        population=named("population"),
        losses=tensors["losses"].numpy(),
        merits=tensors["merits"].numpy(),
        watched=named("watched"),
    )


def _read(file: Path) -> tuple[Header, Callable[[], Progress]]:
    """A checkpoint's header, and what unpacks the rest."""
    try:
        if file.stat().st_size > MOST_BYTES:
            raise CheckpointError(f"{file} is larger than any checkpoint")
        checksum, _, content = file.read_bytes().partition(b"\n")
        if hashlib.sha256(content).hexdigest().encode() != checksum:
            raise CheckpointError(f"{file} is damaged")
        line, _, packed = content.partition(b"\n")
        said = json.loads(line)
        if said["format"] != FORMAT:
            raise CheckpointError(f"{file} is of another version of plasticity-bench")
        header = Header(tuple(said["cells"]), dict(said["conditions"]))
        if not all(isinstance(key, str) for key in header.cells):
            raise CheckpointError(f"{file} names no cells")
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise CheckpointError(f"{file} cannot be read: {error}") from None

    def unpack() -> Progress:
        try:
            return _unpacked(safetensors.torch.load(packed), said["progress"], len(header.cells))
        except (
            safetensors.SafetensorError,
            ValueError,
            LookupError,
            TypeError,
            RuntimeError,
        ) as error:
            raise CheckpointError(f"{file} cannot be read: {error}") from None

    return header, unpack
