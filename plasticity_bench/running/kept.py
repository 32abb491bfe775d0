"""The progress of a group: what was kept before, and where it is kept from now on."""

from pathlib import Path

from plasticity_bench.errors import BadInputError
from plasticity_bench.evaluation.evaluation import Progress
from plasticity_bench.population.population import Population
from plasticity_bench.results import Results
from plasticity_bench.running import checkpoints
from plasticity_bench.running.execution import Execution
from plasticity_bench.running.planning import Group


class Kept:
    """A group's checkpoints.

    Attributes:
        file: where progress is kept from now on.
        keeper: what keeps it there.
        notes: what a person should know of it.
    """

    def __init__(self, results: Results, execution: Execution, group: Group) -> None:
        self.notes: list[str] = []
        keys = tuple(cell.key for cell in group.cells)
        conditions = execution.conditions(group.run.stream.num_updates)
        header = checkpoints.Header(keys, conditions)
        self.file = checkpoints.path(results.folder, keys)
        self.keeper = checkpoints.FileKeeper(
            self.file, header, execution.checkpoint_seconds, self.notes.append
        )
        self._header, self._before = header, group.checkpoint

    def begun_with(self, population: Population) -> Progress | None:
        """Return where a population goes on; None if it begins."""
        if self._before is None or not self._before.exists():
            return None
        try:
            kept, conditions = checkpoints.read_header(self._before), self._header.conditions
            different = [k for k, v in conditions.items() if kept.conditions.get(k) != v]
            if different:
                raise checkpoints.CheckpointError(
                    f"{self._before} was written with another {' and '.join(different)}"
                )
            places = [kept.cells.index(key) for key in self._header.cells]
            progress = checkpoints.read(self._before).select(places)
            population.load(progress.population)
            return progress
        except (checkpoints.CheckpointError, BadInputError) as error:
            self.notes.append(f"{error}: what it was of began anew.")
            return None

    @property
    def newest(self) -> Path | None:
        """Where the newest progress is; None if nothing was kept."""
        return self.file if self.file.exists() else self._before

    def drop(self) -> None:
        """Remove what was kept: the results are stored. What it began with may be shared."""
        self.file.unlink(missing_ok=True)
