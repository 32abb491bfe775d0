"""The code that computes results and scores, by hashes that are recorded in versioned_code.json.

python -m tests.support.versioned_code                  # after a VERSION was raised
python -m tests.support.versioned_code --same-numbers   # a change that changes no number
"""

import json
import sys
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from plasticity_bench.evaluation import version as evaluator
from plasticity_bench.scoring import version as scores
from plasticity_bench.source_code.syntax import canonical

PACKAGE = Path(__file__).parents[2] / "plasticity_bench"
RECORD = Path(__file__).with_suffix(".json")
COMMAND = "python -m tests.support.versioned_code"


@dataclass(frozen=True)
class Part:
    """Code with one version.

    Attributes:
        module: that has the version.
        folders: of the package; new files are included.
        files: beside those in the folders.
        left_out: files of the folders that change no number, with the reason.
    """

    module: object
    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def version(self):
        return self.module.VERSION

    def hashes(self):
        """The hash of every file, by its path in the package."""
        found = [
            path.relative_to(PACKAGE).as_posix()
            for folder in self.folders
            for kind in ("py", "cpp", "h")
            for path in (PACKAGE / folder).rglob(f"*.{kind}")
        ]
        names = sorted({*found, *self.files} - self.left_out.keys())
        return {n: sha256(canonical((PACKAGE / n).read_bytes())).hexdigest()[:16] for n in names}


PARTS = {
    "evaluation": Part(
        evaluator,
        # What is trained, how, on which tasks, and what is measured.
        ("evaluation", "measurements", "networks", "programs", "streams"),
        (
            "seeding.py",
            "data/dataset.py",  # from pixels to inputs
            "learners/hyperparameters.py",
            "learners/learner.py",  # hooks that a learner does not override
            "learners/losses.py",
            "learners/new_units.py",
            "learners/noise.py",
            "learners/optimizers.py",
            "running/execution.py",  # how numbers are rounded
            "running/group_results.py",  # what of an evaluation is stored
        ),
        {
            "evaluation/version.py": "the version itself",
            "programs/allocator.py": "memory only",
            "streams/env.py": "the gymnasium environment; runs do not use it",
            "streams/presets.py": "parameters, which are in every key",
            "streams/registry.py": "names",
            "streams/validation.py": "checks",
        },
    ),
    "scoring": Part(scores, files=("scoring/scores.py", "tuning/trials.py")),
}


def problem(name, part, recorded):
    """What is to be done, in words; None if the code is what was recorded.

    Args:
        name: of the part.
        part: of the code, as it is.
        recorded: the part in the record.
    """
    before, now = recorded["files"], part.hashes()
    changed = [n for n in sorted(before.keys() | now.keys()) if before.get(n) != now.get(n)]
    if not changed and recorded["version"] == part.version:
        return None
    what = f"{', '.join(changed) or 'Nothing'} changed since version {recorded['version']}"
    if part.version != recorded["version"]:
        return f"{what} of {name} was recorded; record version {part.version}: {COMMAND}"
    return (
        f"{what} of {name} was recorded. If any number changes, raise VERSION in "
        f"plasticity_bench/{name}/version.py, so that what was computed earlier is not taken for "
        f"new, and then: {COMMAND}. If none does: {COMMAND} --same-numbers"
    )


def main(arguments):
    """Record the code, and return the exit code; a change needs a higher version or a promise."""
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    refused = []
    for name, part in PARTS.items():
        old = record.get(name, {"version": 0, "files": {}})
        told = problem(name, part, old)
        if told and part.version <= old["version"] and "--same-numbers" not in arguments:
            refused.append(told)
            continue
        record[name] = {"version": part.version, "files": part.hashes()}
    RECORD.write_text(json.dumps(record, indent=1) + "\n")
    print("\n".join(refused) or "Recorded.")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
