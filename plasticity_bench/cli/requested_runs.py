"""The runs that `run`, `collect` and `status` are about: those of a suite and of added learners."""

from dataclasses import dataclass

from plasticity_bench import seeding
from plasticity_bench.cli.requests import RunRequest
from plasticity_bench.errors import BadInputError
from plasticity_bench.results import (
    GroupNotes,
    LearnerOnStream,
    Results,
    Run,
    Scoring,
    store_request,
)
from plasticity_bench.suite import own_fresh
from plasticity_bench.suite.contenders import with_learners
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.planning import Group, all_runs, plan
from plasticity_bench.suite.suite import Suite
from plasticity_bench.tuning.record import read_record


@dataclass(frozen=True)
class RequestedRuns:
    """The runs of a command.

    Attributes:
        suite: the suite.
        groups: every run, finished or not; learners beside the suite's own come first.
        results: where the suite's results are.
        remarks: what a person should know of the settings that a search chose.
    """

    suite: Suite
    groups: list[Group]
    results: Results
    remarks: list[str]

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


def requested_runs(request: RunRequest) -> RequestedRuns:
    """Return the runs that a request asks for; the files that it names are read.

    Raises:
        BadInputError: if the suite, a learner, the record of a search or the number of seeds is
            wrong.
    """
    tuned = read_record(request.tuned) if request.tuned else None
    suite = load_suite(request.suite)
    num_seeds = request.seeds or suite.num_seeds
    if num_seeds > seeding.TUNING:
        raise BadInputError(
            f"--seeds {num_seeds}: settings are chosen on seeds from {seeding.TUNING} on, which "
            f"are not scored; run at most {seeding.TUNING}."
        )
    added = with_learners(suite.contenders, request.learners, request.hyperparameters)
    # A new learner goes first: an error in it shows before minutes of baselines.
    contenders = (*added, *suite.contenders)
    remarks: list[str] = []
    if tuned:
        contenders = tuned.marked(contenders)
        remarks = tuned.remarks(suite, contenders)
    groups = own_fresh.with_own_fresh(plan(suite, contenders, range(num_seeds)))
    return RequestedRuns(suite, groups, Results(request.results / suite.directory_name), remarks)
