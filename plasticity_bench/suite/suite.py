"""A suite: streams, learners and protocol."""

import hashlib
import json
from dataclasses import dataclass, field

from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.streams import Stream
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.suite_file import PaperEntry, TuningEntry


@dataclass(frozen=True)
class SuiteStream:
    """A stream of a suite, and the network that learners build for it.

    Attributes:
        label: the name that the table shows, unique within a suite.
        id: the stream's registered id.
        stream: the stream with its parameters set.
        network: what learners are asked to build.
    """

    label: str
    id: str
    stream: Stream
    network: NetworkSpec


@dataclass(frozen=True)
class Suite:
    """Streams, learners and the protocol that they are run under.

    Attributes:
        name: `namespace/name-vN`.
        streams: in the file's order.
        contenders: in the file's order; the reference is among them.
        reference: label of the learner that scores are relative to.
        protocol: what is measured, and when.
        num_seeds: replicas have the seeds 0 to num_seeds - 1.
        description: what it is for, in a sentence.
        tuning: how its learners' settings are searched for.
        tuning_streams: what they are tried on; the suite's own streams unless it names others.
        paper: whose experiments it follows, and how closely.
    """

    name: str
    streams: tuple[SuiteStream, ...]
    contenders: tuple[Contender, ...]
    reference: str
    protocol: Protocol
    num_seeds: int
    description: str = ""
    tuning: TuningEntry = field(default_factory=TuningEntry)
    tuning_streams: tuple[SuiteStream, ...] = ()
    paper: PaperEntry | None = None

    @property
    def hash8(self) -> str:
        """Eight hexadecimal digits of what makes results comparable: streams and protocol.

        It does not depend on which learners run, for how many seeds, or how settings are searched
        for: more of either adds to the same results.
        """
        streams = [
            {
                "label": suite_stream.label,
                "id": suite_stream.id,
                "stream": suite_stream.stream.parameters(),
                "network": suite_stream.network.parameters(),
            }
            for suite_stream in self.streams
        ]
        identity = [self.name, streams, self.reference, self.protocol.identity()]
        return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:8]

    @property
    def directory_name(self) -> str:
        """Name of the folder that holds the suite's results."""
        return f"{self.name.rsplit('/', 1)[-1]}@{self.hash8}"
