"""Fuzz everything that reads files, at length: `python -m tests.fuzz 6000`.

The number is that of inputs for each test; tests that take long have a quarter of it. Prints how
many there were in all, what each test took, and the largest memory of the process.
"""

import os
import resource
import sys
import time
from pathlib import Path

import pytest


class Count:
    """Counts the inputs of the tests that pytest collects, and prints failures when they happen."""

    total = 0

    def pytest_collection_modifyitems(self, items):
        for item in items:
            found = getattr(item.function, "_hypothesis_internal_use_settings", None)
            self.total += found.max_examples if found else 1

    def pytest_runtest_logreport(self, report):
        if report.failed:  # now: what follows may end the process
            print(f"\n{report.longreprtext}", flush=True)


def main(each: str) -> int:
    """Run all tests of this folder; return pytest's exit code."""
    os.environ["FUZZ_EXAMPLES"] = each  # before the tests are imported
    began, count = time.monotonic(), Count()
    folder = str(Path(__file__).parent)
    options = ["-q", "-m", "", "-p", "no:cacheprovider", "--durations=0", "--durations-min=1"]
    code = pytest.main([folder, *options], plugins=[count])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds = time.monotonic() - began
    print(f"{count.total:,} inputs in {seconds:,.0f} s; largest memory: {peak:.2f} GB")
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "6000"))
