"""Check an entry by every rule, without importing or running its code."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from plasticity_bench.errors import BadInputError, DamagedError, PlasticityBenchError
from plasticity_bench.leaderboard import (
    rules_files,
    rules_identity,
    rules_measured,
    rules_source,
    rules_stated,
)
from plasticity_bench.leaderboard.entry import Entry, entry_folders, read_entry, suite_folder
from plasticity_bench.leaderboard.manifest import NAME, Manifest, read_manifest
from plasticity_bench.leaderboard.validation_context import Rule, ValidationContext
from plasticity_bench.leaderboard.verification import status_of
from plasticity_bench.suite.loading import load_suite, suite_named
from plasticity_bench.suite.suite import Suite

FORMAL: tuple[Rule, ...] = (
    rules_identity.complete,
    rules_identity.scored_seeds,
    rules_identity.streams_and_networks,
    rules_identity.fingerprints,
    rules_identity.protocol,
    rules_identity.evaluator,
    rules_identity.learner,
    rules_identity.reference_settings,
    rules_identity.one_configuration,
    rules_identity.tuning,
    rules_source.source_names,
    rules_source.class_name,
    rules_source.boundaries,
    rules_measured.tasks,
    rules_measured.finite,
)
NUMBERS: tuple[Rule, ...] = (
    rules_measured.bounds,
    rules_measured.counts,
    rules_measured.chance,
    rules_stated.losses,
    rules_stated.ranks,
    rules_stated.versions,
    rules_stated.flags,
    rules_measured.reference,
    rules_measured.scores,
    rules_measured.cost,
    rules_measured.own_curves,
    rules_measured.copied_curves,
)
"""Measurements are checked only if the formal rules pass."""
MALFORMED = (
    *(LookupError, TypeError, ValueError, AttributeError, RecursionError, OverflowError),
    PlasticityBenchError,
)
LONGEST = 400
"""Characters of a sentence that are shown."""
SHOWN = 3
"""Sentences of one rule that are shown."""


@dataclass(frozen=True)
class Verdict:
    """The outcome of validating an entry.

    Attributes:
        folder: of the entry.
        failures: "rule: sentence" each; the entry is valid if there are none.
        notes: what could not be checked.
        context: that the rules were given; None if the entry could not be read.
    """

    folder: Path
    failures: list[str]
    notes: list[str]
    context: ValidationContext | None = None


def validate(
    folder: Path, given_suite: str | None = None, published: Path | None = None
) -> Verdict:
    """Return the outcome of checking an entry.

    Args:
        folder: `.../SUITE/NAME`.
        given_suite: file of its suite, if the package does not include it.
        published: the folder of the published entries of all suites, by which it is judged; by
            default the folder that it lies in itself.
    """
    try:
        context = _read(folder, given_suite, published or folder.resolve().parent.parent)
    except (DamagedError, BadInputError) as error:
        name = "readable" if isinstance(error, DamagedError) else "suite"
        return Verdict(folder, [f"{name}: {error}"], [])
    except _NotPlainError as error:
        return Verdict(folder, error.failures, [])
    failures = _broken(FORMAL, context) or _broken(NUMBERS, context)
    if status_of(folder).state in ("verified", "consistent"):
        context.notes.append(
            "its records of verification, because anyone can write them: verify it again"
        )
    return Verdict(folder, failures, context.notes, context)


def _broken(rules: Sequence[Rule], context: ValidationContext) -> list[str]:
    failures: list[str] = []
    for rule in rules:
        try:
            failures += _told(rule.__name__, rule(context))
        except MALFORMED as error:  # values in an entry may have any type
            failures.append(f"{rule.__name__}: the entry is malformed: {error!r}"[:300])
    return failures


def _read(folder: Path, given_suite: str | None, published: Path) -> ValidationContext:
    """Read an entry; its files are checked before any is opened."""
    if not folder.is_dir() or folder.is_symlink():
        raise DamagedError(folder, "is no folder")
    present = rules_files.files_in(folder)
    failures = _told("plain_files", rules_files.plain_files(present))
    failures += _told("sizes", rules_files.sizes(present))
    if failures:
        raise _NotPlainError(failures)
    manifest = read_manifest(folder)
    failures = _told("belonging", rules_files.belonging(present, manifest))
    failures += failures or _told("hashes", rules_files.hashes(folder, manifest))
    suite = (
        load_suite(given_suite, with_data=False)
        if given_suite
        else suite_named(manifest.suite.name)
    )
    failures += _told("place", _place(folder, manifest, suite))
    earlier = published / suite_folder(suite) / manifest.name
    failures = failures or _told("records", rules_files.records(folder, earlier))
    if failures:
        raise _NotPlainError(failures)
    entry = read_entry(folder, suite.reference)
    among = list(_entries_in(published, suite))
    references = (other for other in among if other.manifest.learner.label == suite.reference)
    others = [other for other in among if other.name != entry.name]
    return ValidationContext(entry, suite, others, next(references, None))


def _entries_in(published: Path, suite: Suite) -> Iterator[Entry]:
    """The entries of a suite; those that cannot be read are left out."""
    for path in entry_folders(published, suite):
        with contextlib.suppress(DamagedError):
            yield read_entry(path, suite.reference)


def _place(folder: Path, manifest: Manifest, suite: Suite) -> Iterator[str]:
    """Folder and suite match the manifest."""
    path = folder.resolve()
    if manifest.name != path.name or not NAME.fullmatch(manifest.name):
        yield f"the folder of {manifest.name!r} is called {path.name!r}"
    if path.parent.name != suite_folder(suite):
        yield f"entries of {suite.name} lie in {suite_folder(suite)}/"
    if manifest.suite.name != suite.name:
        yield f"it is for {manifest.suite.name}, not for {suite.name}"
    elif manifest.suite.hash != suite.hash8:
        yield (
            f"it is for another version of {suite.name}: its hash is {manifest.suite.hash}, this "
            f"package's is {suite.hash8}"
        )


def _told(rule: str, sentences: Iterator[str]) -> list[str]:
    failures = [f"{rule}: {_short(sentence)}." for sentence in sentences]
    more = [f"{rule}: and {len(failures) - SHOWN} more."] if len(failures) > SHOWN else []
    return [*failures[:SHOWN], *more]


def _short(sentence: str) -> str:
    """A sentence, cut if what it quotes of an entry is long."""
    return sentence if len(sentence) <= LONGEST else f"{sentence[:LONGEST]} ..."


class _NotPlainError(Exception):
    """An entry that is not read because its files break a rule."""

    def __init__(self, failures: Sequence[str]) -> None:
        super().__init__()
        self.failures = list(failures)
