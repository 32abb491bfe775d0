"""What works in another way with a learner, and breaks no rule."""

from plasticity_bench.errors import BadInputError
from plasticity_bench.learners.learner import Learner
from plasticity_bench.measurements.hidden import unclear_function
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.programs.population import Population, Replica
from plasticity_bench.recording.network_constants import by_network
from plasticity_bench.tuning.settings import Setting, random
from plasticity_bench.tuning.space import declared


def drawn_numbers(learner: Learner) -> Setting:
    """Return another value of each number that is searched."""
    drawn = random(declared(type(learner)), 1)[0]
    return {name: value for name, value in drawn.items() if isinstance(value, float)}


def changing_the_network(learner: Learner, network: NetworkSpec) -> list[str]:
    """Return the searched numbers that change the network in more than its parameters."""
    return [
        name
        for name, value in drawn_numbers(learner).items()
        if len(by_network([learner, learner.replaced({name: value})], network)) > 1
    ]


def remarks(learner: Learner, network: NetworkSpec) -> list[str]:
    """Return what works in another way with a learner on a network, a sentence each."""
    found = []
    in_build = changing_the_network(learner, network)
    if in_build:
        found.append(
            f"build depends on {', '.join(in_build)}: in a search, each of its values is trained "
            "by itself, which takes longer."
        )
    population = Population([Replica(0, learner)], network)
    if population.unrecorded:
        found.append(
            f"It is not recorded, so its results cannot be verified: {population.unrecorded}."
        )
    function = unclear_function(population.module, population.example_inputs)
    if function:
        found.append(
            f"Diagnostics of hidden units are n/a: its network calls {function}(), and whether "
            "that makes hidden units is not known. Use an activation that PyTorch has as a module."
        )
    try:
        assert population.head
    except BadInputError as error:
        found.append(f"It cannot be run on streams that reset the head. {error}")
    return found
