"""Rules on identity: an entry is of one suite, one learner and one configuration."""

from collections.abc import Iterator
from typing import Any

from plasticity_bench import seeding
from plasticity_bench.errors import BadInputError
from plasticity_bench.evaluation.version import VERSION
from plasticity_bench.leaderboard.entry import EntryRun, StreamSeed
from plasticity_bench.leaderboard.manifest import TUNING
from plasticity_bench.leaderboard.validation_context import (
    ValidationContext,
    as_json,
    has_data,
    named,
)
from plasticity_bench.results import TUNED
from plasticity_bench.results.run import own_fresh_label
from plasticity_bench.source_code.source import source_of
from plasticity_bench.tuning.record import TuningRecord, read_record


def complete(context: ValidationContext) -> Iterator[str]:
    """Learner, own fresh copy and reference have seeds 0 to N - 1 on every stream."""
    seeds = range(context.num_seeds)
    wanted = {
        (suite_stream.label, seed) for suite_stream in context.suite.streams for seed in seeds
    }
    for label, runs in (
        (context.entry.manifest.learner.label, context.entry.runs),
        (own_fresh_label(context.entry.manifest.learner.label), context.entry.copies),
        (context.suite.reference, context.entry.reference),
    ):
        missing = sorted(wanted - runs.keys())
        if missing:
            stream, seed = missing[0]
            yield (
                f"{label} lacks {len(missing)} of {len(wanted)} runs, the first of them {stream}, "
                f"seed {seed}"
            )
        for stream, seed in sorted(runs.keys() - wanted):
            yield f"{label} has {stream}, seed {seed}, which the suite has not"


def scored_seeds(context: ValidationContext) -> Iterator[str]:
    """Tuning seeds are not scored."""
    for _, entry_run in context.runs():
        if entry_run.run.seed >= seeding.TUNING:
            yield f"{named(entry_run)}: seeds from {seeding.TUNING} on are for tuning"
        if entry_run.run.identity.get("seed") != entry_run.run.seed:
            yield (
                f"{named(entry_run)}: it was computed with seed "
                f"{entry_run.run.identity.get('seed')}"
            )


def streams_and_networks(context: ValidationContext) -> Iterator[str]:
    """Every run was computed on the suite's stream and network."""
    for suite_stream, entry_run in context.runs():
        stream = _stream(entry_run.run.identity)
        expected = {
            "id": suite_stream.id,
            "parameters": as_json(suite_stream.stream.parameters()),
            "source": source_of(type(suite_stream.stream)).hash,
        }
        if {name: stream.get(name) for name in expected} != expected:
            yield f"{named(entry_run)}: its stream differs from the suite's"
        if entry_run.run.identity.get("network") != as_json(suite_stream.network.identity()):
            yield f"{named(entry_run)}: its network differs from the suite's"


def fingerprints(context: ValidationContext) -> Iterator[str]:
    """Data and tasks are the suite's, as computed here or as in published entries."""
    expected: dict[str, str] = {}
    for suite_stream in context.suite.streams:
        first = StreamSeed(suite_stream.label, 0)
        known = [o.runs[first] for o in context.others if first in o.runs]
        if has_data(suite_stream):
            expected[suite_stream.label] = suite_stream.stream.fingerprint()
        elif known:
            expected[suite_stream.label] = _stream(known[0].run.identity).get("fingerprint", "")
        else:
            context.notes.append(
                f"{suite_stream.label}: its data set is missing: the fingerprint is not checked"
            )
    for suite_stream, entry_run in context.runs():
        stated = _stream(entry_run.run.identity).get("fingerprint")
        if stated != expected.get(suite_stream.label, stated):
            yield f"{named(entry_run)}: the fingerprint of its data and tasks differs"


def protocol(context: ValidationContext) -> Iterator[str]:
    """Every run was measured as the suite says; boundaries are revealed to the reference alone."""
    for _, entry_run in context.runs():
        protocol = context.suite.protocol
        if entry_run.run.is_own_fresh and _is_copy(context, entry_run):
            protocol = protocol.own_fresh
        expected = as_json(protocol.identity())
        if entry_run.run.learner == context.suite.reference:
            expected["reveal_boundaries"] = True
        if entry_run.run.identity.get("protocol") != expected:
            yield f"{named(entry_run)}: its protocol differs from the suite's"


def evaluator(context: ValidationContext) -> Iterator[str]:
    """Every run was computed by the evaluator of this package's version."""
    for _, entry_run in context.runs():
        version = entry_run.run.identity.get("evaluator")
        if version != VERSION:
            yield (
                f"{named(entry_run)}: it was computed by version {version} of the evaluator, and "
                f"this package has version {VERSION}: run it again"
            )


def learner(context: ValidationContext) -> Iterator[str]:
    """Every run, and those of the own fresh copy, are of the manifest's learner and settings."""
    part = context.entry.manifest.learner
    for suite_stream, entry_run in context.runs():
        if entry_run.run.learner != part.label and not _is_copy(context, entry_run):
            continue
        run_learner = _learner(entry_run.run.identity)
        if run_learner.get("source") != part.source_sha256:
            yield f"{named(entry_run)}: it was computed with other code than the entry's source"
        if run_learner.get("class") != part.class_name:
            yield f"{named(entry_run)}: it is of class {run_learner.get('class')!r}"
        if run_learner.get("hyperparameters") != part.hyperparameters.get(suite_stream.label):
            yield f"{named(entry_run)}: its hyperparameters are not the manifest's"


def reference_settings(context: ValidationContext) -> Iterator[str]:
    """The reference is the suite's, with the suite's settings, and under its own label alone."""
    (control,) = (c for c in context.suite.contenders if c.label == context.suite.reference)
    source = source_of(type(control.learner)).hash
    for (stream, _), entry_run in context.entry.reference.items():
        run_learner = _learner(entry_run.run.identity)
        if run_learner.get("source") != source:
            yield (
                f"{named(entry_run)}: the reference was computed with other code than this "
                "package's"
            )
        elif run_learner.get("hyperparameters") != control.on(stream).learner.hyperparameters():
            yield f"{named(entry_run)}: the reference's settings are not the suite's"
    part = context.entry.manifest.learner
    if part.source_sha256 == source and part.label != control.label:
        yield f"{part.label} has the code of the reference {control.label}, which has no rank"


def one_configuration(context: ValidationContext) -> Iterator[str]:
    """One configuration for all streams, unless the suite gives or tunes one for each."""
    part, suite = context.entry.manifest.learner, context.suite
    given = {c.label: c for c in suite.contenders}.get(part.label.removesuffix(TUNED))
    if suite.tuning.per_stream or (given and given.by_stream):
        return
    settings = list(part.hyperparameters.values())
    if any(of_stream != settings[0] for of_stream in settings[1:]):
        yield f"{suite.name} requires one configuration on all streams; there are several"


def tuning(context: ValidationContext) -> Iterator[str]:
    """The record of the search is of this suite and learner, on seeds that are not scored."""
    part = context.entry.manifest.tuning
    for _, entry_run in context.own_runs():
        origin = entry_run.run_table.info(0).get("tuned")
        stated = origin.get("sha256") if isinstance(origin, dict) else None
        if stated != (part.sha256 if part else None):
            yield (
                f"{named(entry_run)}: its settings come from another search than the entry's "
                f"{TUNING}"
            )
    if part is None:
        return
    try:
        search = read_record(context.entry.folder / TUNING).record
    except BadInputError as error:
        yield str(error)
        return
    if search.suite != f"{context.suite.name}@{context.suite.hash8}":
        yield f"{TUNING} is of {search.suite}"
    scored = sorted({seed for _, seed in context.entry.runs} & set(search.tuning.seeds))
    if scored:
        yield f"settings were chosen on seed {scored[0]}, which is scored"
    yield from _tried_on(context, search)
    yield from _chosen(context, search)


def _tried_on(context: ValidationContext, search: TuningRecord) -> Iterator[str]:
    """Settings are chosen on tasks before the scored ones, or on as many as the suite says."""
    if context.suite.tuning.streams:
        return
    unscored = max(min(one.stream.scored_tasks()) for one in context.suite.streams)
    most = max(context.suite.tuning.tasks, unscored)
    tried = max((t.tasks for learner in search.learners.values() for t in learner.tried), default=0)
    if tried > most:
        yield f"settings were tried on {tried} tasks, of which only the first {most} are not scored"


def _chosen(context: ValidationContext, search: TuningRecord) -> Iterator[str]:
    part = context.entry.manifest.learner
    tuned = search.learners.get(part.label.removesuffix(TUNED))
    if tuned is None:
        yield f"{TUNING} has nothing for {part.label}"
        return
    for stream, settings in part.hyperparameters.items():
        for name, value in tuned.streams.get(stream, tuned.chosen).items():
            if settings.get(name) != value:
                yield f"{stream}: {name} is not what {TUNING} says was chosen"


def _is_copy(context: ValidationContext, entry_run: EntryRun) -> bool:
    return entry_run.run.learner == own_fresh_label(context.entry.manifest.learner.label)


def _learner(identity: dict[str, Any]) -> dict[str, Any]:
    stated = identity.get("learner")
    return stated if isinstance(stated, dict) else {}


def _stream(identity: dict[str, Any]) -> dict[str, Any]:
    stated = identity.get("stream")
    return stated if isinstance(stated, dict) else {}
