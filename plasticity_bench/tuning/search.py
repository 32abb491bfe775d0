"""The search: try settings on tuning seeds, keep the best, round by round."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from plasticity_bench import seeding
from plasticity_bench.errors import BadInputError
from plasticity_bench.results import Results
from plasticity_bench.suite import planning
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.planning import Group
from plasticity_bench.suite.suite import Suite, SuiteStream
from plasticity_bench.tuning.configuring import configured
from plasticity_bench.tuning.rungs import Rung, rungs
from plasticity_bench.tuning.settings import Setting, settings, shown
from plasticity_bench.tuning.space import searched
from plasticity_bench.tuning.trials import Scored, Trial, against, loaded, reference_scores


class TrialKey(NamedTuple):
    """One setting of one learner on one stream; `setting` is its index."""

    learner: str
    setting: int
    stream: str


Alive = dict[str, dict[str, list[int]]]
"""By learner and stream, the numbers of the settings that are left."""


@dataclass(frozen=True)
class Outcome:
    """What a search found for one learner.

    Attributes:
        label: the learner's.
        trials: all settings, in the order in which they were drawn.
        setting: the best for all streams together.
        by_stream: the best for each stream, if the suite has settings for each; a stream on which
            none of the surviving settings has a score is absent.
        known: whether a setting was chosen; False without any score.
        updates: spent on the learner, over all replicas and rounds.
    """

    label: str
    trials: tuple[Trial, ...]
    setting: Setting
    by_stream: Mapping[str, Setting]
    known: bool
    updates: int


class Search:
    """A search for the settings of some learners of a suite.

    Attributes:
        suite: with its tuning rule and tuning streams.
        contenders: to be tuned.
        seeds: of the replicas; reserved for tuning and never scored.
        streams: that settings are tried on; none of their tasks is scored.
        rungs: the rounds.
    """

    def __init__(self, suite: Suite, contenders: Sequence[Contender]) -> None:
        """Draw the settings.

        Raises:
            BadInputError: if every task of a stream is scored, or a class declares a wrong range.
        """
        self.suite = suite
        self.contenders = tuple(contenders)
        rule = suite.tuning
        self.seeds = range(seeding.TUNING, seeding.TUNING + rule.seeds)
        self.streams = tuning_streams(suite)
        self._longest = max(suite_stream.stream.num_tasks for suite_stream in self.streams)
        tasks = min(rule.tasks, self._longest)
        self.rungs = rungs(tasks, rule.settings, rule.eta if rule.search == "halving" else None)
        self._settings: dict[str, list[Setting]] = {
            c.label: settings(searched(c), rule.search, rule.settings) for c in self.contenders
        }
        (self._reference,) = (c for c in suite.contenders if c.label == suite.reference)
        self._all = {c.label: c for c in (self._reference, *self.contenders)}
        self._settings.setdefault(suite.reference, [{}])  # as given, if it is not tuned

    def run(self, results: Results, execute: Callable[[Suite, list[Group]], None]) -> list[Outcome]:
        """Return the result for each learner.

        Args:
            results: the store of the search's runs.
            execute: runs the unfinished runs of groups.
        """
        labels = [suite_stream.label for suite_stream in self.streams]
        alive = {
            label: {stream: list(range(len(tried))) for stream in labels}
            for label, tried in self._settings.items()
        }
        scored: dict[TrialKey, Scored] = {}
        spent: dict[str, dict[str, int]] = {label: {} for label in self._all}
        for rung in self.rungs:
            suite = self._on_first_tasks(rung)
            groups = self._groups(suite, alive)
            execute(suite, together(list(groups.values())))
            for (label, _, _), group in groups.items():
                num_updates = group.suite_stream.stream.num_updates
                spent[label] |= {run.key: num_updates for run in group.runs}
            scored |= self._scored(groups, alive, results)
            keep = self._kept(rung)
            for label, by_stream in alive.items():
                self._halve(label, by_stream, scored, keep)
        return [
            self._found(label, alive[label], scored, sum(spent[label].values()))
            for label in (contender.label for contender in self.contenders)
        ]

    def _kept(self, rung: Rung) -> int:
        """The number of settings kept after a rung: the next rung's, or 1 after the last."""
        next_index = self.rungs.index(rung) + 1
        return self.rungs[next_index].settings if next_index < len(self.rungs) else 1

    def _on_first_tasks(self, rung: Rung) -> Suite:
        """The suite of a rung, measuring only what its scores need.

        What is measured does not depend on the rung: a short stream, whole in two of them, has the
        same runs in both.
        """
        streams = tuple(
            replace(suite_stream, stream=suite_stream.stream.first(rung.tasks))
            for suite_stream in self.streams
        )
        protocol = replace(self.suite.protocol, curvature_every=self._longest, diagnostics=())
        name = f"{self.suite.name}: tuning on {rung.tasks} tasks"
        if len(self.rungs) > 1:
            name += f", round {self.rungs.index(rung) + 1} of {len(self.rungs)}"
        return replace(self.suite, name=name, streams=streams, protocol=protocol)

    def _groups(self, suite: Suite, alive: Alive) -> dict[TrialKey, Group]:
        """A group for each remaining setting on each stream."""
        contenders: dict[str, tuple[str, int, Contender]] = {}
        for label, contender in self._all.items():
            for number in sorted({n for left in alive[label].values() for n in left}):
                setting = self._settings[label][number]
                named = f"{label} {shown(setting)}".strip()
                contenders[named] = (label, number, configured(contender, setting, named))
        planned = planning.plan(suite, [c for _, _, c in contenders.values()], self.seeds)
        groups = {}
        for group in planned:
            label, number, _ = contenders[group.label]
            if number in alive[label][group.suite_stream.label]:
                trial_key = TrialKey(label, number, group.suite_stream.label)
                groups[trial_key] = replace(group, label=label)
        return groups

    def _scored(
        self, groups: dict[TrialKey, Group], alive: Alive, results: Results
    ) -> dict[TrialKey, Scored]:
        """Scores of a rung's runs, relative to the reference with its best setting in that rung."""
        select = self.suite.tuning.select
        runs_of_trial = {key: loaded(group, results, select) for key, group in groups.items()}
        reference_label = self.suite.reference
        scored = {
            trial_key: reference_scores(groups[trial_key].suite_stream, runs)
            for trial_key, runs in runs_of_trial.items()
            if trial_key[0] == reference_label
        }
        best = {
            stream: self._ranked(reference_label, left, scored, stream)[0]
            for stream, left in alive[reference_label].items()
        }
        for trial_key, runs in runs_of_trial.items():
            label, _, stream = trial_key
            if label != reference_label:
                fresh = runs_of_trial[TrialKey(reference_label, best[stream], stream)]
                scored[trial_key] = against(groups[trial_key], runs, fresh, select)
        return scored

    def _ranked(
        self, label: str, numbers: Sequence[int], scored: dict[TrialKey, Scored], stream: str
    ) -> list[int]:
        """Indices of settings, best first; ties by index."""
        where = stream if self.suite.tuning.per_stream else None

        def rank(number: int) -> float:
            value = self._trial(label, number, scored).score(where)
            return -math.inf if math.isnan(value) else value

        return sorted(numbers, key=rank, reverse=True)

    def _halve(
        self, label: str, alive: dict[str, list[int]], scored: dict[TrialKey, Scored], keep: int
    ) -> None:
        for stream, left in alive.items():
            alive[stream] = sorted(self._ranked(label, left, scored, stream)[:keep])

    def _trial(self, label: str, number: int, scored: dict[TrialKey, Scored]) -> Trial:
        by_stream = {
            suite_stream.label: scored[TrialKey(label, number, suite_stream.label)]
            for suite_stream in self.streams
        }
        return Trial(
            self._settings[label][number],
            {stream: stream_scored.tasks for stream, stream_scored in by_stream.items()},
            {stream: stream_scored.scores for stream, stream_scored in by_stream.items()},
            sum(stream_scored.num_diverged for stream_scored in by_stream.values()),
        )

    def _found(
        self,
        label: str,
        alive: dict[str, list[int]],
        scored: dict[TrialKey, Scored],
        updates: int,
    ) -> Outcome:
        tried = self._settings[label]
        trials = tuple(self._trial(label, number, scored) for number in range(len(tried)))
        best = {stream: left[0] for stream, left in alive.items()}
        if self.suite.tuning.per_stream:
            scores = {stream: trials[number].score(stream) for stream, number in best.items()}
            chosen = {k: tried[best[k]] for k, score in scores.items() if not math.isnan(score)}
            return Outcome(label, trials, {}, chosen, bool(chosen), updates)
        (first, *_) = best.values()
        return Outcome(
            label, trials, tried[first], {}, not math.isnan(trials[first].score()), updates
        )


def tuning_streams(suite: Suite) -> tuple[SuiteStream, ...]:
    """Return the streams that settings are tried on.

    They are those that the suite names for it, whole, or else the suite's own up to the first task
    that is scored.

    Raises:
        BadInputError: if every task of a stream is scored.
    """
    if suite.tuning.streams:
        return suite.tuning_streams
    return tuple(
        replace(suite_stream, stream=suite_stream.stream.first(_num_unscored(suite_stream)))
        for suite_stream in suite.tuning_streams
    )


def _num_unscored(suite_stream: SuiteStream) -> int:
    """The number of tasks before the first that is scored."""
    number = min(suite_stream.stream.scored_tasks())
    if not number:
        raise BadInputError(
            f"Stream {suite_stream.label} has no task before the first that is scored, so nothing "
            "can be tuned on it: name other streams in the suite's tuning.streams."
        )
    return number


def together(groups: Sequence[Group]) -> list[Group]:
    """Merge groups whose replicas can form one population.

    Replicas of a population share the stream, the class and every hyperparameter that is no float.
    """
    alike: dict[object, list[Group]] = {}
    for group in groups:
        learner = group.learners[0]
        fixed = [v for v in learner.hyperparameters().values() if not isinstance(v, float)]
        alike.setdefault((group.label, group.suite_stream.label, *fixed), []).append(group)
    return [
        replace(
            some[0],
            runs=tuple(run for group in some for run in group.runs),
            learners=tuple(learner for group in some for learner in group.learners),
        )
        for some in alike.values()
    ]
