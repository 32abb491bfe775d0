"""Networks from a specification: families, activations, norms and initialisations by name."""

from plasticity_bench.networks.activations import ACTIVATIONS
from plasticity_bench.networks.build import build_network
from plasticity_bench.networks.families import FAMILIES
from plasticity_bench.networks.initialisation import INITS, initial_parameters, seeded_module
from plasticity_bench.networks.keys import PADDINGS
from plasticity_bench.networks.layers import Layer, NetworkLayers, layers_of
from plasticity_bench.networks.norms import NORMS
from plasticity_bench.networks.own import register_network, registered_networks
from plasticity_bench.networks.sizing import built_once, match_num_parameters, num_parameters
from plasticity_bench.networks.spec import NetworkSpec

__all__ = [
    "ACTIVATIONS",
    "FAMILIES",
    "INITS",
    "NORMS",
    "PADDINGS",
    "Layer",
    "NetworkLayers",
    "NetworkSpec",
    "build_network",
    "built_once",
    "initial_parameters",
    "layers_of",
    "match_num_parameters",
    "num_parameters",
    "register_network",
    "registered_networks",
    "seeded_module",
]
