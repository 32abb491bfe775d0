"""That an entry is of this suite, this learner, and one configuration."""

import ast
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from plasticity_bench import seeding
from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.case import Case, as_json, has_data, named
from plasticity_bench.leaderboard.manifest import MAX_SOURCE_BYTES, TUNING
from plasticity_bench.learners.learner_source import source_files
from plasticity_bench.provenance import hash_files
from plasticity_bench.results.files import read_bytes
from plasticity_bench.tuning import record


def complete(case: Case) -> Iterator[str]:
    """Every stream has the seeds 0 to N - 1, of the learner and of the reference."""
    seeds = range(case.num_seeds)
    wanted = {(run.label, seed) for run in case.suite.streams for seed in seeds}
    for label, cells in (
        (case.entry.manifest.learner.label, case.entry.cells),
        (case.suite.reference, case.entry.reference),
    ):
        missing = sorted(wanted - cells.keys())
        if missing:
            stream, seed = missing[0]
            yield (
                f"{label} lacks {len(missing)} of {len(wanted)} cells, the first of them {stream}, "
                f"seed {seed}"
            )
        for stream, seed in sorted(cells.keys() - wanted):
            yield f"{label} has {stream}, seed {seed}, which the suite has not"


def scored_seeds(case: Case) -> Iterator[str]:
    """Seeds that settings are chosen on are not scored."""
    for _, own in case.cells():
        if own.cell.seed >= seeding.TUNING:
            yield f"{named(own)}: seeds from {seeding.TUNING} on are for tuning"
        if own.cell.identity.get("seed") != own.cell.seed:
            yield f"{named(own)}: it was computed with seed {own.cell.identity.get('seed')}"


def streams_and_networks(case: Case) -> Iterator[str]:
    """Every cell was computed on the suite's stream and network."""
    for run, own in case.cells():
        stream = _stream(own.cell.identity)
        expected = {"id": run.id, "parameters": as_json(run.stream.parameters())}
        if {name: stream.get(name) for name in expected} != expected:
            yield f"{named(own)}: its stream is not as the suite says"
        if own.cell.identity.get("network") != as_json(run.network.parameters()):
            yield f"{named(own)}: its network is not as the suite says"


def fingerprints(case: Case) -> Iterator[str]:
    """Data and tasks are those of the suite: computed here, or as published entries have them."""
    expected: dict[str, str] = {}
    for run in case.suite.streams:
        known = [o.cells[run.label, 0] for o in case.others if (run.label, 0) in o.cells]
        if has_data(run):
            expected[run.label] = run.stream.fingerprint()
        elif known:
            expected[run.label] = _stream(known[0].cell.identity).get("fingerprint", "")
        else:
            case.notes.append(f"{run.label}: its data is not here: the fingerprint is not checked")
    for run, own in case.cells():
        found = _stream(own.cell.identity).get("fingerprint")
        if found != expected.get(run.label, found):
            yield f"{named(own)}: the fingerprint of its data and tasks is another"


def protocol(case: Case) -> Iterator[str]:
    """Every cell was measured as the suite says; the reference alone is told of boundaries."""
    contenders = {c.label: type(c.learner) for c in case.suite.contenders}
    control = hash_files(source_files(contenders[case.suite.reference]))
    for _, own in case.cells():
        expected = as_json(asdict(case.suite.protocol))
        if _learner(own.cell.identity).get("source") == control:
            expected["reveal_boundaries"] = True
        if own.cell.identity.get("protocol") != expected:
            yield f"{named(own)}: its protocol is not as the suite says"


def learner(case: Case) -> Iterator[str]:
    """Every cell is of the learner that the manifest names, with the settings that it states."""
    part = case.entry.manifest.learner
    for run, own in case.own_cells():
        said = _learner(own.cell.identity)
        if said.get("source") != part.source_sha256:
            yield f"{named(own)}: it was computed with other code than the entry's source"
        if said.get("class") != part.class_name:
            yield f"{named(own)}: it is of class {said.get('class')!r}"
        if said.get("hyperparameters") != part.hyperparameters.get(run.label):
            yield f"{named(own)}: its hyperparameters are not the manifest's"


def reference_settings(case: Case) -> Iterator[str]:
    """The reference is the suite's own, with the settings that the suite gives it."""
    (control,) = (c for c in case.suite.contenders if c.label == case.suite.reference)
    source = hash_files(source_files(type(control.learner)))
    for (stream, _), own in case.entry.reference.items():
        said = _learner(own.cell.identity)
        if said.get("source") != source:
            yield f"{named(own)}: the reference was computed with other code than this package's"
        elif said.get("hyperparameters") != control.on(stream).learner.hyperparameters():
            yield f"{named(own)}: the reference's settings are not the suite's"


def one_configuration(case: Case) -> Iterator[str]:
    """One configuration for all streams, unless the suite gives or tunes one for each."""
    part, suite = case.entry.manifest.learner, case.suite
    given = {c.label: c for c in suite.contenders}.get(part.label)
    if suite.tuning.per_stream or (given and given.by_stream):
        return
    settings = list(part.hyperparameters.values())
    if any(own != settings[0] for own in settings[1:]):
        yield f"{suite.name} asks for one configuration on all streams; there are several"


def tuning(case: Case) -> Iterator[str]:
    """The record of the search is of this suite and learner, on seeds that are not scored."""
    part = case.entry.manifest.tuning
    for _, own in case.own_cells():
        origin = own.block.info(0).get("tuned")
        stated = origin.get("sha256") if isinstance(origin, dict) else None
        if stated != (part.sha256 if part else None):
            yield f"{named(own)}: its settings come from another search than the entry's {TUNING}"
    if part is None:
        return
    try:
        found = record.read(case.entry.folder / TUNING).record
    except BadInputError as error:
        yield str(error)
        return
    if found.suite != f"{case.suite.name}@{case.suite.hash8}":
        yield f"{TUNING} is of {found.suite}"
    scored = sorted({seed for _, seed in case.entry.cells} & set(found.tuning.seeds))
    if scored:
        yield f"settings were chosen on seed {scored[0]}, which is scored"
    yield from _chosen(case, found)


def _chosen(case: Case, found: record.TuningRecord) -> Iterator[str]:
    part = case.entry.manifest.learner
    own = found.learners.get(part.label)
    if own is None:
        yield f"{TUNING} has nothing for {part.label}"
        return
    for stream, settings in part.hyperparameters.items():
        for name, value in own.streams.get(stream, own.chosen).items():
            if settings.get(name) != value:
                yield f"{stream}: {name} is not what {TUNING} says was chosen"


def boundaries(case: Case) -> Iterator[str]:
    """The flag `boundaries` is what the source says: parsed, never imported."""
    part = case.entry.manifest
    try:
        said = _acts_at_boundaries(case.entry.folder, part.learner.source, part.learner.class_name)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        yield "its source is no Python that can be parsed"
        return
    if said is None:
        yield f"its source has no class {part.learner.class_name!r}"
    elif said != part.flags.boundaries:
        yield f"flags.boundaries is {part.flags.boundaries}, but the source says {said}"


def _acts_at_boundaries(folder: Path, names: list[str], class_name: str) -> bool | None:
    """Whether a class, or a base of it, has begin_task; None if there is no such class.

    Classes of one name, as `class Learner(base.Learner)` and its base, are looked at alike.
    """
    classes: dict[str, list[ast.ClassDef]] = {}
    for name in names:
        tree = ast.parse(read_bytes(folder / name, MAX_SOURCE_BYTES))
        for found in ast.walk(tree):
            if isinstance(found, ast.ClassDef):
                classes.setdefault(found.name, []).append(found)
    if class_name not in classes:
        return None
    left, seen = [class_name], set()
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        for own in classes.get(name, ()):
            if any("begin_task" in _names(part) for part in own.body):
                return True
            left += [ast.unparse(base).rpartition(".")[-1] for base in own.bases]
    return False


def _names(part: ast.stmt) -> set[str]:
    """The names that a statement of a class defines."""
    own = {getattr(part, "name", "")}
    stored = (n for n in ast.walk(part) if isinstance(n, ast.Name))
    return own | {n.id for n in stored if isinstance(n.ctx, ast.Store)}


def _learner(identity: dict[str, Any]) -> dict[str, Any]:
    said = identity.get("learner")
    return said if isinstance(said, dict) else {}


def _stream(identity: dict[str, Any]) -> dict[str, Any]:
    said = identity.get("stream")
    return said if isinstance(said, dict) else {}
