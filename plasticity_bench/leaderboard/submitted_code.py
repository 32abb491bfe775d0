"""The learner that results were computed with, and its source files."""

from collections.abc import Sequence
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.manifest import MAX_SOURCE_BYTES, SOURCE, LearnerPart
from plasticity_bench.leaderboard.source_names import module_of, shadowing, unreached
from plasticity_bench.learners.learner import Learner
from plasticity_bench.results import Stored
from plasticity_bench.safe_files import read_bytes
from plasticity_bench.source_code.source import SourceFile, source_hash, source_of
from plasticity_bench.suite.contenders import class_of
from plasticity_bench.suite.suite import Suite


def submitted(suite: Suite, label: str, learner_runs: Stored) -> tuple[Learner, dict[str, bytes]]:
    """The learner as it was run, and its source files by their names in the entry."""
    cls = class_of(label, suite.contenders)
    if cls is class_of(suite.reference, suite.contenders) and label != suite.reference:
        raise BadInputError(
            f"{label} is the reference {suite.reference} under another label, which has no rank."
        )
    identity = learner_runs[0][0].identity["learner"]
    source = source_of(cls)
    if source.hash != identity["source"]:
        raise BadInputError(
            f"The code of {label} differs from the code that these results were computed with: run "
            "it again."
        )
    for run, _ in learner_runs:
        if run.identity["learner"]["source"] != identity["source"]:
            raise BadInputError(f"The results of {label} are of two versions of its code.")
    contents = {_name_in_entry(file, cls): file.content for file in source.files}
    for problem in [*shadowing(contents), *(f"{name} is unused" for name in unreached(contents))]:
        raise BadInputError(f"The code of {label} cannot be submitted: {problem}.")
    return cls.from_settings(identity["hyperparameters"]), contents


def _name_in_entry(file: SourceFile, cls: type[Learner]) -> str:
    """A path from which the file is imported under the name that it was imported by."""
    path = Path(file.path)
    if path.suffix != ".py":
        raise BadInputError(
            f"{cls.__name__} imports {path}: the source of an entry is Python files only."
        )
    inner = "/__init__" if path.stem == "__init__" else ""
    return f"{SOURCE}/{file.name.replace('.', '/')}{inner}.py"


def source_hash_of_entry(folder: Path, names: Sequence[str]) -> str:
    """Return the hash of an entry's source, from its files, which are parsed and never imported.

    Args:
        folder: of the entry.
        names: of the files, that of the learner's class first, as a manifest has them.
    """
    return source_hash(
        [(module_of(name), read_bytes(folder / name, MAX_SOURCE_BYTES)) for name in names]
    )


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
        source_sha256=learner_runs[0][0].identity["learner"]["source"],
        hyperparameters={
            run.stream: run.identity["learner"]["hyperparameters"] for run, _ in learner_runs
        },
    )
