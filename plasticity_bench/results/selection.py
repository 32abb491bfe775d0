"""The selection: which runs of a results folder every table, figure and entry is made of.

Of each learner on each stream, these are the runs of the settings and the code that were requested
last, with all seeds that were ever requested of them. Reading results never changes it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.results.requests import GroupNotes, Requests, read_requests, stream_identity
from plasticity_bench.results.run import OWN_FRESH, LearnerOnStream, Run
from plasticity_bench.results.run_table import RunResult
from plasticity_bench.results.store import Results

TUNED = " (tuned)"
"""Ends the label of a learner whose settings a search has chosen."""

REFERENCE = "fresh"
"""The reference of results that no request is stored with."""

Stored = list[tuple[Run, RunResult]]
"""Finished runs, by stream, learner and seed."""


@dataclass(frozen=True)
class Selection:
    """The runs of a results folder that count, and what they are scored by.

    Attributes:
        results: where the runs are.
        runs: one for each stream, learner and seed, finished or not; at least one.
        copies: by stream and learner, the runs of the learner's own fresh copy, finished or not;
            nothing where it was not requested, or the learner is its own fresh copy.
        reference: the label of the learner that scores are relative to.
        requests: what was requested of the folder.
        outdated: labels of learners that have runs of an earlier version of a stream, which are
            left out.
    """

    results: Results
    runs: tuple[Run, ...]
    copies: Mapping[LearnerOnStream, tuple[Run, ...]]
    reference: str
    requests: Requests
    outdated: tuple[str, ...] = ()

    @property
    def all_runs(self) -> tuple[Run, ...]:
        """The runs, and those of the own fresh copies."""
        return (*self.runs, *(run for copies in self.copies.values() for run in copies))

    @cached_property
    def streams(self) -> list[str]:
        """Labels of the streams."""
        return list(dict.fromkeys(run.stream for run in self.runs))

    @cached_property
    def learners(self) -> list[str]:
        """Labels of the learners."""
        return list(dict.fromkeys(run.learner for run in self.runs))

    @cached_property
    def groups(self) -> dict[LearnerOnStream, list[Run]]:
        """The runs of each learner on each stream."""
        groups: dict[LearnerOnStream, list[Run]] = {}
        for run in self.runs:
            groups.setdefault(run.group, []).append(run)
        return groups

    @cached_property
    def stored(self) -> Stored:
        """The finished runs."""
        wanted = {run.address for run in self.runs}
        return [pair for pair in self.results.stored() if pair[0].address in wanted]

    @cached_property
    def stored_copies(self) -> Stored:
        """The finished runs of the learners' own fresh copies."""
        wanted = {run.address for copies in self.copies.values() for run in copies}
        return [pair for pair in self.results.stored() if pair[0].address in wanted]

    @property
    def finished(self) -> Stored:
        """The finished runs.

        Raises:
            BadInputError: if there is none.
        """
        if not self.stored:
            raise _nothing(self.results)
        return self.stored

    @property
    def num_seeds(self) -> list[int]:
        """How many seeds the learners on the streams have: all different numbers, sorted."""
        return sorted(set(Counter(run.group for run in self.runs).values()))

    def notes(self, group: LearnerOnStream) -> GroupNotes:
        """Return what was requested of a learner on a stream beside its runs."""
        return self.requests.notes.get(group, GroupNotes())

    def only(self, learners: Iterable[str]) -> "Selection":
        """Return the selection of some learners and the reference.

        Raises:
            BadInputError: if there is no learner of a label.
        """
        labels = [self.checked(label) for label in learners]
        wanted = {*labels, self.reference}
        kept = tuple(run for run in self.runs if run.learner in wanted)
        copies = {group: runs for group, runs in self.copies.items() if group.learner in wanted}
        return replace(self, runs=kept, copies=copies)

    def checked(self, label: str) -> str:
        """Return a learner's label; the mark of tuned settings may be left out where it is clear.

        Raises:
            BadInputError: if the selection has no learner of this label.
        """
        if label not in self.learners and f"{label}{TUNED}" in self.learners:
            return f"{label}{TUNED}"
        if label not in self.learners:
            hint = did_you_mean(label, self.learners)
            raise BadInputError(f"These results have no learner {label!r}. {hint}")
        return label

    def check_reference(self) -> None:
        """Check that the selection has runs of its reference.

        Raises:
            BadInputError: if it has none.
        """
        if self.reference not in self.learners:
            raise BadInputError(
                f"There are no results of the reference {self.reference!r}. Name another by "
                f"--reference. {did_you_mean(self.reference, self.learners)}"
            )

    @property
    def sentences(self) -> list[str]:
        """What was selected, in a line for tables; then a line for each thing to know about it."""
        fewest, most = self.num_seeds[0], self.num_seeds[-1]
        seeds = f"{fewest} to {most}" if fewest < most else f"{most}"
        parts = [f"{seeds} seed{'s' if most > 1 else ''}"]
        if self.reference in self.learners:
            parts.append(f"relative to {self.reference}")
        for label in self.learners:
            parts += self._origin(label)
        lines = [f"Selection: {'; '.join(parts)}."]
        own = [label for label in self.learners if self._notes_of(label).own_network]
        if own:
            lines.append(
                f"Networks of their own: {', '.join(own)}; {self.reference} has the suite's."
            )
        for label in self.outdated:
            lines.append(
                f"{label}: results of an earlier version of a stream or of the evaluator are left "
                "out; run it again."
            )
        return lines

    def _origin(self, label: str) -> list[str]:
        """How the settings and the code of a learner were chosen, where there was a choice."""
        notes = self._notes_of(label)
        origin = []
        if notes.tuned:
            origin.append(f"{label} by {notes.tuned['file']} {notes.tuned['sha256'][:8]}")
        if notes.versions > 1:
            run = next(run for run in self.runs if run.learner == label)
            code = str(run.identity.get("learner", {}).get("source", ""))[:8]
            origin.append(f"{label}: the last of {notes.versions} versions, code {code}")
        return origin

    def _notes_of(self, label: str) -> GroupNotes:
        return self.notes(next(run.group for run in self.runs if run.learner == label))


def select(results: Results, reference: str | None = None) -> Selection:
    """Return the selection of a results folder.

    Without a stored request, the settings with most seeds are selected.

    Args:
        results: the folder.
        reference: the label of the learner that scores are relative to; None for the suite's, with
            tuned settings if it was run with such.

    Raises:
        BadInputError: if the folder holds nothing, or no learner of the reference's label.
    """
    requests = read_requests(results.folder)
    both, outdated = _current(requests) if requests.runs else (_of_most_seeds(results), ())
    runs = tuple(run for run in both if not run.is_own_fresh)
    if not runs:
        raise _nothing(results)
    suite_reference = requests.scoring.reference or REFERENCE
    tuned = f"{suite_reference}{TUNED}"
    default = tuned if any(run.learner == tuned for run in runs) else suite_reference
    selection = Selection(
        results, runs, _copies(runs, both), reference or default, requests, outdated
    )
    if reference is not None:
        selection.check_reference()
    return selection


def _nothing(results: Results) -> BadInputError:
    return BadInputError(
        f"{results.folder} holds no finished results. Give the folder that `plasticity-bench run` "
        "names in its last line."
    )


def _current(requests: Requests) -> tuple[tuple[Run, ...], tuple[str, ...]]:
    """Those on each stream as it was requested last, and the learners that have others."""

    def is_current(run: Run) -> bool:
        return stream_identity(run.identity) == requests.streams[run.stream]

    current = tuple(run for run in requests.runs if is_current(run))
    outdated = [r for r in requests.runs if not (r.is_own_fresh or is_current(r))]
    return current, tuple(dict.fromkeys(run.learner for run in outdated))


def _copies(runs: Sequence[Run], both: Sequence[Run]) -> dict[LearnerOnStream, tuple[Run, ...]]:
    """By stream and learner, the runs of its own fresh copy with the same settings and code."""
    stated = {run.group: run.identity.get("learner") for run in runs}
    copies: dict[LearnerOnStream, list[Run]] = {}
    for run in both:
        group = LearnerOnStream(run.stream, run.learner.removesuffix(OWN_FRESH))
        if run.is_own_fresh and stated.get(group, run) == run.identity.get("learner"):
            copies.setdefault(group, []).append(run)
    return {group: tuple(of_group) for group, of_group in copies.items()}


def _of_most_seeds(results: Results) -> tuple[Run, ...]:
    stored = [run for run, _ in results.stored()]

    def setting(run: Run) -> str:
        return repr({name: v for name, v in run.identity.items() if name != "seed"})

    num_seeds = Counter((run.group, setting(run)) for run in stored)
    chosen: dict[LearnerOnStream, str] = {}
    for group, candidate in num_seeds:
        best = chosen.setdefault(group, candidate)
        if num_seeds[group, candidate] > num_seeds[group, best]:
            chosen[group] = candidate
    return tuple(run for run in stored if chosen[run.group] == setting(run))
