"""Baselines that change the optimiser: against torch.optim, by hand, and what they keep."""

import functools

import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.noise import Noise
from tests.support.helpers import assert_equals_plain, moved, new_state, train


def test_adamw_is_that_of_pytorch():
    learner, _ = new_state("adamw", decay=0.3, step_size=3e-3)
    assert_equals_plain(
        learner, functools.partial(torch.optim.AdamW, lr=3e-3, weight_decay=0.3), atol=2e-5
    )


def test_the_decay_of_adamw_does_not_go_through_its_averages():
    learner, state = new_state("adamw", decay=0.5, step_size=0.1)
    zeros = {k: torch.zeros_like(v) for k, v in state.params.items()}
    after = learner.apply_gradients(zeros, state._replace(step=state.step + 1), None)
    for name, value in state.params.items():
        torch.testing.assert_close(after.params[name], 0.95 * value)
        assert not after.moments["first"][name].any()


def test_adam_with_equal_betas_is_that_of_pytorch():
    learner, _ = new_state("adam_equal_betas")
    assert_equals_plain(
        learner, functools.partial(torch.optim.Adam, lr=1e-3, betas=(0.99, 0.99)), atol=2e-5
    )


# ---- perturbed gradient descent -----------------------------------------------------------------


def test_perturbed_descent_moves_by_gradient_and_noise_of_the_stated_scale():
    learner, state = new_state("perturbed_gradient_descent", step_size=0.5, noise_scale=0.2)
    big = {"a": torch.randn(300, 300), "b": torch.randn(300, 300)}
    state = learner.restart(big)
    gradients = moved(big, seed=1)
    after = learner.apply_gradients(gradients, state, Noise(torch.tensor(3)))
    noise = {k: ((big[k] - after.params[k]) / 0.5 - gradients[k]) / 0.2 for k in big}
    for value in noise.values():
        assert abs(value.mean()) < 4 / 300
        assert value.std().item() == pytest.approx(1, abs=0.01)
    assert abs((noise["a"] * noise["b"]).mean()) < 4 / 300


def test_perturbed_descent_without_noise_is_sgd():
    learner, _ = new_state("perturbed_gradient_descent", noise_scale=0.0, weight_decay=0.1)
    make = functools.partial(torch.optim.SGD, lr=1e-2, weight_decay=0.1)
    assert_equals_plain(learner, make, atol=1e-5)


# ---- UPGD ---------------------------------------------------------------------------------------


def sigmoid(x):
    return 1 / (1 + torch.exp(-torch.tensor(x, dtype=torch.float64))).item()


@pytest.mark.parametrize("corrected", [True, False])
def test_two_steps_of_upgd_by_hand(corrected):
    """Two weights, no noise: utilities 0.1 * (2, -3), then decayed and added to."""
    learner, _ = new_state(
        "upgd",
        step_size=0.5,
        weight_decay=0.2,
        utility_decay=0.9,
        noise_scale=0.0,
        correct_maximum=corrected,
    )
    state = learner.restart({"a.weight": torch.tensor([[1.0]]), "b.bias": torch.tensor([3.0])})
    gradients = {"a.weight": torch.tensor([[-2.0]]), "b.bias": torch.tensor([1.0])}
    a, b, u_a, u_b = 1.0, 3.0, 0.0, 0.0
    for step in (1, 2):
        state = learner.apply_gradients(
            gradients, state._replace(step=state.step + 1), Noise(torch.tensor(0))
        )
        u_a, u_b = 0.9 * u_a + 0.1 * 2 * a, 0.9 * u_b - 0.1 * b
        scale = max(u_a, u_b) * (1 if corrected else 1 - 0.9**step)
        a = (1 - 0.5 * 0.2) * a + 0.5 * 2 * (1 - sigmoid(u_a / scale))
        b = (1 - 0.5 * 0.2) * b - 0.5 * (1 - sigmoid(u_b / scale))
        assert state.memory["a.weight"].item() == pytest.approx(u_a, rel=1e-5)
        assert state.params["a.weight"].item() == pytest.approx(a, rel=1e-5)
        assert state.params["b.bias"].item() == pytest.approx(b, rel=1e-5)


def test_upgd_equals_a_direct_implementation():
    settings = {"utility_decay": 0.9, "correct_maximum": True}
    learner, _ = new_state("upgd", step_size=0.1, noise_scale=0.0, **settings)

    class Direct(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(list(params), {})

        @torch.no_grad()
        def step(self):
            params = self.param_groups[0]["params"]
            for p in params:
                old = self.state[p].get("u", torch.zeros_like(p))
                self.state[p]["u"] = 0.9 * old - 0.1 * p.grad * p
            most = max(self.state[p]["u"].max().item() for p in params)
            for p in params:
                gate = 1 - torch.sigmoid(self.state[p]["u"] / most)
                p.mul_(1 - 0.1 * 1e-3).sub_(0.1 * p.grad * gate)

    assert_equals_plain(learner, Direct, atol=1e-5)


def test_the_noise_of_upgd_is_scaled_as_the_gradient_is():
    """Weights of zero utility are gated by one half."""
    learner, _ = new_state("upgd", step_size=1.0, weight_decay=0.0, noise_scale=0.2)
    zeros = {"a.weight": torch.zeros(300, 300)}
    state = learner.restart(zeros)
    after = learner.apply_gradients(
        zeros, state._replace(step=state.step + 1), Noise(torch.tensor(1))
    )
    assert after.params["a.weight"].std().item() == pytest.approx(0.5 * 0.2, rel=0.01)


# ---- the hare and the tortoise ------------------------------------------------------------------


def test_the_hare_returns_to_the_tortoise_at_every_period():
    learner, _ = new_state("hare_and_tortoise", period=10, momentum_slow=0.9)
    slow = {}

    def after(module, start, step):
        for name, value in module.named_parameters():
            slow[name] = 0.9 * slow.get(name, start[name]) + 0.1 * value
            if step % 10 == 0:
                value.copy_(slow[name])

    make = functools.partial(torch.optim.Adam, lr=1e-3)
    assert_equals_plain(learner, make, steps=25, atol=2e-5, after=after)
    state = train(learner, [0], 20).state
    for name, value in state.params.items():
        assert torch.equal(value, state.memory[name])
        assert state.moments["first"][name].any()
    state = train(learner, [0], 21).state
    assert not torch.equal(state.params["head.weight"], state.memory["head.weight"])


# ---- any optimiser of torch.optim ---------------------------------------------------------------


OWN = {
    "RMSprop": functools.partial(torch.optim.RMSprop, lr=1e-3),
    "SGD": functools.partial(torch.optim.SGD, lr=1e-2, momentum=0.9),
    "NAdam": functools.partial(torch.optim.NAdam, lr=1e-3),
    "Adagrad": functools.partial(torch.optim.Adagrad, lr=1e-2),
}


@pytest.mark.parametrize("name", OWN)
def test_an_optimiser_of_pytorch_is_brought_unchanged(name):
    learner, _ = new_state("torch_optimizer")

    class Other(type(learner)):
        def _optimizer(self, parameters):
            return OWN[name](parameters)

    assert_equals_plain(learner if name == "RMSprop" else Other(), OWN[name], steps=15, atol=1e-6)


class WithMuon(find_learner("torch_optimizer")):
    """Muon for hidden matrices, as the docstring has it."""

    def _optimizers(self, parameters):
        names = [layer.weight for layer in self.network.hidden if not layer.convolution]
        matrices = [parameters[name] for name in names]
        others = [value for name, value in parameters.items() if name not in names]
        return [torch.optim.Muon(matrices), torch.optim.Adam(others, lr=self.step_size)]


class BothOfPyTorch:
    """The two optimisers as one, for a module of `SPEC`."""

    def __init__(self, params):
        params = list(params)
        matrices = [params[0], params[2]]
        others = [params[1], *params[3:]]
        self.parts = [torch.optim.Muon(matrices), torch.optim.Adam(others, lr=1e-3)]

    def zero_grad(self):
        for part in self.parts:
            part.zero_grad()

    def step(self):
        for part in self.parts:
            part.step()


def test_muon_is_brought_with_another_optimiser_beside_it():
    assert_equals_plain(WithMuon(), BothOfPyTorch, steps=15, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (torch.optim.Muon, r"refuses to make .*2D.*override _optimizers"),
        (torch.optim.LBFGS, r"LBFGS evaluates the loss several times for a step, by a closure"),
    ],
)
def test_optimisers_that_do_not_fit_are_refused_in_a_sentence(make, problem):
    class Other(find_learner("torch_optimizer")):
        def _optimizer(self, parameters):
            return make(parameters)

    with pytest.raises(pb.LearnerError, match=f"^Learner Other: .*{problem}"):
        train(Other(), [0], 1)


# ---- selective weight re-initialisation ---------------------------------------------------------

KEY = torch.tensor(7)


def reinitialised(step=10, big=None, **hyperparameters):
    """One update with a step size too small to matter; what changed, and the states around it."""
    learner, state = new_state(
        "selective_weight_reinitialization",
        step_size=1e-12,
        optimizer="sgd",
        period=10,
        **hyperparameters,
    )
    if big is not None:
        state = learner.restart(big)
    gradients = moved({k: torch.zeros_like(v) for k, v in state.params.items()}, 1.0, seed=2)
    before = state._replace(params=moved(state.params, 0.1), step=torch.tensor(step))
    after = learner.apply_gradients(gradients, before, Noise(KEY))
    changed = {k: (after.params[k] - v).abs() > 1e-9 for k, v in before.params.items()}
    return before, gradients, after, changed


def test_weights_of_low_utility_are_replaced_when_it_is_time():
    for by_gradient in (True, False):
        before, gradients, _, changed = reinitialised(factor=0.3, by_gradient=by_gradient)
        for name, value in before.params.items():
            utility = (value * (gradients[name] if by_gradient else 1)).abs()
            assert torch.equal(changed[name], utility <= 0.3 * utility.mean()), name
        assert any(mask.any() for mask in changed.values())
    _, _, _, changed = reinitialised(factor=0.3, step=11)
    assert not any(mask.any() for mask in changed.values())


def test_the_lowest_fraction_is_replaced():
    """256 weights, 0.1: 25 of them, and one more in six cases of ten."""
    before, gradients, _, changed = reinitialised(factor=0.1, proportional=True)
    utility = (before.params["linear0.weight"] * gradients["linear0.weight"]).abs()
    mask = changed["linear0.weight"]
    assert int(mask.sum()) in (25, 26)
    assert utility[mask].max() < utility[~mask].min()
    learner, _ = new_state("selective_weight_reinitialization", factor=0.1, proportional=True)
    counts = [learner._lowest(utility, Noise(KEY + i)).sum().item() for i in range(400)]
    assert set(counts) == {25, 26}
    assert sum(counts) / 400 == pytest.approx(25.6, abs=0.1)


def test_replaced_weights_have_the_initial_distribution():
    big = {"a.weight": torch.rand(300, 300) + 1.5, "norm.weight": torch.ones(400)}
    _, _, after, changed = reinitialised(factor=1.0, proportional=True, big=big)
    assert changed["a.weight"].float().mean() > 0.999
    new = after.params["a.weight"].flatten()
    quantiles = torch.quantile(new[:90_000], torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]))
    expected = torch.tensor([1.5, 1.75, 2.0, 2.25, 2.5])
    torch.testing.assert_close(quantiles, expected, atol=0.01, rtol=0)
    assert (after.params["norm.weight"] == 1).all()
