"""Every measurement: hand-made networks, closed forms, slow twins, and the edges."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call

from plasticity_bench import measurements
from plasticity_bench.checks.measurement import example_probe
from plasticity_bench.measurements import DIAGNOSTICS, MEASUREMENTS, Probe, measure
from plasticity_bench.measurements.common import of_each
from plasticity_bench.measurements.feature_rank import singular_values
from plasticity_bench.measurements.hidden import hidden_activations
from plasticity_bench.measurements.neural_tangent_kernel import kernel
from plasticity_bench.measurements.spectrum import effective_rank, srank


class Layer(nn.Module):
    """One hidden layer, whose weights the tests set by hand."""

    def __init__(self, activation, hidden, inputs=2, classes=2):
        super().__init__()
        self.first = nn.Linear(inputs, hidden)
        self.activation = activation
        self.head = nn.Linear(hidden, classes)

    def forward(self, x):
        return self.head(self.activation(self.first(x)))


def probe_of(module, inputs, targets=None, replicas=1, **others):
    """Replicas that are all the module itself."""
    params = {k: torch.stack([v.detach()] * replicas) for k, v in module.named_parameters()}
    inputs = torch.as_tensor(inputs, dtype=torch.float32)
    targets = torch.zeros(len(inputs), dtype=torch.int64) if targets is None else targets
    stacked = torch.stack([inputs] * replicas), torch.stack([targets] * replicas)
    return Probe(module, params, params, {}, *stacked, **others)


def with_weights(weights, biases=0.0, activation=None, scale=1.0):
    """A network whose hidden units have these incoming weights."""
    weights = torch.tensor(weights, dtype=torch.float32)
    module = Layer(activation or nn.ReLU(), len(weights), weights.shape[1])
    with torch.no_grad():
        module.first.weight.copy_(weights)
        module.first.bias.copy_(torch.as_tensor(biases).expand(len(weights)))
        module.head.weight.fill_(scale)
        module.head.bias.zero_()
    return module


def taken(name, probe):
    return {key: values[0] for key, values in MEASUREMENTS[name].measure(probe).items()}


ONE_AND_TWO = [[1.0, 0.0], [2.0, 0.0]]


def test_norms_are_those_of_the_numbers():
    module = with_weights([[3.0, 0.0], [0.0, 4.0]], scale=0.0)
    start = probe_of(module, ONE_AND_TWO)
    assert taken("parameter_norm", start) == {
        "parameter_norm": 5.0,
        "parameter_norm/first": 5.0,
        "parameter_norm/head": 0.0,
    }
    assert set(taken("distance_from_init", start).values()) == {0.0}
    moved = Probe(
        module,
        {k: v + 2 for k, v in start.params.items()},
        start.params,
        {},
        start.inputs,
        start.targets,
    )
    distances = taken("distance_from_init", moved)
    assert distances["distance_from_init"] == pytest.approx(2 * math.sqrt(12))
    assert distances["distance_from_init/head"] == pytest.approx(2 * math.sqrt(6))


def test_update_norms_are_means_over_samples_and_the_way_of_the_whole_task():
    module = with_weights([[3.0, 0.0], [0.0, 4.0]])
    start = {k: v[None].detach() for k, v in module.named_parameters()}

    def plus(number):
        return {k: v + number for k, v in start.items()}

    probe = probe_of(module, ONE_AND_TWO)
    ended = Probe(
        module, plus(5), start, {}, probe.inputs, probe.targets, plus(1),
        ((plus(1), plus(2)), (plus(2), plus(5))),
    )  # fmt: skip
    found = taken("update_norm", ended)
    assert found["update_norm"] == pytest.approx((1 + 3) / 2 * math.sqrt(12), rel=1e-5)
    assert found["update_norm/first"] == pytest.approx(2 * math.sqrt(6), rel=1e-5)
    assert found["task_update_norm"] == pytest.approx(4 * math.sqrt(12), rel=1e-5)
    with pytest.raises(ValueError, match="at a task's end"):
        MEASUREMENTS["update_norm"].measure(probe)


def test_the_gradient_is_that_of_plain_autograd():
    probe = example_probe()
    found = MEASUREMENTS["gradient_norm"].measure(probe)
    for i in range(3):
        leaves = {k: v[i].clone().requires_grad_() for k, v in probe.params.items()}
        logits = functional_call(probe.module, leaves, (probe.inputs[i],))
        loss = -logits.log_softmax(-1)[range(16), probe.targets[i]].mean()
        flat = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(leaves.values()))])
        assert found["gradient_norm_n16"][i] == pytest.approx(flat.norm().item(), rel=1e-5)
        zeros = (flat == 0).double().mean().item()
        assert found["zero_gradient_fraction_n16"][i] == pytest.approx(zeros)


def test_a_dead_network_passes_gradients_to_its_output_bias_only():
    found = taken("gradient_norm", probe_of(with_weights([[-1.0, 0.0]]), ONE_AND_TWO))
    assert found["zero_gradient_fraction_n2/first"] == 1
    assert found["zero_gradient_fraction_n2"] == pytest.approx(5 / 7)  # 2 of 7 are biases
    # two equal logits: p - y = (-1/2, 1/2)
    assert found["gradient_norm_n2"] == pytest.approx(math.sqrt(0.5))


def test_dormant_units_by_hand():
    """Mean outputs 0, 0.005, 0.06 and 1.435: the layer's mean is 0.375."""
    module = with_weights([[-1.0, 0], [0.005, 0], [0.06, 0], [1.435, 0]])
    found = taken("dormant_units", probe_of(module, [[1.0, 0], [1.0, 0]]))
    assert found["dormant_units_tau0_n2"] == 0.25
    assert found["dormant_units_tau0.01_n2"] == 0.25  # 0.005 / 0.375 = 0.013
    assert found["dormant_units_tau0.1_n2"] == 0.5  # 0.06 / 0.375 = 0.16
    found = taken("dormant_units", probe_of(module, [[0.0, 0], [-0.0, 0]]))
    assert found["dormant_units_tau0_n2"] == 1  # all zero: all dormant, not 0 / 0


def test_dormant_units_agree_with_their_definition():
    probe = example_probe()
    found = MEASUREMENTS["dormant_units"].measure(probe)
    for i in range(3):
        own = {k: v[i] for k, v in probe.params.items()}
        scores = []
        for outputs in hidden_activations(probe.module, own, probe.inputs[i]).values():
            sizes = [abs(outputs[:, unit]).mean().item() for unit in range(outputs.shape[1])]
            scores += [size / np.mean(sizes) for size in sizes]
        for tau in (0, 0.01, 0.1):
            share = np.mean([score <= tau for score in scores])
            assert found[f"dormant_units_tau{tau}_n16"][i] == pytest.approx(share)


def test_constant_units_are_dead_relus_and_stuck_tanhs():
    inputs = [[1.0, 2.0], [2.0, 1.0]]
    relu = with_weights([[-1.0, 0], [1.0, 0], [0.0, 0]], torch.tensor([0.0, 0, 5]))
    assert taken("constant_units", probe_of(relu, inputs)) == {
        "constant_units_n2": pytest.approx(2 / 3),
        "constant_units_n2/activation": pytest.approx(2 / 3),
    }
    tanh = with_weights([[100.0, 0], [1.0, 0]], activation=nn.Tanh())
    assert taken("constant_units", probe_of(tanh, inputs))["constant_units_n2"] == 0.5


def test_saturated_units_are_of_tanh_only():
    inputs = [[1.0, 0.0], [3.0, 0.0]]
    weights = [[100.0, 0], [1.0, 0], [0.1, 0]]  # tanh(1) = 0.76, tanh(3) = 0.995
    tanh = probe_of(with_weights(weights, activation=nn.Tanh()), inputs)
    assert taken("saturated_units", tanh)["saturated_tanh0.9_n2"] == pytest.approx(3 / 6)
    relu = probe_of(with_weights(weights), inputs)
    assert math.isnan(taken("saturated_units", relu)["saturated_tanh0.9_n2"])


def test_unit_sign_entropy_by_hand():
    """Signs +, -, half and half, and one in four."""
    inputs = [[1.0, 1], [1.0, -1], [1.0, 1], [1.0, -1]]
    module = with_weights([[1.0, 0], [-1.0, 0], [0.0, 1], [0.0, 0]], activation=nn.Identity())
    found = taken("unit_sign_entropy", probe_of(module, inputs))
    assert found["unit_sign_entropy_n4"] == pytest.approx(1 / 4)
    quarter = with_weights([[1.0, 0.0]], -3.5, nn.Identity())
    found = taken("unit_sign_entropy", probe_of(quarter, [[1.0, 0], [2, 0], [3, 0], [4, 0]]))
    assert found["unit_sign_entropy_n4"] == pytest.approx(
        -0.25 * math.log2(0.25) - 0.75 * math.log2(0.75)
    )


def test_feature_ranks_of_known_features():
    """Features are the inputs: sigma = 3, 1 and, past the threshold's sqrt(4) x 0.01, 0.01."""
    inputs = [[3.0, 0, 0], [0, 1, 0], [0, 0, 0.01], [0, 0, 0]]
    identity = torch.eye(3).tolist()
    found = taken(
        "feature_rank", probe_of(with_weights(identity, activation=nn.Identity()), inputs)
    )
    assert found["feature_srank99_n4"] == 2
    assert found["feature_count_sigma0.01_n4"] == 2
    shares = np.array([3, 1, 0.01]) / 4.01
    expected = math.exp(-(shares * np.log(shares)).sum())
    assert found["feature_effective_rank_n4"] == pytest.approx(expected, rel=1e-6)


def test_feature_ranks_are_those_of_the_last_layer():
    found = MEASUREMENTS["feature_rank"].measure(example_probe())
    for name in ("feature_srank99_n16", "feature_effective_rank_n16"):
        assert (found[name] == found[f"{name}/activation1"]).all()
        assert (found[name] != found[f"{name}/activation0"]).any()


def test_singular_values_agree_with_numpy():
    matrices = torch.randn(3, 20, 7, generator=torch.Generator().manual_seed(0))
    for given in (matrices, matrices.mT):
        expected = np.linalg.svd(given.double().numpy(), compute_uv=False)
        np.testing.assert_allclose(singular_values(given)[:, ::-1], expected, rtol=1e-10)


def test_ranks_of_what_is_zero_or_not_finite():
    matrices = torch.zeros(3, 5, 4)
    matrices[1, 0, 0] = torch.nan
    matrices[2, 0, 0] = 1.0
    spectra = singular_values(matrices)
    for rank in (srank, effective_rank):
        np.testing.assert_array_equal(of_each(spectra, rank), [0, np.nan, 1])


def test_numbers_of_curvature_are_those_of_the_spectra():
    probe = example_probe()
    arguments = probe.module, probe.params, probe.inputs, probe.targets
    for matrix, spectra in {
        "fisher": measurements.fisher_spectrum(*arguments),
        "gauss_newton": measurements.gauss_newton_spectrum(*arguments),
        "last_layers": measurements.last_layers_spectrum(*arguments),
        "hessian": measurements.hessian_spectrum(*arguments),
    }.items():
        found = MEASUREMENTS[matrix].measure(probe)
        for replica, spectrum in enumerate(spectra):
            for name, number in (("effective_rank", effective_rank), ("sharpness", np.max)):
                value = found[f"{matrix}_{name}_n16"][replica]
                assert value == pytest.approx(number(spectrum), rel=1e-5)
    assert found["hessian_effective_rank_uncertainty_n16"].tolist() == [0.0] * probe.num_replicas


def test_duplicate_units_by_hand():
    """Three alike, of different sizes, one of its own, one dead."""
    weights = [[1.0, 0], [2.0, 0], [3.0, 0.01], [0.0, 1], [-1.0, -1]]
    found = taken("duplicate_units", probe_of(with_weights(weights), [[1.0, 0], [0.2, 1], [0, 2]]))
    assert found["duplicate_units_cos0.95_n3"] == pytest.approx(2 / 5)


def test_the_kernel_of_a_linear_network_has_a_closed_form():
    """f = W x without bias: J J^T = (X X^T) kron I, so the eigenvalues of X X^T, each twice."""
    module = nn.Sequential(nn.Linear(3, 2, bias=False))
    inputs = torch.diag(torch.tensor([2.0, 1.0, 1.0]))
    found = taken("neural_tangent_kernel", probe_of(module, inputs))
    assert found["ntk_log10_condition_n3"] == pytest.approx(math.log10(4))
    shares = np.array([4, 4, 1, 1, 1, 1]) / 12
    assert found["ntk_effective_rank_n3"] == pytest.approx(
        math.exp(-(shares * np.log(shares)).sum())
    )


def test_the_kernel_agrees_with_gradients_one_by_one():
    probe = example_probe()
    own = {k: v[1] for k, v in probe.params.items()}
    rows = []
    for example in probe.inputs[1]:
        for label in range(4):
            leaves = {k: v.double().requires_grad_() for k, v in own.items()}
            logit = functional_call(probe.module, leaves, (example.double()[None],))[0, label]
            rows.append(
                torch.cat([g.flatten() for g in torch.autograd.grad(logit, list(leaves.values()))])
            )
    jacobian = torch.stack(rows)
    found = kernel(probe.module, own, probe.inputs[1])
    torch.testing.assert_close(found, jacobian @ jacobian.T)


def test_a_dead_networks_kernel_keeps_one_direction_for_each_class():
    found = taken("neural_tangent_kernel", probe_of(with_weights([[-1.0, 0.0]]), ONE_AND_TWO))
    assert found["ntk_effective_rank_n2"] == pytest.approx(2)
    assert found["ntk_log10_condition_n2"] == 12


def test_one_step_by_hand():
    """Only the output bias learns: b <- (0.05, -0.05)."""
    found = taken("one_step_plasticity", probe_of(with_weights([[-1.0, 0.0]]), ONE_AND_TWO))
    expected = 1 - math.log(1 + math.exp(-0.1)) / math.log(2)
    assert found["one_step_plasticity_sgd0.1_n2"] == pytest.approx(expected, rel=1e-5)


def test_a_step_too_long_has_learnt_nothing_and_a_loss_of_zero_has_nothing_to_learn():
    """Equal examples of two classes: nothing can be learnt of them, and a step is far too long."""
    module = with_weights([[1e3, 0.0]])
    with torch.no_grad():
        module.head.weight[1] = 1 + 1e-3
    torn = probe_of(module, [[1.0, 0], [1.0, 0]], torch.tensor([0, 1]))
    assert taken("one_step_plasticity", torn)["one_step_plasticity_sgd0.1_n2"] == 0
    with torch.no_grad():
        module.head.weight[1] = 2
    fitted = probe_of(module, [[1.0, 0]], torch.tensor([1]))
    assert math.isnan(taken("one_step_plasticity", fitted)["one_step_plasticity_sgd0.1_n1"])


OF_UNITS = (
    "dormant_units",
    "constant_units",
    "saturated_units",
    "unit_sign_entropy",
    "feature_rank",
    "duplicate_units",
    "rarely_active_units",
    "feature_rank_places",
)


@pytest.mark.parametrize("name", OF_UNITS)
def test_without_hidden_activations_there_are_no_units_to_measure(name):
    found = taken(name, probe_of(nn.Sequential(nn.Flatten(), nn.Linear(2, 2)), ONE_AND_TWO))
    assert found and all(map(math.isnan, found.values()))


@pytest.mark.parametrize("name", [n for n in MEASUREMENTS if n not in OF_UNITS])
def test_the_other_measurements_need_no_hidden_activations(name):
    module = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    params = {k: v[None].detach() for k, v in module.named_parameters()}
    inputs, targets = ONE_AND_TWO * 4, torch.tensor([0, 1] * 4)
    probe = probe_of(module, inputs, targets, task_start=params, updates=((params, params),))
    assert all(map(math.isfinite, taken(name, probe).values()))


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_a_replica_that_is_not_finite_has_no_numbers_and_disturbs_nobody(name):
    whole = example_probe()
    expected = MEASUREMENTS[name].measure(example_probe())
    broken = {k: v.clone() for k, v in whole.params.items()}
    for value in broken.values():
        value[1] = torch.nan
    found = measure(name, replace(whole, params=broken))
    assert list(found) == list(expected)
    for key, values in found.items():
        np.testing.assert_allclose(values[[0, 2]], expected[key][[0, 2]])
        assert np.isnan(values[1]), key


@pytest.mark.parametrize("name", MEASUREMENTS)
def test_only_replicas_that_are_alive_are_measured(name):
    """Those that are not keep their names, even if none is left, or all that is left is broken."""
    expected = MEASUREMENTS[name].measure(example_probe())
    everyone = measure(name, example_probe())
    first = measure(name, example_probe(), np.array([True, False, False]))
    broken = {k: torch.full_like(v, torch.nan) for k, v in example_probe().params.items()}
    nobody = measure(name, replace(example_probe(), params=broken))
    dead = measure(name, replace(example_probe(), params=broken), np.zeros(3, bool))
    assert list(everyone) == list(first) == list(nobody) == list(dead) == list(expected)
    for key, values in expected.items():
        np.testing.assert_array_equal(everyone[key], values)
        np.testing.assert_allclose(first[key], [values[0], np.nan, np.nan])
        np.testing.assert_array_equal(nobody[key], [np.nan] * 3)
        np.testing.assert_array_equal(dead[key], [np.nan] * 3)


def test_a_suite_may_ask_for_all_but_the_headline():
    assert set(MEASUREMENTS) - set(DIAGNOSTICS) == {"fisher_srank99"}
    probe = example_probe()
    expected = measurements.fisher_srank(probe.module, probe.params, probe.inputs, probe.targets)
    found = measure("fisher_srank99", probe)
    assert list(found) == ["fisher_srank99_n16"]
    assert found["fisher_srank99_n16"].tolist() == expected.tolist()


class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x):
        hidden = self.activation(self.linear(x))
        return self.activation(hidden.sub_(1e9))


def test_a_module_called_twice_is_two_layers_and_working_in_place_changes_neither():
    module = Twice()
    params = dict(module.named_parameters())
    found = hidden_activations(module, params, torch.ones(3, 2))
    assert list(found) == ["activation", "activation#2"]
    torch.testing.assert_close(found["activation"], torch.relu(module.linear(torch.ones(3, 2))))
    assert (found["activation#2"] == 0).all()


def test_channels_of_images_are_units():
    module = nn.Sequential(nn.Conv2d(1, 3, 2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))
    outputs = hidden_activations(module, dict(module.named_parameters()), torch.ones(5, 1, 3, 3))
    assert outputs["1"].shape == (5 * 2 * 2, 3)
