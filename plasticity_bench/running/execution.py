"""How runs are executed: device, compilation, population size. It does not change results."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from plasticity_bench.errors import BadInputError
from plasticity_bench.programs.allocator import keep_freed_memory
from plasticity_bench.programs.compiling import should_compile
from plasticity_bench.programs.kernels import building
from plasticity_bench.provenance import package_hash
from plasticity_bench.running.checkpoints import INTERVAL_SECONDS


@dataclass(frozen=True)
class Execution:
    """How the groups of a run are executed.

    Attributes:
        compile_mode: "on", "off", or "auto" to compile where a stream is long.
        device: "cpu", "cuda" or "cuda:1"; or "auto" for a GPU if there is one.
        tf32: whether a GPU may round the inputs of products to TF32, 10 bits of precision.
        replicas: in one population; None to choose.
        run_seconds: time limit of a run; a population has that much for each of its replicas.
        checkpoint_seconds: the longest time between two checkpoints.

    Raises:
        BadInputError: if there is no such device here.
    """

    compile_mode: str = "auto"
    device: str = "cpu"
    tf32: bool = False
    replicas: int | None = None
    run_seconds: float = math.inf
    checkpoint_seconds: float = INTERVAL_SECONDS

    def __post_init__(self) -> None:
        if self.device == "auto":
            detected = "cuda" if torch.cuda.is_available() else "cpu"
            object.__setattr__(self, "device", detected)
        kind, _, index = self.device.partition(":")
        if kind not in ("cpu", "cuda") or (index and not index.isdigit()):
            raise BadInputError(f"--device {self.device}: choose auto, cpu, cuda or cuda:NUMBER.")
        if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
            raise BadInputError(
                f"--device {self.device}: PyTorch sees {torch.cuda.device_count()} CUDA devices "
                "here. Use --device cpu, or install a build of PyTorch for this GPU's driver."
            )

    @property
    def on_gpu(self) -> bool:
        """Whether the device is a GPU."""
        return self.device != "cpu"

    def compiles(self, num_updates: int) -> bool:
        """Return whether updates of a stream of this length are compiled."""
        return should_compile(self.compile_mode, num_updates)

    @contextmanager
    def in_effect(self) -> Iterator[None]:
        """Set up PyTorch for the block; global settings are restored after it."""
        keep_freed_memory()
        threads, flushed = torch.get_num_threads(), _flushes_denormals()
        torch.set_num_threads(1)  # results are bitwise reproducible; processes do not compete
        # Moments of weights that no longer change decay to denormal numbers, which are slow.
        torch.set_flush_denormal(True)
        if self.on_gpu:
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # deterministic cuBLAS
            torch.use_deterministic_algorithms(True, warn_only=True)
            torch.backends.cuda.matmul.allow_tf32 = self.tf32
            torch.backends.cudnn.allow_tf32 = self.tf32
            torch.backends.cudnn.benchmark = False
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            torch.set_flush_denormal(flushed)

    def conditions(self, num_updates: int) -> dict[str, object]:
        """Return what must be the same for a stream of this length to resume bit-exactly."""
        return {
            "version of plasticity-bench": package_hash(),
            "version of PyTorch": torch.__version__,
            "device": self.device,
            "--tf32": self.tf32,
            "--compile": self.on_gpu and self.compiles(num_updates),
            "the C++ code": building.available(),
        }

    def record(self) -> dict[str, object]:
        """Return what is stored with a result about the device that it was computed on."""
        if not self.on_gpu:
            return {"device": "cpu", "kernels": building.available()}
        return {"device": torch.cuda.get_device_name(self.device), "tf32": self.tf32}


def spread(devices: str, jobs: int | None, **settings: Any) -> list[Execution]:
    """Return how each process of a run executes its groups.

    Args:
        devices: "cpu"; "cuda" for every GPU that PyTorch sees; some of them, "cuda:0,cuda:1"; or
            "auto" for every GPU if there is one, or else the CPU.
        jobs: processes on the CPU, by default one for each core; GPUs have one each.
        settings: the other attributes of `Execution`.

    Raises:
        BadInputError: if there is no such device here.
    """
    if devices == "auto":
        devices = "cuda" if torch.cuda.is_available() else "cpu"
    if devices == "cpu":
        return [Execution(device="cpu", **settings)] * (jobs or available_cores())
    if devices == "cuda":
        devices = ",".join(f"cuda:{index}" for index in range(torch.cuda.device_count())) or "cuda"
    return [Execution(device=device, **settings) for device in devices.split(",")]


def available_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _flushes_denormals() -> bool:
    return bool(torch.tensor(1e-39) * 1 == 0)  # PyTorch has no function for this
