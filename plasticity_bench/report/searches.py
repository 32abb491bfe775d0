"""The searches that settings come from, as far as their records are at hand."""

from collections.abc import Sequence
from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.report.model import SearchRow
from plasticity_bench.results import Stored
from plasticity_bench.tuning import record
from plasticity_bench.tuning.record import LearnerRecord, Tuned, TuningRecord


def known_records(runs: Stored, folder: Path) -> list[Tuned]:
    """Return the records that results name, and the folder's own, where they are at hand.

    A record that a result names counts only if the file is still the one that was used.
    """
    origins = [result.info.get("tuned") for _, result in runs]
    named = {(o["file"], o["sha256"]) for o in origins if isinstance(o, dict) and len(o) == 2}
    records = {}
    for path, sha256 in [*sorted(named), (str(folder / "tuning.yaml"), None)]:
        try:
            tuned = record.read(Path(path))
        except BadInputError:
            continue
        if sha256 in (None, tuned.sha256):
            records[tuned.sha256] = tuned
    return list(records.values())


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
    )
