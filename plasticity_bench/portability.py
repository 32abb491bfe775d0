"""Settings of PyTorch's libraries under which they give the same bits on every x86-64 processor.

They choose code by the processor, and that code rounds differently. They read these variables once,
when torch is imported, so this package sets them when it is imported itself.
"""

import os
import sys
from pathlib import Path

SETTINGS = {
    "ATEN_CPU_CAPABILITY": "avx2",  # PyTorch's own vectorised operations
    "MKL_CBWR": "COMPATIBLE",  # matrix products and decompositions
    "ONEDNN_MAX_CPU_ISA": "AVX2",  # convolutions
}


def pin() -> None:
    """Set the variables that the user has not set, unless the processor lacks AVX2."""
    if not processor_has("avx2", "fma"):
        return
    if "torch" in sys.modules:  # too late: it has read them
        return
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)


def unpinned() -> str:
    """Return why results may have other bits on other processors; empty if they have the same."""
    if not processor_has("avx2", "fma"):
        return "this is no x86-64 processor with AVX2 and FMA"
    different = [name for name, value in SETTINGS.items() if os.environ.get(name) != value]
    if any(name in os.environ for name in different):
        return f"{different[0]} is set to {os.environ.get(different[0])!r}"
    return "torch was imported before plasticity_bench" if different else ""


def processor_has(*features: str) -> bool:
    """Return whether the processor has some features, by the names of /proc/cpuinfo."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return set(features) <= set(flags.split())
