"""Plan a suite's cells, skip the finished, group the rest into populations."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.learner_source import source_files
from plasticity_bench.provenance import hash_files
from plasticity_bench.results import Address, Cell, Results
from plasticity_bench.running import checkpoints, population_size
from plasticity_bench.running.execution import Execution
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.suite import StreamRun, Suite

DEFAULT = Execution()
Notify = Callable[[str], None]


@dataclass(frozen=True)
class Group:
    """Cells that run as one population: one stream, one class of learner, several seeds.

    Attributes:
        run: the stream.
        label: of the learner.
        protocol: what is measured.
        cells: what is to be found.
        learners: of each cell, the learner with its hyperparameters.
        notes: what is stored with each cell beside its result, which does not depend on it.
        checkpoint: where its progress was kept, if it was begun before.
    """

    run: StreamRun
    label: str
    protocol: Protocol
    cells: tuple[Cell, ...]
    learners: tuple[Learner, ...]
    notes: Mapping[str, object] = field(default_factory=dict)
    checkpoint: Path | None = None

    @property
    def differing(self) -> list[str]:
        """The hyperparameters in which its members differ."""
        first, *others = (learner.hyperparameters() for learner in self.learners)
        return [name for name in first if any(own[name] != first[name] for own in others)]

    def part(self, chosen: Sequence[int]) -> "Group":
        """Return the group of some of its cells, given by their places."""
        cells = tuple(self.cells[place] for place in chosen)
        return replace(self, cells=cells, learners=tuple(self.learners[i] for i in chosen))


def plan(suite: Suite, contenders: Iterable[Contender], seeds: range) -> list[Group]:
    """Return every group of a suite, finished or not, in the order of `contenders`."""
    (reference,) = (c for c in suite.contenders if c.label == suite.reference)
    identities = {run.label: _stream_identity(run) for run in suite.streams}
    groups = []
    for contender in contenders:
        protocol = suite.protocol
        if type(contender.learner) is type(reference.learner):  # the control is always told
            protocol = replace(protocol, reveal_boundaries=True)
        for run in suite.streams:
            own = contender.on(run.label).learner
            identity = {
                **identities[run.label],
                "learner": _learner_identity(own),
                "protocol": asdict(protocol),
            }
            cells = Cell.of_seeds(run.label, contender.label, identity, seeds)
            learners = (own,) * len(cells)
            groups.append(Group(run, contender.label, protocol, cells, learners))
    return groups


def unheard(groups: Sequence[Group]) -> list[str]:
    """Return the labels of learners that act at task boundaries and are not told of them."""
    labels = [
        group.label
        for group in groups
        if group.learners[0].overrides("begin_task") and not group.protocol.reveal_boundaries
    ]
    return list(dict.fromkeys(labels))


def remaining(
    groups: Sequence[Group],
    results: Results,
    execution: Execution = DEFAULT,
    notify: Notify = lambda _: None,
) -> list[Group]:
    """Return what is still to be run.

    Cells that were begun together go on together, from their checkpoint; the other unfinished cells
    form groups of a good size, and alike.

    Args:
        groups: what was planned.
        results: where finished cells are, and checkpoints.
        execution: how the groups will be run.
        notify: told, in a sentence, of what is measured and of files that are damaged.
    """
    there = results.snapshot()
    for damage in there.damaged:
        notify(f"{damage}: what it held is run again.")
        results.set_aside(damage)
    begun = _begun(groups, results, there.finished, notify)
    left = []
    for group in groups:
        places = {
            cell.key: place
            for place, cell in enumerate(group.cells)
            if cell.address not in there.finished
        }
        for file, keys in begun.items():
            own = [places.pop(key) for key in keys if key in places]
            if own:
                left.append(replace(group.part(own), checkpoint=file))
        left += _of_good_size(group, list(places.values()), execution, notify)
    return left


def _of_good_size(
    group: Group, places: Sequence[int], execution: Execution, notify: Notify
) -> list[Group]:
    if not places:
        return []
    size = population_size.chosen(
        group.run.stream,
        group.run.network,
        group.learners[0],
        execution,
        len(places),
        lambda told: notify(f"{group.label}: {told}"),
    )
    num_groups = -(-len(places) // size)
    return [group.part(places[index::num_groups]) for index in range(num_groups)]


def _begun(
    groups: Sequence[Group], results: Results, finished: Container[Address], notify: Notify
) -> dict[Path, tuple[str, ...]]:
    """The cells' keys of each checkpoint; those that nothing needs any more are removed."""
    files = checkpoints.stored(results.folder)
    if not files:
        return {}
    planned = {cell.key: cell.address for group in groups for cell in group.cells}
    found = {}
    for file in files:
        try:
            keys = checkpoints.read_header(file).cells
        except checkpoints.CheckpointError as error:
            notify(f"{error}: it is removed, and what it was of begins anew.")
            file.unlink(missing_ok=True)
            continue
        if all(key in planned and planned[key] in finished for key in keys):
            file.unlink(missing_ok=True)
        else:
            found[file] = keys
    return found


def _stream_identity(run: StreamRun) -> dict[str, object]:
    stream = {
        "id": run.id,
        "parameters": run.stream.parameters(),
        "fingerprint": run.stream.fingerprint(),
    }
    return {"stream": stream, "network": run.network.parameters()}


def _learner_identity(learner: Learner) -> dict[str, object]:
    cls = type(learner)
    return {
        "class": cls.__name__,
        "source": hash_files(source_files(cls)),
        "hyperparameters": learner.hyperparameters(),
    }
