"""The learner that results were computed with, and its source files."""

import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.manifest import SOURCE, LearnerPart
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.learner_source import source_files
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.provenance import hash_files
from plasticity_bench.results import TUNED, Stored
from plasticity_bench.suite.suite import Suite


def submitted(suite: Suite, label: str, learner_runs: Stored) -> tuple[Learner, dict[str, bytes]]:
    """The learner as it was run, and its source files by their names in the entry."""
    classes = {c.label: type(c.learner) for c in suite.contenders}
    cls = classes.get(label.removesuffix(TUNED)) or find_learner(label.split(" ", maxsplit=1)[0])
    identity = learner_runs[0][0].identity["learner"]
    files = source_files(cls)
    if hash_files(files) != identity["source"]:
        raise BadInputError(
            f"The code of {label} differs from the code that these results were computed with: run "
            "it again."
        )
    for run, _ in learner_runs:
        if run.identity["learner"]["source"] != identity["source"]:
            raise BadInputError(f"The results of {label} are of two versions of its code.")
    names = _names_in_entry(cls, files)
    contents = {name: Path(file).read_bytes() for name, file in zip(names, files, strict=True)}
    return cls.from_settings(identity["hyperparameters"]), contents


def _names_in_entry(cls: type[Learner], files: Sequence[str]) -> list[str]:
    """Paths relative to the folder from which the learner's module is imported."""
    file = Path(sys.modules[cls.__module__].__file__ or "")
    packages = cls.__module__.split(".")
    root = file.parent
    for package in reversed(packages if file.stem == "__init__" else packages[:-1]):
        if root.name != package:
            break
        root = root.parent
    names = []
    for number, path in enumerate(map(Path, files)):
        below = path.relative_to(root) if path.is_relative_to(root) else f"{number}/{path.name}"
        names.append(f"{SOURCE}/{Path(below).as_posix()}")
    return names


def learner_part(
    label: str, learner: Learner, source: dict[str, bytes], learner_runs: Stored
) -> LearnerPart:
    """Return the manifest's `learner` section."""
    cls = type(learner)
    module = cls.__module__
    shipped = module.startswith("plasticity_bench.baselines.")
    reference = module.rpartition(".")[-1] if shipped else f"{module}:{cls.__qualname__}"
    return LearnerPart(
        label=label,
        reference=reference,
        class_name=cls.__name__,
        source=list(source),
        source_sha256=sha256(b"".join(source.values())).hexdigest(),
        hyperparameters={
            run.stream: run.identity["learner"]["hyperparameters"] for run, _ in learner_runs
        },
    )
