"""Write an entry's folder atomically."""

import json
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np

from plasticity_bench.errors import BadInputError, DamagedError
from plasticity_bench.leaderboard.entry import read_entry, scores_of, suite_folder
from plasticity_bench.leaderboard.flags import flags_from
from plasticity_bench.leaderboard.manifest import (
    MANIFEST,
    MAX_BYTES,
    MEASUREMENTS,
    NAME,
    PAPER,
    TUNING,
    Manifest,
    SuiteName,
    TuningPart,
    read_manifest,
    unclear,
    written,
)
from plasticity_bench.leaderboard.manifest_fields import cost, environments, stored_scores
from plasticity_bench.leaderboard.submission_runs import finished
from plasticity_bench.leaderboard.submitted_code import learner_part, submitted
from plasticity_bench.results import Row, Run, Selection, Stored
from plasticity_bench.results.parquet import (
    MEASUREMENT_COLUMNS,
    measurements_bytes,
    measurements_table,
    pack_bytes,
)
from plasticity_bench.results.run import own_fresh_label
from plasticity_bench.results.run_info import MAX_SEED
from plasticity_bench.safe_files import atomic_folder, read_bytes
from plasticity_bench.suite.suite import Suite


@dataclass(frozen=True)
class Signature:
    """The submitter's data: name, authors, licence and paper.

    Attributes:
        name: of the entry.
        authors: of the learner.
        licence: of code and results.
        paper: that describes the learner, if any.
    """

    name: str
    authors: Sequence[str]
    licence: str
    paper: str | None = None


def write_entry(
    selection: Selection,
    suite: Suite,
    label: str,
    signature: Signature,
    target: Path,
    tuned: Path | None = None,
    most: int = MAX_SEED,
) -> Path:
    """Write an entry from stored results, and return its folder.

    Args:
        selection: of the suite's results.
        suite: of the results.
        label: of the learner that is submitted.
        signature: name, authors, licence.
        target: the folder that holds the entries of all suites.
        tuned: the search's record, if it has moved.
        most: seeds of this number on are left out.

    Raises:
        BadInputError: if results are missing, the learner's code has changed since, or another
            entry has this name.
    """
    if not NAME.fullmatch(signature.name):
        raise BadInputError(
            f"--name {signature.name!r}: a name has at most 64 letters, digits and _ . + -."
        )
    if signature.paper and not re.fullmatch(PAPER, signature.paper):
        raise BadInputError(f"--paper {signature.paper}: give an address, as https://arxiv.org/...")
    folder = target / suite_folder(suite) / signature.name
    _check_own(folder, label, signature)
    learner_runs = finished(selection, suite, label, most)
    reference = [] if label == suite.reference else _references(selection, suite, learner_runs)
    learner, source = submitted(suite, label, learner_runs)
    content = _packed([*learner_runs, *_copies(selection, learner_runs), *reference], suite, label)
    record = _record(learner_runs, tuned)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder.parent):
            pass
    except OSError as error:
        raise BadInputError(
            f"--output {target}: the entry cannot be written there: {error.strerror}."
        ) from None
    manifest = Manifest(
        format=3,
        name=signature.name,
        suite=SuiteName(name=suite.name, hash=suite.hash8),
        authors=list(signature.authors),
        licence=signature.licence,
        paper=signature.paper,
        learner=learner_part(label, learner, source, learner_runs),
        flags=flags_from(learner_runs[0][1].info),
        tuning=TuningPart(file="tuning.yaml", sha256=sha256(record).hexdigest())
        if record
        else None,
        environments=environments(result.info for _, result in learner_runs),
        cost=cost(suite, [result.info for _, result in learner_runs]),
        scores={},
        measurements_sha256=sha256(content).hexdigest(),
    )
    if problem := unclear(manifest):
        raise BadInputError(f"The entry {problem}.")
    files = {**source, MEASUREMENTS: content} | ({TUNING: record} if record else {})
    with atomic_folder(folder, replace=True) as draft:
        for name, text in files.items():
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            (draft / name).write_bytes(text)
        (draft / MANIFEST).write_bytes(written(manifest))
        scores = stored_scores(scores_of(read_entry(draft, suite.reference), suite))
        manifest = manifest.model_copy(update={"scores": scores})
        (draft / MANIFEST).write_bytes(written(manifest))
    return folder


def _check_own(folder: Path, label: str, signature: Signature) -> None:
    """Raise unless the folder to be replaced is an earlier version of the same entry."""
    if not folder.exists():
        return
    try:
        there = read_manifest(folder)
        same = (there.learner.label, there.authors) == (label, list(signature.authors))
    except DamagedError:
        same = False
    if not same:
        raise BadInputError(
            f"{folder} exists, and is not an entry of {label} by {', '.join(signature.authors)}: "
            "choose another --name, or remove it."
        )


def _references(selection: Selection, suite: Suite, learner_runs: Stored) -> Stored:
    """The reference's runs of the same seeds."""
    seeds = {run.seed for run, _ in learner_runs}
    reference_runs = finished(selection, suite, suite.reference)
    there = {run.seed for run, _ in reference_runs}
    if not seeds <= there:
        raise BadInputError(
            f"The reference {suite.reference} has {len(there)} seeds, but {len(seeds)} are needed: "
            "run the suite with as many seeds."
        )
    return [stored for stored in reference_runs if stored[0].seed in seeds]


def _copies(selection: Selection, learner_runs: Stored) -> Stored:
    """The own fresh copy's runs of the same streams and seeds; none if the learner is that."""
    wanted = [run for run, _ in learner_runs if not selection.notes(run.group).own_fresh]
    copies = {_place(run) for run, _ in selection.stored_copies}
    places = [(run.stream, own_fresh_label(run.learner), run.seed) for run in wanted]
    missing = sum(place not in copies for place in places)
    if missing:
        command = selection.requests.commands.get(wanted[0].group, "plasticity-bench run")
        raise BadInputError(
            f"{missing} runs of {places[0][1]} are missing, which scores need. To complete them: "
            f"{command}"
        )
    return [pair for pair in selection.stored_copies if _place(pair[0]) in set(places)]


def _place(run: Run) -> tuple[str, str, int]:
    return run.stream, run.learner, run.seed


def _packed(runs: Stored, suite: Suite, label: str) -> bytes:
    """All measurements of the learner, and the reference's measurements that scores need."""
    scored = {"chance", "dead_rank", suite.protocol.curvature_name}
    infos, tables = [], []
    for run, result in runs:
        columns = result.columns
        kept = np.ones(len(columns["task"]), bool)
        if run.learner not in (label, own_fresh_label(label)):
            kept = np.isin(columns["name"], [*scored, result.task_metric])
        rows = zip(
            *(columns[name][kept].tolist() for name in MEASUREMENT_COLUMNS.names), strict=True
        )
        infos.append(result.info)
        tables.append(
            measurements_table(measurements_bytes(Row(*row) for row in rows), Path(MEASUREMENTS))
        )
    content = pack_bytes(infos, tables)
    if len(content) > MAX_BYTES[MEASUREMENTS]:
        raise BadInputError(
            f"The measurements have {len(content):,} bytes; an entry has at most "
            f"{MAX_BYTES[MEASUREMENTS]:,}. Submit fewer seeds."
        )
    return content


def _record(learner_runs: Stored, given: Path | None) -> bytes | None:
    """The search's record that the results refer to, if any."""
    origins = {json.dumps(result.info.get("tuned"), sort_keys=True) for _, result in learner_runs}
    if len(origins) > 1:
        raise BadInputError(
            "Some of the results come from another search for settings than others."
        )
    origin = json.loads(origins.pop())
    if origin is None:
        return None
    path = given or Path(origin["file"])
    try:
        content = read_bytes(path, MAX_BYTES[TUNING])
    except FileNotFoundError:
        raise BadInputError(
            f"The settings come from {path}, which does not exist: give it with --tuned FILE."
        ) from None
    if sha256(content).hexdigest() != origin["sha256"]:
        raise BadInputError(f"{path} is not the record that these results name: its hash differs.")
    return content
