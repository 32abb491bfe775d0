"""What a learner is: graphs of its hooks, and its network as plain data."""

from dataclasses import dataclass
from typing import Any

from torch import nn

from plasticity_bench.errors import LearnerError, UnrecordableError
from plasticity_bench.recording import layout, network_data
from plasticity_bench.recording.graph import Graph
from plasticity_bench.recording.layout import Layout
from plasticity_bench.recording.plain_data import digest

MOST_CONSTANTS = 1024
"""Numbers that a learner's graphs may have captured, beside what they are given.

Positions, filters and bounds are few; a pretrained network, or a table of answers, is not."""


@dataclass(frozen=True)
class Record:
    """A learner on one network, without its Python.

    All graphs are of one replica. Where replicas differ in hyperparameters, their values are the
    first arguments of every graph but `initial`, in the order of `lifted`.

    Attributes:
        learner: the name of its class.
        lifted: names of the hyperparameters that are arguments.
        names: of the network's parameters, in order.
        network: as `network_data.as_data` returns it.
        initial: for each setting, from nothing to the parameters.
        layout: of a replica's state.
        restart: from parameters to the state that a replica begins with.
        predict_params: from a state to the parameters that predict; None: the trained ones do.
        begin_task: from a state, a key of noise and new parameters to a state; None: nothing
            happens where a task begins.
    """

    learner: str
    lifted: tuple[str, ...]
    names: tuple[str, ...]
    network: network_data.Data
    initial: tuple[Graph, ...]
    layout: Layout
    restart: Graph
    predict_params: Graph | None
    begin_task: Graph | None

    @property
    def num_constants(self) -> int:
        """How many numbers its graphs and its network have captured."""
        graphs = [self.restart, self.predict_params, self.begin_task]
        counts = [graph.num_constants for graph in graphs if graph is not None]
        initial = max(graph.num_constants for graph in self.initial)
        return sum(counts) + initial + network_data.num_constants(self.network)

    def module(self) -> nn.Module:
        """Return the network. Raises an UnrecordableError if the record is malformed."""
        return network_data.from_data(self.network)

    def as_json(self) -> dict[str, Any]:
        """Return the record as what `json.dumps` accepts."""
        return {
            "learner": self.learner,
            "lifted": list(self.lifted),
            "names": list(self.names),
            "network": self.network,
            "initial": [graph.as_json() for graph in self.initial],
            "layout": self.layout,
            "restart": self.restart.as_json(),
            "predict_params": self.predict_params and self.predict_params.as_json(),
            "begin_task": self.begin_task and self.begin_task.as_json(),
        }

    @classmethod
    def from_json(cls, data: Any) -> "Record":
        """Return the record that `as_json` returned.

        Raises:
            UnrecordableError: if it is none, or has operations that are not permitted.
        """
        try:
            optional = [
                data[name] and Graph.from_json(data[name])
                for name in ("predict_params", "begin_task")
            ]
            made = cls(
                str(data["learner"]),
                tuple(map(str, data["lifted"])),
                tuple(map(str, data["names"])),
                data["network"],
                tuple(Graph.from_json(graph, random=True) for graph in data["initial"]),
                data["layout"],
                Graph.from_json(data["restart"]),
                *optional,
            )
            layout.example(made.layout)
            made.module()
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise UnrecordableError(f"a malformed record: {error!r}") from None
        return made

    def digest(self) -> str:
        """Return a hash of the whole record."""
        return digest(self.as_json())


def check_constants(learner: str, number: int) -> None:
    """Refuse a learner that brings too many numbers along.

    Raises:
        LearnerError: if there are more than `MOST_CONSTANTS`.
    """
    if number > MOST_CONSTANTS:
        raise LearnerError(
            f"Learner {learner}: its hooks and its network have captured {number:,} numbers, and "
            f"{MOST_CONSTANTS:,} is the most: compute them from the hooks' arguments."
        )
