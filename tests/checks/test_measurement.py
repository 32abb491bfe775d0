"""check_measurement: shipped measurements pass, and each rule is one that only it catches."""

import re

import numpy as np
import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.checks.measurement import CHECKS, check_measurement, example_probe
from plasticity_bench.measurements import MEASUREMENTS

# Power iterations in every layer take seconds.
SLOW = {"curvature_volatility": pytest.mark.slow}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=SLOW.get(name, ())) for name in MEASUREMENTS]
)
def test_shipped_measurements_pass(name):
    check_measurement(MEASUREMENTS[name].measure)


def per_replica(probe):
    return probe.params["head.bias"].double().sum(1).numpy()


def good(probe):
    return {"sum": per_replica(probe)}


def test_a_good_one_passes():
    assert pb.check_measurement(good) is None


def one_number(probe):
    return {"sum": np.array(1.0)}


def drifts(probe):
    """By less than rounding may do, from call to call: the same state gives the same bits."""
    drifts.calls += 1
    return {"sum": per_replica(probe) + 1e-9 * drifts.calls}


drifts.calls = 0


def writes(probe):
    found = good(probe)
    probe.params["head.bias"].add_(1)
    return found


def writes_to_the_network(probe):
    with torch.no_grad():
        probe.module.head.bias.add_(1)
    return good(probe)


def changes_the_mode(probe):
    probe.module.eval()
    return good(probe)


def leaves_a_hook(probe):
    probe.module.register_forward_hook(lambda *_: None)
    return good(probe)


def draws(probe):
    torch.rand(1)
    return good(probe)


def numbers_the_replicas(probe):
    return {"place": np.arange(probe.num_replicas, dtype=np.float64)}


def compares_replicas(probe):
    values = per_replica(probe)
    return {"share": values - values.mean()}


BREAKS = {
    one_number: ("check_shape", "one_number: sum must have one number for each of the 3 replicas"),
    drifts: ("check_deterministic", "drifts: sum differs when the same state is measured again"),
    writes: ("check_unchanged", "writes changes tensors of the probe"),
    writes_to_the_network: (
        "check_unchanged",
        "writes_to_the_network changes the network's own parameters",
    ),
    changes_the_mode: ("check_unchanged", "changes_the_mode changes the network's training mode"),
    leaves_a_hook: ("check_unchanged", "leaves_a_hook leaves hooks on the network"),
    draws: ("check_unchanged", "draws draws from PyTorch's global generator"),
    numbers_the_replicas: (
        "check_order",
        "numbers_the_replicas: place depends on the order of the replicas",
    ),
    compares_replicas: (
        "check_alone",
        "compares_replicas: share of a replica depends on which other replicas there are",
    ),
}


@pytest.mark.parametrize("measure", BREAKS, ids=lambda measure: measure.__name__)
def test_each_rule_is_caught_by_its_check_alone(measure):
    expected, sentence = BREAKS[measure]
    assert caught_by(measure) == [expected]
    with pytest.raises(pb.MeasurementError, match=re.escape(sentence)):
        check_measurement(measure)


def caught_by(measure):
    caught = []
    for check in CHECKS:
        try:
            check(measure.__name__, measure, example_probe())
        except pb.MeasurementError:
            caught.append(check.__name__)
        except (TypeError, IndexError):
            pass  # the first check is there to say it better
    return caught


@pytest.mark.parametrize(
    ("returned", "sentence"),
    [
        ([1.0], "must return numbers by name"),
        ({}, "must return numbers by name"),
        ({3: np.zeros(3)}, "returns 3 as a name"),
        ({"x": np.zeros(3, np.float32)}, "x must be a float64 array of numpy, not a ndarray of fl"),
        ({"x": torch.zeros(3, dtype=torch.float64)}, "not a Tensor of torch.float64"),
        ({"x": np.zeros((3, 1))}, "but has the shape (3, 1)"),
    ],
)
def test_other_shapes_are_named(returned, sentence):
    with pytest.raises(pb.MeasurementError, match=re.escape(sentence)):
        check_measurement(lambda probe: returned)
