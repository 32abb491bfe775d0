"""The searches that settings come from, as far as their records are at hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plasticity_bench import shipped
from plasticity_bench.errors import BadInputError
from plasticity_bench.report.model import SearchRow
from plasticity_bench.results import Stored
from plasticity_bench.tuning.record import LearnerRecord, Tuned, TuningRecord, read_record


def known_records(given: Sequence[Tuned], runs: Stored, folder: Path) -> list[Tuned]:
    """Return the records of the searches that results come from, each once.

    These are the given ones, those that results name, the folder's own `tuning.yaml`, and what
    comes with the package for the folder's suite. A record that a result names counts only if the
    file is still the one that was used.

    Args:
        given: whatever results say.
        runs: finished ones, with their results.
        folder: of the results.
    """
    folder = folder.resolve()
    origins = [result.info.get("tuned") for _, result in runs]
    named = {(o["file"], o["sha256"]) for o in origins if isinstance(o, dict) and len(o) == 2}
    records = {tuned.sha256: tuned for tuned in given}
    for name, sha256 in sorted(named):
        for path in _places(name, folder):
            tuned = _read(path)
            if tuned and tuned.sha256 == sha256:
                records.setdefault(sha256, tuned)
    of_suite = [
        tuned
        for tuned in map(_read, shipped.tuning_records())
        if tuned and tuned.record.suite.rpartition("/")[2] == folder.name
    ]
    for tuned in (_read(folder / "tuning.yaml"), *of_suite):
        if tuned:
            records.setdefault(tuned.sha256, tuned)
    return list(records.values())


def _places(name: str, folder: Path) -> list[Path]:
    """Where a file may be that was named from the folder that `run` was called in.

    That is not known, and the report may be made from another one. Results are in some folder below
    it, or were moved together with the file.
    """
    return [Path(name), folder / Path(name).name, *(parent / name for parent in folder.parents)]


def _read(path: Path) -> Tuned | None:
    """A record, or None where there is none that can be read."""
    try:
        return read_record(path)
    except BadInputError:
        return None


def searches(records: Sequence[Tuned], reference: str) -> list[SearchRow]:
    """Return what each search tried, learner by learner.

    Args:
        records: of the searches.
        reference: the label of the learner that scores are relative to, and whose own are not.
    """
    return [
        _search(label, learner, tuned.record, reference)
        for tuned in records
        for label, learner in tuned.record.learners.items()
    ]


def _search(label: str, learner: LearnerRecord, record: TuningRecord, reference: str) -> SearchRow:
    return SearchRow(
        learner=label,
        score="attained" if label == reference else record.tuning.select,
        seeds=len(record.tuning.seeds),
        scales=learner.scales,
        tried=[
            {
                "setting": tried.setting,
                "score": tried.score,
                "interval": tried.interval,
                "chosen": learner.is_chosen(tried),
                "diverged": tried.diverged,
            }
            for tried in learner.at_length
            if tried.score is not None
        ],
        unfinished=sum(tried.score is None for tried in learner.at_length),
        budget={"settings": len(_begun(learner)), "updates": learner.updates},
    )


def _begun(learner: LearnerRecord) -> list[dict[str, Any]]:
    """All settings, each once: those that went on to more tasks are in a record several times."""
    settings: list[dict[str, Any]] = []
    for tried in learner.tried:
        if tried.setting not in settings:
            settings.append(dict(tried.setting))
    return settings
