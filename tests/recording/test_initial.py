"""Initial parameters are drawn from their graph, as the network's constructor draws them."""

import json

import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.errors import UnrecordableError
from plasticity_bench.networks.initialisation import INITS, initial_parameters
from plasticity_bench.recording.graph import Graph
from plasticity_bench.recording.initial import draw, record_initial


def spec(**kwargs):
    return pb.NetworkSpec(**kwargs, input_shape=(8, 8), num_outputs=10)


SPECS = [
    *(spec(hidden=(16,), init=init) for init in INITS),
    spec(name="vit", patch_size=4, dim=16, depth=1, heads=2),
    spec(name="resnet18", width=4, norm="group"),
]


@pytest.mark.parametrize("network", SPECS, ids=lambda s: f"{s.name}-{s.init}")
def test_a_seed_gives_what_the_constructor_gives(network):
    def make():
        return pb.build_network(network)

    module, graph = record_initial(make)
    graph = Graph.from_json(json.loads(json.dumps(graph.as_json())), random=True)
    before = torch.random.get_rng_state()
    drawn = draw(graph, [name for name, _ in module.named_parameters()], 7)
    assert torch.equal(torch.random.get_rng_state(), before)
    expected = initial_parameters(make, 7)
    assert list(drawn) == list(expected)
    assert all(torch.equal(drawn[name], expected[name]) for name in expected)


def test_numbers_from_elsewhere_are_constants():
    def make():
        module = nn.Linear(3, 2)
        with torch.no_grad():
            module.weight.copy_(torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
        return module

    module, graph = record_initial(make)
    assert graph.num_constants >= 6
    assert torch.equal(draw(graph, ["weight", "bias"], 3)["weight"], module.weight)


def test_a_network_whose_parameters_are_counted_is_not_drawn():
    _, plain = record_initial(lambda: pb.build_network(SPECS[0]))

    def counted():
        with torch.device("meta"):
            pb.build_network(SPECS[0])
        return pb.build_network(SPECS[0])

    assert len(record_initial(counted)[1].nodes) == len(plain.nodes)


def test_choosing_by_a_random_number_is_refused():
    def make():
        module = nn.Linear(3, 2)
        if module.weight[0, 0] > 0:
            nn.init.zeros_(module.bias)
        return module

    with pytest.raises(UnrecordableError, match="value"):
        record_initial(make)
