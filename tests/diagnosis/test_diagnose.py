"""diagnose: anybody's network, beside fresh ones, or one sentence that says what is wrong."""

import copy
import json
import math
import re

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import plasticity_bench as pb
from plasticity_bench.checks.measurement import _hooks
from plasticity_bench.data.torchvision_guard import torchvision_datasets
from plasticity_bench.diagnosis import budget
from plasticity_bench.diagnosis.diagnose import KNOWN
from plasticity_bench.diagnosis.fresh import fresh_networks
from plasticity_bench.diagnosis.network import network_of
from plasticity_bench.diagnosis.result import Row, prediction_margin
from plasticity_bench.measurements import MEASUREMENTS, Probe
from plasticity_bench.measurements.layer_gram import direct_gram, gram, loss_gradient
from tests.support.foreign_networks import Config, Transformer, residual, without_config

QUICK = [name for name in KNOWN if name not in ("neural_tangent_kernel", "hessian", "last_layers")]
GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.rand(24, 3, 8, 8, generator=GENERATOR)
LABELS = torch.randint(5, (24,), generator=GENERATOR)


def mlp(activation=nn.ReLU, inputs=12, width=8, classes=5):
    return nn.Sequential(nn.Linear(inputs, width), activation(), nn.Linear(width, classes))


VECTORS = torch.randn(24, 12, generator=torch.Generator().manual_seed(1))


def seeded(make):
    torch.manual_seed(1000)  # fresh networks have seeds from 0 on
    return make()


NETWORKS = {
    "mlp": (lambda: mlp(nn.Tanh), VECTORS),
    "residual": (residual, IMAGES),
    "transformer": (lambda: Transformer(Config()), IMAGES),
    "benchmark": (
        lambda: pb.build_network(
            pb.NetworkSpec(hidden=(8,), activation="tanh", input_shape=(12,), num_outputs=5)
        ),
        VECTORS,
    ),
}


SLOW = ("residual", "transformer")


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in NETWORKS
    ],
)
def diagnosed(request):
    make, inputs = NETWORKS[request.param]
    module = seeded(make)
    return module, inputs, pb.diagnose(module, inputs, LABELS, fresh_seeds=2)


def test_every_number_is_that_of_the_measurement(diagnosed):
    module, inputs, diagnosis = diagnosed
    network = network_of(module)
    params = {name: value.detach()[None] for name, value in network.named_parameters()}
    checked = 0
    left_out = {row.name for row in diagnosis.rows if row.missing == budget.TAKES_LONG}
    for name in QUICK:
        if name in ("distance_from_init", "gauss_newton") or name in left_out:
            continue
        probe = Probe(network, params, params, {}, inputs[None], LABELS[None])
        for key, values in MEASUREMENTS[name].measure(probe).items():
            assert diagnosis[key].value == pytest.approx(values[0], nan_ok=True), key
            assert math.isnan(values[0]) == bool(diagnosis[key].missing), key
            checked += 1
    assert checked > 30


def test_every_number_has_a_meaning_and_fresh_numbers_that_differ(diagnosed):
    _, _, diagnosis = diagnosed
    for row in diagnosis.rows:
        if row.missing:
            continue
        assert row.meaning.endswith("."), row.name
        assert len(row.fresh) == 2 and all(map(math.isfinite, row.fresh)), row.name
    norms = diagnosis["gradient_norm_n24"]
    assert len({norms.value, *norms.fresh}) == 3


def test_the_module_is_left_as_it_was():
    for make, inputs in NETWORKS.values():
        module = seeded(make).train()
        before, random_state = copy.deepcopy(module.state_dict()), torch.get_rng_state()
        kept = inputs.clone()
        pb.diagnose(module, inputs, LABELS, fresh_seeds=1, measurements=["fisher", "feature_rank"])
        after = module.state_dict()
        assert all(torch.equal(before[name], after[name]) for name in before)
        assert torch.equal(random_state, torch.get_rng_state())
        assert torch.equal(kept, inputs)
        assert all(part.training for part in module.modules())
        assert _hooks(module) == 0
        assert all(p.grad is None for p in module.parameters())


@pytest.mark.slow
def test_a_dead_network_is_told_from_fresh_ones():
    module = seeded(mlp)
    with torch.no_grad():
        module[0].bias.fill_(-100)
    diagnosis = pb.diagnose(module, VECTORS, LABELS)
    assert diagnosis["dormant_units_tau0_n24"].value == 1
    assert diagnosis["dormant_units_tau0_n24"].against_fresh == "above"
    assert diagnosis["fisher_srank99_n24"].against_fresh == "below"
    assert diagnosis["fisher_srank99_n24"].value <= 4  # the output bias's: classes - 1
    like_fresh = pb.diagnose(seeded(mlp), VECTORS, LABELS)
    assert like_fresh["dormant_units_tau0_n24"].against_fresh == "like fresh"
    assert like_fresh["fisher_srank99_n24"].against_fresh == "like fresh"


def test_against_fresh_is_a_prediction_interval():
    """Student's t of 2 degrees of freedom is 4.3027; the deviation of 1, 2, 3 is 1."""
    assert prediction_margin((1.0, 2.0, 3.0)) == pytest.approx(4.30265 * math.sqrt(4 / 3), rel=1e-5)
    margin = prediction_margin((1.0, 2.0, 3.0))
    for value, expected in (
        (2 + 1.001 * margin, "above"),
        (2 + 0.999 * margin, "like fresh"),
        (2 - 0.999 * margin, "like fresh"),
        (2 - 1.001 * margin, "below"),
        (math.nan, ""),
    ):
        assert Row("x", "", value, (1.0, 2.0, 3.0)).against_fresh == expected
    assert Row("x", "", 5.0, (1.0,)).against_fresh == ""
    assert Row("x", "", 5.0, (1.0, math.nan)).against_fresh == ""


def test_one_fresh_network_in_twenty_is_taken_for_another():
    generator = np.random.default_rng(0)
    told = [
        Row("x", "", draws[0], tuple(draws[1:])).against_fresh != "like fresh"
        for draws in generator.normal(size=(2000, 6))
    ]
    assert np.mean(told) == pytest.approx(0.05, abs=0.015)


# ---- fresh networks -----------------------------------------------------------------------------


def test_resets_give_a_network_for_each_seed_and_the_same_each_time():
    module = seeded(residual)
    one, other = (fresh_networks(module, None, 2, IMAGES).networks for _ in range(2))
    for seed in range(2):
        assert torch.equal(one[seed][0].weight, other[seed][0].weight)
        assert not torch.equal(one[seed][0].weight, module[0].weight)
    assert not torch.equal(one[0][0].weight, one[1][0].weight)


def test_batch_normalisation_of_a_fresh_network_normalises():
    """With the initial statistics 0 and 1 it would pass everything on as it is."""
    fresh = fresh_networks(seeded(residual), None, 1, IMAGES)
    (network,) = fresh.networks
    normalised = network[1](network[0](IMAGES))
    torch.testing.assert_close(normalised.mean((0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(normalised.std((0, 2, 3)), torch.ones(4), atol=1e-2, rtol=0)
    assert "statistics of these inputs" in fresh.told
    assert network[1].momentum == 0.1


def test_a_model_with_a_config_is_made_by_its_class():
    fresh = fresh_networks(Transformer(Config()), None, 2, IMAGES)
    assert len(fresh.networks) == 2
    assert fresh.told == "2 fresh networks: Transformer(config)."
    assert not torch.equal(fresh.networks[0].cls_token, fresh.networks[1].cls_token)


def stuck_in_reset():
    class Stuck(nn.Linear):
        def reset_parameters(self):
            nn.init.zeros_(self.bias)
            if not hasattr(self, "made"):
                self.made = True
                super().reset_parameters()

    return nn.Sequential(Stuck(12, 5))


@pytest.mark.parametrize(
    ("make", "inputs", "names"),
    [
        (without_config, IMAGES, "cls_token, position_embeddings"),
        (
            lambda: nn.Sequential(parametrizations.weight_norm(nn.Linear(12, 5))),
            VECTORS,
            "0.parametrizations.weight.original0, 0.parametrizations.weight.original1",
        ),
        (stuck_in_reset, VECTORS, "0.weight"),
    ],
)
def test_parameters_without_a_reset_are_named_and_fresh_is_asked_for(make, inputs, names):
    measured = {"measurements": ["parameter_norm"]}
    diagnosis = pb.diagnose(make(), inputs, LABELS, **measured)
    assert f"No fresh networks: of {names} it is not known" in diagnosis.notes[0]
    assert diagnosis["parameter_norm"].fresh == ()
    assert "n/a" in repr(diagnosis)
    given = pb.diagnose(make(), inputs, LABELS, fresh=make, fresh_seeds=2, **measured)
    assert len(given["parameter_norm"].fresh) == 2
    assert given.notes[0].startswith("2 fresh networks: made by the callable that was given.")


def test_another_architecture_is_no_control():
    with pytest.raises(pb.BadInputError, match=r"its parameter 0.weight is \(9, 12\), and that of"):
        pb.diagnose(mlp(), VECTORS, LABELS, fresh=lambda: mlp(width=9))
    with pytest.raises(pb.BadInputError, match=r"cannot be made: KeyError: 'x'"):
        pb.diagnose(mlp(), VECTORS, LABELS, fresh=lambda: {}["x"])


# ---- batches ------------------------------------------------------------------------------------


def test_without_targets_what_needs_them_is_missing():
    diagnosis = pb.diagnose(seeded(mlp), VECTORS, fresh_seeds=0)
    missing = {row.name for row in diagnosis.rows if row.missing.startswith("it needs targets")}
    assert missing == {name for name, one in MEASUREMENTS.items() if one.of_targets}
    labelled = pb.diagnose(seeded(mlp), VECTORS, LABELS, fresh_seeds=0)
    without = {row.name: row.value for row in diagnosis.rows if not row.missing and not row.layer}
    assert {"gauss_newton_srank99_n24", "ntk_effective_rank_n16"} <= without.keys()
    assert without == {name: labelled[name].value for name in without}


@pytest.mark.parametrize("name", KNOWN)
def test_what_depends_on_targets_says_so(name):
    """The flag is what the measurement does: other labels, other numbers."""
    probes = []
    for labels in (LABELS, LABELS * 0):
        network = network_of(seeded(lambda: mlp(nn.Tanh)))
        params = {key: value.detach()[None] for key, value in network.named_parameters()}
        initial = {key: value + 1 for key, value in params.items()}
        probes.append(Probe(network, params, initial, {}, VECTORS[None], labels[None]))
    one, other = (MEASUREMENTS[name].measure(probe) for probe in probes)
    differ = any(not np.array_equal(one[key], other[key]) for key in one)
    assert differ == MEASUREMENTS[name].of_targets


def test_values_make_the_loss_a_squared_error():
    values = torch.randn(24, generator=torch.Generator().manual_seed(2))
    module = seeded(lambda: mlp(classes=1))
    diagnosis = pb.diagnose(module, VECTORS, values, fresh_seeds=0)
    loss = (module(VECTORS)[:, 0] - values).square().mean()
    grads = torch.autograd.grad(loss, list(module.parameters()))
    expected = torch.cat([g.flatten() for g in grads]).norm().item()
    assert diagnosis["gradient_norm_n24"].value == pytest.approx(expected, rel=1e-5)


def test_tokens_and_half_precision_are_taken():
    module = seeded(
        lambda: nn.Sequential(nn.Embedding(7, 4), nn.Flatten(), nn.ReLU(), nn.Linear(12, 5))
    )
    tokens = torch.randint(7, (24, 3), generator=torch.Generator().manual_seed(0))
    whole = pb.diagnose(module, tokens, LABELS, fresh_seeds=0)
    assert [row.missing for row in whole.rows if "ntk" in row.name] == ["", ""]
    half = pb.diagnose(copy.deepcopy(module).half(), tokens, LABELS, fresh_seeds=0)
    assert half["fisher_srank99_n24"].value == pytest.approx(
        whole["fisher_srank99_n24"].value, abs=1
    )


def test_the_initial_parameters_give_the_distance():
    module, began = seeded(mlp), seeded(mlp)
    with torch.no_grad():
        module[0].bias.add_(2)
    diagnosis = pb.diagnose(module, VECTORS, LABELS, initial=began.state_dict(), fresh_seeds=2)
    assert diagnosis["distance_from_init"].value == pytest.approx(2 * math.sqrt(8), rel=1e-6)
    assert diagnosis["distance_from_init"].fresh == ()
    with pytest.raises(pb.BadInputError, match=r"have no such entry for 0.weight"):
        pb.diagnose(module, VECTORS, LABELS, initial={})


class Returns(nn.Module):
    """A network whose outputs are wrapped."""

    def __init__(self, wrap):
        super().__init__()
        self.inner = mlp()
        self.wrap = wrap

    def forward(self, x):
        return self.wrap(self.inner(x))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda logits: {"logits": logits},
        lambda logits: {"out": logits, "aux": None},
        lambda logits: (logits, None),
        lambda logits: [{"logits": logits}],
    ],
)
def test_logits_are_found(wrap):
    found = pb.diagnose(seeded(lambda: Returns(wrap)), VECTORS, LABELS, fresh_seeds=1)
    plain = pb.diagnose(seeded(mlp), VECTORS, LABELS, fresh_seeds=0)
    assert found["fisher_effective_rank_n24"].value == plain["fisher_effective_rank_n24"].value


@pytest.mark.parametrize(
    "wrap", [nn.DataParallel, pytest.param(torch.compile, marks=pytest.mark.slow)]
)
def test_a_network_that_is_wrapped_is_the_one_inside(wrap):
    module = seeded(mlp)
    found = pb.diagnose(wrap(module), VECTORS, LABELS, fresh_seeds=1, measurements=["fisher"])
    plain = pb.diagnose(module, VECTORS, LABELS, fresh_seeds=1, measurements=["fisher"])
    assert found == plain


class Centred(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(12, 8), nn.Linear(8, 5)

    def forward(self, x):
        hidden = self.first(x)
        return self.second((hidden - hidden.mean(0)).relu())


def normalised():
    norm = nn.BatchNorm1d(8, track_running_stats=False)
    return nn.Sequential(nn.Linear(12, 8), norm, nn.ReLU(), nn.Linear(8, 5))


@pytest.mark.parametrize("make", [Centred, normalised])
def test_a_network_that_mixes_examples_is_refused(make):
    """Its gradients of single examples are those of another function."""
    with pytest.raises(pb.BadInputError, match="depend on the other examples of its batch"):
        pb.diagnose(seeded(make), VECTORS, LABELS, fresh_seeds=1)


def same_each_time():
    torch.manual_seed(0)
    return mlp()


def test_fresh_networks_that_are_all_one_are_refused():
    with pytest.raises(pb.BadInputError, match="sets a seed of its own"):
        pb.diagnose(seeded(mlp), VECTORS, LABELS, fresh=same_each_time, fresh_seeds=2)


def test_measurements_may_be_any_iterable():
    found = pb.diagnose(seeded(mlp), VECTORS, LABELS, fresh_seeds=0, measurements=iter(["fisher"]))
    assert found.rows


def with_nan():
    module = mlp()
    with torch.no_grad():
        module[2].weight[0, :2] = math.nan
    return module


@pytest.mark.parametrize(
    ("make", "inputs", "targets", "sentence"),
    [
        (with_nan, VECTORS, LABELS, "The parameter 2.weight is NaN or infinite in 2 of its 40"),
        (lambda: nn.Sequential(nn.LazyLinear(3)), VECTORS, LABELS, "is lazy: apply the network"),
        (nn.ReLU, VECTORS, LABELS, "The network has no parameters"),
        (lambda: lambda x: x, VECTORS, LABELS, "must be a torch.nn.Module, not a function"),
        (lambda: Returns(lambda x: {"a": x}), VECTORS, LABELS, "returns a dict with a, in which"),
        (lambda: Returns(lambda x: x[:, None]), VECTORS, LABELS, "have shape (24, 1, 5) for 24"),
        (mlp, VECTORS[:, :5], LABELS, "cannot be applied to inputs of shape (24, 5)"),
        (mlp, VECTORS[:1], LABELS[:1], "must be of two examples or more"),
        (mlp, VECTORS / 0, LABELS, "The inputs of 24 of 24 examples are NaN or infinite"),
        (mlp, {"x": VECTORS}, LABELS, "The inputs must be one tensor or array, not a dict"),
        (mlp, torch.tensor(1.0), LABELS, "inputs must have a row for each example, not be one num"),
        (
            mlp,
            VECTORS,
            LABELS[0],
            "The targets must have a row for each example, not be one number",
        ),
        (mlp, VECTORS, LABELS[:9], "There are 9 targets for 24 inputs"),
        (mlp, VECTORS, LABELS + 1, "Labels are from 0 to 4, one for each of the network's"),
        (mlp, VECTORS, LABELS - 1, "but these are from -1 to"),
        (mlp, VECTORS, LABELS[:, None], "Labels are integers of shape (examples,), not"),
        (mlp, VECTORS, LABELS.double(), "have the shape of the network's outputs, (24, 5)"),
        (lambda: mlp(classes=1), VECTORS, LABELS * 0, "The network has one output, and labels"),
    ],
)
def test_what_is_wrong_is_one_sentence(make, inputs, targets, sentence):
    with pytest.raises(pb.BadInputError, match=re.escape(sentence)) as raised:
        pb.diagnose(make(), inputs, targets)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"measurements": ["fischer"]}, "Unknown measurement 'fischer'. Did you mean 'fisher'?"),
        ({"measurements": ["update_norm"]}, "Unknown measurement 'update_norm'."),
        ({"examples": 1}, "examples must be an integer of 2 or more, not 1."),
        ({"examples": "64"}, "examples must be an integer of 2 or more, not '64'."),
        ({"fresh_seeds": -1}, "fresh_seeds must be an integer of 0 or more, not -1."),
        ({"fresh_seeds": 2.5}, "fresh_seeds must be an integer of 0 or more, not 2.5."),
        ({"memory_gb": 0}, "memory_gb must be a number of more than 0, not 0."),
        ({"memory_gb": "4"}, "memory_gb must be a number of more than 0, not '4'."),
        ({"initial": mlp()}, "as module.state_dict() returns, not a Sequential."),
    ],
)
def test_wrong_arguments_are_named(given, sentence):
    with pytest.raises(pb.BadInputError, match=re.escape(sentence)):
        pb.diagnose(mlp(), VECTORS, LABELS, **given)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.uint64])
def test_labels_of_any_integer_type_are_labels(dtype):
    module = seeded(mlp)
    given = {"fresh_seeds": 0, "measurements": ["gradient_norm"]}
    value = pb.diagnose(module, VECTORS, LABELS, **given)["gradient_norm_n24"].value
    assert (
        pb.diagnose(module, VECTORS, LABELS.to(dtype), **given)["gradient_norm_n24"].value == value
    )
    with pytest.raises(pb.BadInputError, match="Labels are from 0 to 4"):
        pb.diagnose(module, VECTORS, (LABELS + 1).to(dtype), **given)


# ---- examples, memory and time ------------------------------------------------------------------


def test_only_the_first_examples_are_used_and_the_note_says_so():
    diagnosis = pb.diagnose(seeded(mlp), VECTORS, LABELS, examples=20, fresh_seeds=0)
    first = pb.diagnose(seeded(mlp), VECTORS[:20], LABELS[:20], fresh_seeds=0)
    value = diagnosis["fisher_effective_rank_n20"].value
    assert value == first["fisher_effective_rank_n20"].value
    assert (
        "Measured on the first 20 of 24 examples; neural_tangent_kernel on 16." in diagnosis.notes
    )
    assert "Measured on all 20 examples; neural_tangent_kernel on 16." in first.notes


def test_what_does_not_fit_is_taken_on_fewer_examples_or_left_out():
    size = budget.Size(10**6, 10, 10**4, 10**6, 0, 10**6, 4)
    fits = budget.examples_for("fisher", size, 256, 4.0, requested=True)
    fewer = budget.examples_for("fisher", size, 256, 0.03, requested=True)
    none = budget.examples_for("fisher", size, 256, 0.01, requested=True)
    assert fits == (256, "")
    assert fewer == (32, "")
    assert none[0] == 0 and "GB are allowed: memory_gb, or --memory-gb, raises this" in none[1]
    many_classes = budget.Size(10**4, 1000, 100, 100, 0, 10**4, 4)
    assert budget.examples_for("gauss_newton", many_classes, 64, 4.0, requested=True) == (
        0,
        "1,000 outputs are too many",
    )


@pytest.mark.slow
def test_a_large_hessian_is_measured_where_it_is_asked_for():
    module = seeded(lambda: mlp(width=90))  # 1,625 parameters
    quick = pb.diagnose(module, VECTORS, LABELS, fresh_seeds=0)
    reasons = {row.name: row.missing for row in quick.rows}
    assert (
        reasons["hessian"]
        == "it takes long: ask for it by name, or for all (measurements, or --measure)"
    )
    asked = pb.diagnose(module, VECTORS, LABELS, fresh_seeds=0, measurements=["hessian"])
    assert asked["hessian_effective_rank_n24"].value > 0


@pytest.mark.parametrize(("make", "slow"), [(mlp, False), (residual, True)])
def test_what_is_slow_for_a_network_is_left_out(make, slow):
    assert budget.has_slow_products(network_of(seeded(make))) == slow


def test_a_hessian_that_is_slow_is_measured_where_it_is_asked_for(monkeypatch):
    monkeypatch.setattr(budget, "SLOW_LAYERS", (nn.Linear,))
    diagnosis = pb.diagnose(seeded(mlp), VECTORS, LABELS, fresh_seeds=0)
    missing = {row.name: row.missing for row in diagnosis.rows if row.missing}
    assert missing["hessian"] == missing["last_layers"] == budget.TAKES_LONG
    asked = pb.diagnose(seeded(mlp), VECTORS, LABELS, fresh_seeds=0, measurements=["hessian"])
    assert asked["hessian_effective_rank_n24"].value > 1


def test_kernels_of_large_networks_are_left_out():
    large = budget.Size(10**6, 10, 10, 10**4, 0, 10**6, 4)
    slow = budget.examples_for("neural_tangent_kernel", large, 16, 100.0, requested=False)
    assert slow == (0, budget.TAKES_LONG)
    asked = budget.examples_for("neural_tangent_kernel", large, 16, 100.0, requested=True)
    assert asked == (16, "")


# ---- layers with batch normalisation ------------------------------------------------------------


@pytest.mark.parametrize("norm", ["2d", "1d"])
def test_the_gram_matrix_of_batch_normalisation_is_that_of_dense_gradients(norm):
    module = seeded(
        residual
        if norm == "2d"
        else lambda: nn.Sequential(nn.Linear(12, 6), nn.BatchNorm1d(6), nn.ReLU(), nn.Linear(6, 5))
    )
    inputs = IMAGES if norm == "2d" else VECTORS
    module(inputs)  # statistics that are not 0 and 1
    network = network_of(module).double()
    params = {name: value.detach() for name, value in network.named_parameters()}
    stacked = {name: value[None] for name, value in params.items()}
    given = inputs.double(), LABELS
    ours = gram(network, stacked, given[0][None], given[1][None], loss_gradient)[0]
    rows = []
    for x, label in zip(*given):
        loss = nn.functional.cross_entropy(network(x[None]), label[None])
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        rows.append(torch.cat([g.flatten() for g in gradients]))
    dense = torch.stack(rows)
    torch.testing.assert_close(ours, dense @ dense.T / len(rows))
    torch.testing.assert_close(ours, direct_gram(network, params, *given, loss_gradient))
    assert budget.size_of(network, given[0], 5).uncovered == 0  # so the formula was used


# ---- what comes out -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    return pb.diagnose(seeded(mlp), VECTORS, LABELS, fresh_seeds=2)


def test_the_table_has_every_number_of_the_network_and_why_others_are_missing(small):
    text = repr(small)
    assert text.startswith("Sequential: 149 parameters, 24 examples\n")
    for row in small.rows:
        if row.missing or (not row.layer and not row.is_uncertainty):
            assert row.name in text
    assert "n/a: saturated_tanh0.9_n24: the network has no tanh." in text
    assert "parameter_norm/0" not in text
    assert "parameter_norm/0" in small.render(layers=True)
    assert "<table>" in small._repr_html_()


def test_json_has_everything_and_no_nan(small, tmp_path):
    small.to_json(tmp_path / "d.json")
    held = json.loads((tmp_path / "d.json").read_text(), parse_constant=pytest.fail)
    assert held["format"] == 1
    assert len(held["rows"]) == len(small.rows)
    by_name = {(row["name"], row["layer"]): row for row in held["rows"]}
    assert by_name["saturated_tanh0.9_n24", ""]["value"] is None
    assert by_name["parameter_norm", ""]["value"] == small["parameter_norm"].value
    assert tuple(by_name["parameter_norm", ""]["fresh"]) == small["parameter_norm"].fresh
    with pytest.raises(pb.BadInputError, match="cannot be written"):
        small.to_json(tmp_path / "d.json" / "x")


@pytest.mark.slow
def test_the_picture_is_drawn(small, tmp_path):
    pytest.importorskip("matplotlib")
    small.plot(tmp_path / "d.png")
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(pb.BadInputError, match=r"plot: .*d.gif: a figure's file ends in .png"):
        small.plot(tmp_path / "d.gif")


def test_a_name_that_is_none_raises(small):
    with pytest.raises(KeyError):
        small["no_such"]


def test_every_measurement_has_a_budget_and_the_headline_comes_first():
    assert KNOWN[0] == "fisher_srank99"
    assert set(KNOWN) == set(MEASUREMENTS) - {"update_norm"}


# ---- models of others ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_resnet_of_torchvision():
    torchvision_datasets()  # its import may need a guard
    torchvision = pytest.importorskip("torchvision")

    def make():
        return torchvision.models.resnet18(num_classes=5)

    few = ["fisher_srank99", "dormant_units", "feature_rank", "gradient_norm", "parameter_norm"]
    inputs = torch.rand(8, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    diagnosis = pb.diagnose(
        seeded(make), inputs, LABELS[:8], fresh=make, fresh_seeds=2, measurements=few
    )
    assert diagnosis.network == "ResNet"
    assert 1 < diagnosis["fisher_srank99_n8"].value <= 8
    assert len(diagnosis["dormant_units_tau0_n8/layer4.1.relu#2"].fresh) == 2
    assert not [row.name for row in diagnosis.rows if row.missing]


@pytest.mark.slow
def test_a_vision_transformer_of_hugging_face():
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        image_size=8, patch_size=4, num_labels=5,
    )  # fmt: skip
    module = transformers.ViTForImageClassification(config)
    diagnosis = pb.diagnose(module, IMAGES, LABELS, fresh_seeds=2)
    assert diagnosis.notes[0] == "2 fresh networks: ViTForImageClassification(config)."
    missing = {row.name for row in diagnosis.rows if row.missing}
    longest = {"hessian", "hessian_absolute_rank", "last_layers", "curvature_volatility"}
    assert missing == {"saturated_tanh0.9_n24", "distance_from_init", *longest}
    everything = pb.diagnose(module, IMAGES, LABELS, fresh_seeds=0, measurements="all")
    missing = {row.name for row in everything.rows if row.missing}
    assert missing == {"saturated_tanh0.9_n24", "distance_from_init"}
