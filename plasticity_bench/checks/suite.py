"""Checks of what a suite names: its streams, its networks, and a learner on them."""

from collections.abc import Iterator

from plasticity_bench.checks.learner import check_learner
from plasticity_bench.checks.stream import check_stream
from plasticity_bench.checks.unseen import check_network_code
from plasticity_bench.learners.learner import Learner
from plasticity_bench.networks import num_parameters
from plasticity_bench.suite.loading import load_suite
from plasticity_bench.suite.suite import SuiteStream


def check_suite(
    suite: str, learner: str | None = None, **hyperparameters: object
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Check each stream of a suite, its network, and a learner with both, on the suite's data.

    Args:
        suite: a YAML file, or the name of a suite that comes with the package.
        learner: a baseline's name or `module:Class`; None for plain Adam.
        **hyperparameters: of the learner.

    Yields:
        What passed, and remarks about it, a sentence each.

    Raises:
        BadInputError: if the suite is wrong, or its data are missing.
        StreamError, LearnerError: which rule is broken, in one sentence.
    """
    for suite_stream in load_suite(suite).streams:
        check_stream(suite_stream.stream)
        yield f"{suite_stream.label}: its stream", ()
        yield _checked_network(suite_stream), ()
        remarks = check_learner(
            learner or Learner,
            network=suite_stream.network,
            stream=suite_stream.stream,
            **hyperparameters,
        )
        yield f"{suite_stream.label}: {learner or 'plain Adam'} on both", remarks


def _checked_network(suite_stream: SuiteStream) -> str:
    network = suite_stream.network
    if network.is_own:
        check_network_code(network.name)
    count = f"{num_parameters(network):,} parameters"
    return f"{suite_stream.label}: its network {network.name} of {count}"
