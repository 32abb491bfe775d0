"""Rules on an entry's source, which is parsed and never imported."""

import ast
from collections.abc import Iterator
from pathlib import Path

from plasticity_bench.leaderboard.manifest import MAX_SOURCE_BYTES
from plasticity_bench.leaderboard.source_names import module_of, shadowing, unreached
from plasticity_bench.leaderboard.validation_context import ValidationContext
from plasticity_bench.safe_files import read_bytes


def source_names(context: ValidationContext) -> Iterator[str]:
    """No file has the name of another module, and the learner's module imports every file."""
    contents = _contents(context)
    yield from shadowing(contents)
    for name in unreached(contents):
        yield f"{name} is imported by none of the learner's modules"


def class_name(context: ValidationContext) -> Iterator[str]:
    """The learner is looked up where its source is."""
    part = context.entry.manifest.learner
    module, colon, name = part.reference.partition(":")
    expected = (module, name.rpartition(".")[-1]) if colon else (f"baselines.{module}", "")
    stated = (module_of(part.source[0]), part.class_name if colon else "")
    if stated != expected:
        yield f"learner.reference is {part.reference!r}, but the class is in {part.source[0]}"


def boundaries(context: ValidationContext) -> Iterator[str]:
    """The flag `boundaries` agrees with the source, which is parsed and never imported."""
    part = context.entry.manifest
    try:
        acts = _acts_at_boundaries(
            context.entry.folder, part.learner.source, part.learner.class_name
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield "its source cannot be parsed as Python"
        return
    if acts is None:
        yield f"its source has no class {part.learner.class_name!r}"
    elif acts != part.flags.boundaries:
        yield f"flags.boundaries is {part.flags.boundaries}, but the source says {acts}"


def _acts_at_boundaries(folder: Path, names: list[str], class_name: str) -> bool | None:
    """Whether a class, or a base of it, has begin_task; None if there is no such class.

    Classes of the same name, as `class Learner(base.Learner)` and its base, are treated alike.
    """
    classes: dict[str, list[ast.ClassDef]] = {}
    for name in names:
        tree = ast.parse(read_bytes(folder / name, MAX_SOURCE_BYTES))
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                classes.setdefault(node.name, []).append(node)
    if class_name not in classes:
        return None
    left, seen = [class_name], set()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        for definition in classes.get(name, ()):
            if any("begin_task" in _names(part) for part in definition.body):
                return True
            left += [ast.unparse(base).rpartition(".")[-1] for base in definition.bases]
    return False


def _names(part: ast.stmt) -> set[str]:
    """The names that a statement in a class body defines."""
    names = {getattr(part, "name", "")}
    stored = (n for n in ast.walk(part) if isinstance(n, ast.Name))
    return names | {n.id for n in stored if isinstance(n.ctx, ast.Store)}


def _contents(context: ValidationContext) -> dict[str, bytes]:
    """The files of the source by their names, that of the learner's class first."""
    entry = context.entry
    names = entry.manifest.learner.source
    return {name: read_bytes(entry.folder / name, MAX_SOURCE_BYTES) for name in names}
