"""A group's checkpoint: what it resumes from, and where its progress is written."""

from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.evaluation.evaluation import Progress
from plasticity_bench.programs.population import Population
from plasticity_bench.results import Results
from plasticity_bench.running import checkpoints
from plasticity_bench.running.execution import Execution
from plasticity_bench.safe_files import remove_file
from plasticity_bench.suite.planning import Group


class GroupCheckpoint:
    """The checkpoint of a group of runs.

    Attributes:
        file: where progress is written.
        writer: what writes it there.
        notes: what a person should know about it.
    """

    def __init__(self, results: Results, execution: Execution, group: Group) -> None:
        self.notes: list[str] = []
        keys = tuple(run.key for run in group.runs)
        conditions = execution.conditions(group.num_updates)
        self._header = checkpoints.Header(keys, conditions)
        self._previous = group.checkpoint
        self.file = checkpoints.path(results.folder, keys)
        self.writer = checkpoints.CheckpointWriter(
            self.file, self._header, execution.checkpoint_seconds, self.notes.append
        )

    def resume(self, population: Population) -> Progress | None:
        """Load a population's state and return its progress; None if it starts anew."""
        if self._previous is None or not self._previous.exists():
            return None
        try:
            header, progress = checkpoints.read(self._previous)
            conditions = self._header.conditions
            different = [k for k, v in conditions.items() if header.conditions.get(k) != v]
            if different:
                raise checkpoints.CheckpointError(
                    f"{self._previous} was written with another {' and '.join(different)}"
                )
            progress = progress.select([header.runs.index(key) for key in self._header.runs])
            population.load(progress.population)
        except (checkpoints.CheckpointError, BadInputError) as error:
            self.notes.append(f"{error}: its runs start anew.")
            return None
        return progress

    @property
    def newest(self) -> Path | None:
        """Where the newest progress is; None if none was written."""
        return self.file if self.file.exists() else self._previous

    def remove(self) -> None:
        """Remove the file once the results are stored. What it resumed from may be shared."""
        remove_file(self.file)
