"""Freed memory is kept: allocating it again costs no page faults."""

import platform
import subprocess
import sys

import pytest

COUNT = """
import resource, torch
from plasticity_bench.programs.allocator import keep_freed_memory
if {keep}:
    keep_freed_memory()
def updates():
    for _ in range(50):
        [torch.ones(2**20) for _ in range(4)]
updates()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
updates()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(keep):
    done = subprocess.run(
        [sys.executable, "-c", COUNT.format(keep=keep)], capture_output=True, text=True, check=True
    )
    return int(done.stdout)


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only the GNU C library is told")
def test_memory_is_not_taken_from_the_system_again():
    kept = page_faults(keep=True)
    assert kept < 1000  # of the 200,000 pages that are allocated
    assert kept <= page_faults(keep=False)  # which a system with huge pages may keep low, too
