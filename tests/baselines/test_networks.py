"""Baselines that change the network: the right one everywhere, and what it costs."""

import pytest
import torch
from torch import nn

import plasticity_bench as pb
from plasticity_bench.networks import sizing
from tests.support.helpers import SPEC, assert_equals_plain, batch, new_state, stacked_batch, train

SPECS = [
    SPEC,
    pb.NetworkSpec(hidden=(100, 100), input_shape=(28, 28), num_outputs=10),
    pb.NetworkSpec(
        name="cnn", channels=(16, 16), hidden=(32,), input_shape=(3, 16, 16), num_outputs=10
    ),
    pb.NetworkSpec(
        name="vit", patch_size=4, dim=32, depth=2, heads=4, input_shape=(8, 8), num_outputs=10
    ),
]


def size(module):
    return sum(value.numel() for value in module.parameters())


@pytest.mark.parametrize("name", ["crelu", "deep_fourier"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: f"{spec.name}{spec.hidden}")
def test_the_number_of_parameters_is_kept(name, spec):
    learner, _ = new_state(name, spec)
    before, after = size(pb.build_network(spec)), size(learner.build(spec))
    assert 0.7 * before <= after <= before


def test_narrowing_finds_the_widest_network_that_fits():
    """By trying every factor."""
    spec = SPECS[1]
    found = pb.match_num_parameters(spec, activation="crelu")
    most = size(pb.build_network(spec))
    fitting = []
    for width in range(1, 101):
        made = pb.build_network(
            pb.NetworkSpec(
                hidden=(width, width), activation="crelu", input_shape=(28, 28), num_outputs=10
            )
        )
        if size(made) <= most:
            fitting.append(width)
    assert found.hidden == (max(fitting),) * 2
    assert found.activation == "crelu"


def test_what_fits_already_is_not_narrowed():
    assert pb.match_num_parameters(SPEC) == SPEC
    assert pb.match_num_parameters(SPEC, norm="layer").norm == "layer"
    assert pb.match_num_parameters(SPEC, hidden=[4, 4]).hidden == (4, 4)


def test_a_key_that_no_network_has_is_refused():
    with pytest.raises(pb.BadInputError, match="no 'widths'. Did you mean 'width'"):
        pb.match_num_parameters(SPEC, widths=[4, 4])


def test_building_narrower_draws_the_same_numbers_whatever_was_built_before():
    learner, _ = new_state("crelu")
    sizing._narrowed.cache_clear()
    drawn = []
    for _ in range(2):  # the second time, the narrowed widths are remembered
        torch.manual_seed(0)
        drawn.append(learner.build(SPEC)[1].weight)
    assert torch.equal(*drawn)


@pytest.mark.parametrize(
    ("name", "by_hand"),
    [
        ("crelu", lambda x: torch.cat([x.clamp_min(0), (-x).clamp_min(0)], -1)),
        ("deep_fourier", lambda x: torch.cat([torch.sin(x), torch.cos(x)], -1)),
        ("leaky_relu", lambda x: torch.where(x > 0, x, 0.01 * x)),
    ],
)
def test_the_network_is_the_one_written_out(name, by_hand):
    learner, _ = new_state(name)
    module = learner.build(SPEC)
    x = torch.randn(6, 4, 4)
    hidden = x.flatten(1)
    layers = [part for part in module if isinstance(part, nn.Linear)]
    assert len(layers) == 3
    for layer in layers[:-1]:
        hidden = by_hand(hidden @ layer.weight.T + layer.bias)
    torch.testing.assert_close(module(x), hidden @ layers[-1].weight.T + layers[-1].bias)


# ---- plasticity injection -----------------------------------------------------------------------


def parts(state, part):
    return {k: v[0].clone() for k, v in state.params.items() if k.startswith(part)}


def unchanged(before, after):
    return [torch.equal(value, after[name]) for name, value in before.items()]


def test_injection_changes_what_learns_and_not_the_outputs():
    learner, _ = new_state("plasticity_injection", start=5, step_size=1e-2)
    population = train(learner, [0], 0)
    first = population.state
    assert all(
        unchanged(
            parts(first, "frozen"),
            {k.replace("new", "frozen"): v for k, v in parts(first, "new").items()},
        )
    )
    start = {name: parts(first, name) for name in ("body", "head", "new", "frozen")}
    for step in range(10):
        before = {name: parts(population.state, name) for name in start}
        population.update(*stacked_batch([0], step))
        after = {name: parts(population.state, name) for name in start}
        assert all(unchanged(before["frozen"], after["frozen"]))
        assert all(unchanged(before["new"], after["new"])) == (step < 5)
        assert all(unchanged(before["head"], after["head"])) == (step >= 5)
        assert not any(unchanged(before["body"], after["body"]))
        if step == 4:
            x, _ = batch(0, 77)
            body, head = (
                {k.split(".", 1)[1]: v for k, v in after[name].items()} for name in ("body", "head")
            )
            module = population.module
            z = torch.func.functional_call(module.body, body, (x,))
            plain = torch.func.functional_call(module.head, head, (z,))
            assert torch.allclose(population.predict(x[None])[0], plain, atol=1e-6)


def test_injection_equals_a_direct_implementation():
    """Gradients through three heads, an optimiser for what learns, made anew for the new head."""
    learner, _ = new_state("plasticity_injection", start=8)

    class Direct(torch.optim.Optimizer):
        def __init__(self, params):
            every = list(params)
            super().__init__(every, {})
            body, head = len(list(learner.build(SPEC).body.parameters())), len(every)
            third = (head - body) // 3
            self.count = 0
            self.body = torch.optim.Adam(every[:body], lr=1e-3)
            self.own = self.Aligned(every[body + 2 * third :])
            self.new = self.Aligned(every[body : body + third])

        class Aligned:
            """Adam, whose corrections count all updates of the run."""

            def __init__(self, params):
                self.params = params
                self.m = [torch.zeros_like(p) for p in params]
                self.v = [torch.zeros_like(p) for p in params]

            def step(self, count):
                for p, m, v in zip(self.params, self.m, self.v):
                    m.mul_(0.9).add_(0.1 * p.grad)
                    v.mul_(0.999).add_(0.001 * p.grad**2)
                    p.sub_(1e-3 * (m / (1 - 0.9**count)) / ((v / (1 - 0.999**count)).sqrt() + 1e-8))

        @torch.no_grad()
        def step(self):
            self.count += 1
            self.body.step()
            (self.own if self.count <= 8 else self.new).step(self.count)

    assert_equals_plain(learner, Direct, steps=20, atol=1e-5)


def test_only_the_last_layers_are_injected():
    for depth, body in ((1, 1), (2, 0)):
        module = new_state("plasticity_injection", depth=depth)[0].build(SPEC)
        for part, expected in (
            (module.body, body),
            (module.head, depth + 1),
            (module.new, depth + 1),
        ):
            assert sum(isinstance(layer, nn.Linear) for layer in part) == expected
