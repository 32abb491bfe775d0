"""The runs that `run`, `collect` and `status` are about: those of a suite and of added learners."""

from dataclasses import dataclass, replace

from plasticity_bench import seeding
from plasticity_bench.cli.common import say
from plasticity_bench.cli.requests import RunRequest
from plasticity_bench.errors import BadInputError
from plasticity_bench.results import (
    TUNED,
    GroupNotes,
    LearnerOnStream,
    Results,
    Run,
    Scoring,
    store_request,
)
from plasticity_bench.scoring import version
from plasticity_bench.suite import own_fresh
from plasticity_bench.suite.contenders import with_learners
from plasticity_bench.suite.planning import Group, all_runs, plan
from plasticity_bench.suite.suite import Suite, load_suite
from plasticity_bench.suite.yaml_source import Document
from plasticity_bench.tuning import record
from plasticity_bench.tuning.record import Tuned


@dataclass(frozen=True)
class RequestedRuns:
    """The runs of a command.

    Attributes:
        suite: the suite.
        groups: every run, finished or not; learners beside the suite's own come first.
        results: where the suite's results are.
    """

    suite: Suite
    groups: list[Group]
    results: Results

    @property
    def runs(self) -> list[Run]:
        """All runs."""
        return all_runs(self.groups)

    @property
    def labels(self) -> list[str]:
        """Labels of the learners, without those of their own fresh copies."""
        learners = [group.label for group in self.groups if not group.protocol.restarts]
        return list(dict.fromkeys(learners))

    def store(self, command: str) -> None:
        """Store that a command requests them: they are selected from now on."""
        tasks = {s.label: s.stream.scored_tasks() for s in self.suite.streams}
        notes = {
            LearnerOnStream(group.suite_stream.label, group.label): GroupNotes(
                tuned=group.tuned,
                own_network=group.learners[0].overrides("build"),
                own_fresh=own_fresh.is_own_fresh(group),
            )
            for group in self.groups
        }
        scoring = Scoring(self.suite.reference, tasks)
        store_request(
            self.results.folder, self.suite.name, command, self.runs, scoring=scoring, notes=notes
        )


def requested_runs(request: RunRequest, document: Document) -> RequestedRuns:
    """Return the runs that a request asks for.

    Args:
        request: which runs.
        document: of the request's suite.

    Raises:
        BadInputError: if the suite, a learner or the number of seeds is wrong.
    """
    suite = load_suite(document)
    added = with_learners(suite.contenders, request.learners, request.hyperparameters)
    num_seeds = request.seeds or suite.num_seeds
    if num_seeds > seeding.TUNING:
        raise BadInputError(
            f"--seeds {num_seeds}: settings are chosen on seeds from {seeding.TUNING} on, which "
            f"are not scored; run at most {seeding.TUNING}."
        )
    seeds = range(num_seeds)
    # A new learner goes first: an error in it shows before minutes of baselines.
    contenders = (*added, *suite.contenders)
    tuned = record.read(request.tuned) if request.tuned else None
    groups = plan(suite, tuned.marked(contenders) if tuned else contenders, seeds)
    if tuned:
        groups = _with_origin(groups, tuned, suite)
    groups = own_fresh.with_own_fresh(groups)
    return RequestedRuns(suite, groups, Results(request.results / suite.directory_name))


def _with_origin(groups: list[Group], tuned: Tuned, suite: Suite) -> list[Group]:
    """Groups whose results say which search their settings come from."""
    tuned_for, identity = tuned.record.suite, f"{suite.name}@{suite.hash8}"
    if tuned_for != identity:
        say(f"{tuned.path} is of a search on {tuned_for}, and this is {identity}.")
    if tuned.record.scores != version.VERSION:
        say(
            f"{tuned.path} chose settings by version {tuned.record.scores} of the scores, and this "
            f"package has version {version.VERSION}: tune again."
        )
    own = {contender.label for contender in suite.contenders}
    untuned = {
        label: None
        for label in [group.label for group in groups]
        if not tuned.has(label if label in own else label.removesuffix(TUNED))
    }
    if untuned:
        say(f"{tuned.path} has nothing for {', '.join(untuned)}: run with the suite's settings.")
    return [
        group if group.label in untuned else replace(group, tuned=tuned.origin) for group in groups
    ]
