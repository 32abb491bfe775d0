"""Fuzz everything that reads files, at length: `python -m tests.fuzz 100000`.

Prints how many inputs each test had, what it took, and the largest memory of the process.
"""

import os
import resource
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main(total: int) -> int:
    """Run all tests of this folder with `total` inputs in all; return pytest's exit code."""
    command = [sys.executable, "-m", "pytest", "-q", "-m", "", str(FOLDER)]
    listed = subprocess.run(
        [*command, "--collect-only"], capture_output=True, text=True, check=True
    ).stdout
    given = [line for line in listed.splitlines() if "::" in line and "[" not in line]
    each = -(-total // len(given))
    print(f"{len(given)} tests with {each} inputs each: {each * len(given)} in all")
    done = subprocess.run(
        [*command, "--durations=0", "--durations-min=1"],
        env={**os.environ, "FUZZ_EXAMPLES": str(each)},
        check=False,
    )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"largest memory of the process: {peak:.2f} GB")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000))
