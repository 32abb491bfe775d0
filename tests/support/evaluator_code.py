"""The code that computes results, by the hashes of its files; recorded in evaluator_code.json.

python -m tests.support.evaluator_code                  # after VERSION was raised
python -m tests.support.evaluator_code --same-numbers   # a change that changes no number
"""

import json
import sys
from hashlib import sha256
from pathlib import Path

from plasticity_bench.evaluation.version import VERSION
from plasticity_bench.source_code.syntax import canonical

PACKAGE = Path(__file__).parents[2] / "plasticity_bench"
RECORD = Path(__file__).with_suffix(".json")
COMMAND = "python -m tests.support.evaluator_code"

FOLDERS = ("evaluation", "measurements", "networks", "programs", "streams")
"""What is trained, how, on which tasks, and what is measured. New files are included."""

FILES = (
    "seeding.py",
    "data/dataset.py",  # from pixels to inputs
    "learners/hyperparameters.py",
    "learners/learner.py",  # hooks that a learner does not override
    "learners/losses.py",
    "learners/noise.py",
    "learners/optimizers.py",
    "running/execution.py",  # how numbers are rounded
    "running/group_run.py",  # what of an evaluation is stored
)

LEFT_OUT = {
    "evaluation/version.py": "the version itself",
    "programs/allocator.py": "memory only",
    "streams/env.py": "the gymnasium environment; runs do not use it",
    "streams/presets.py": "parameters, which are in every key",
    "streams/registry.py": "names",
    "streams/validation.py": "checks",
}
"""Files of the folders that change no number."""


def hashes():
    """The hash of every file, by its path in the package."""
    paths = [
        p
        for folder in FOLDERS
        for kind in ("py", "cpp")
        for p in (PACKAGE / folder).rglob(f"*.{kind}")
    ]
    names = {path.relative_to(PACKAGE).as_posix() for path in paths} - LEFT_OUT.keys()
    return {
        name: sha256(canonical((PACKAGE / name).read_bytes())).hexdigest()[:16]
        for name in sorted(names | set(FILES))
    }


def problem(recorded, version, now):
    """What is to be done, in words; None if the code is what was recorded.

    Args:
        recorded: contents of the record.
        version: of the evaluator.
        now: hashes of the code as it is.
    """
    before = recorded["files"]
    changed = sorted(
        name for name in before.keys() | now.keys() if before.get(name) != now.get(name)
    )
    if not changed and recorded["version"] == version:
        return None
    what = f"{', '.join(changed) or 'Nothing'} changed since version {recorded['version']} of the evaluator was recorded"
    if version > recorded["version"]:
        return f"{what}; record version {version}: {COMMAND}"
    if version < recorded["version"]:
        return f"{what}: version {version} is lower"
    return (
        f"{what}. If any number in any result changes, raise VERSION in plasticity_bench/evaluation/version.py, so "
        f"that stored results are computed again, and then: {COMMAND}. If none does: {COMMAND} --same-numbers"
    )


def main(arguments):
    """Record the code, and return the exit code; a change needs another version or a promise."""
    now = hashes()
    raised = not RECORD.exists() or json.loads(RECORD.read_text())["version"] < VERSION
    if not raised and "--same-numbers" not in arguments:
        told = problem(json.loads(RECORD.read_text()), VERSION, now)
        print(told or "Nothing changed.")
        return 1 if told else 0
    RECORD.write_text(json.dumps({"version": VERSION, "files": now}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
