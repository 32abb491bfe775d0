"""Functional optimisers against `torch.optim`, on a loss whose gradients do not vanish."""

import pytest
import torch

from plasticity_bench.learners.optimizers import OPTIMIZERS

STEPS = 300


def losses(params, step):
    """A different noisy quadratic at every step: gradients keep their size."""
    generator = torch.Generator().manual_seed(step)
    total = 0.0
    for name in sorted(params):
        target = torch.randn(params[name].shape, generator=generator)
        total = total + ((params[name] - target) ** 2).sum() * 0.3
    return total


def initial():
    generator = torch.Generator().manual_seed(0)
    return {
        "weight": torch.randn(7, 3, generator=generator),
        "bias": torch.randn(7, generator=generator),
    }


def functional(name, settings):
    params = initial()
    rule = OPTIMIZERS[name]
    moments = rule.initial_moments(params)
    for step in range(1, STEPS + 1):
        gradients = torch.func.grad(losses)(params, step)
        params, moments = rule.update(params, gradients, moments, torch.tensor(step), **settings)
    return params


def reference(make):
    params = {name: torch.nn.Parameter(value) for name, value in initial().items()}
    optimizer = make(params.values())
    for step in range(1, STEPS + 1):
        optimizer.zero_grad()
        losses(params, step).backward()
        optimizer.step()
    return params


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_sgd_is_torch_sgd(momentum, decay):
    ours = functional("sgd", {"step_size": 0.02, "momentum": momentum, "weight_decay": decay})
    theirs = reference(lambda p: torch.optim.SGD(p, 0.02, momentum, weight_decay=decay))
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name].data, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9), (0.0, 0.0)])
@pytest.mark.parametrize("decay", [0.0, 0.1])
@pytest.mark.parametrize("epsilon", [1e-8, 1e-2])
def test_adam_is_torch_adam(betas, decay, epsilon):
    settings = {
        "step_size": 0.02,
        "beta1": betas[0],
        "beta2": betas[1],
        "epsilon": epsilon,
        "weight_decay": decay,
    }
    ours = functional("adam", settings)
    theirs = reference(lambda p: torch.optim.Adam(p, 0.02, betas, eps=epsilon, weight_decay=decay))
    for name, value in ours.items():
        torch.testing.assert_close(value, theirs[name].data, rtol=1e-4, atol=1e-5)


def test_settings_as_float64_tensors_change_no_bit():
    """What a grid of hyperparameters relies on: a tensor is rounded just as a Python float is."""
    for name, settings in (
        ("sgd", {"step_size": 0.013, "momentum": 0.87, "weight_decay": 0.011}),
        (
            "adam",
            {
                "step_size": 0.013,
                "beta1": 0.87,
                "beta2": 0.993,
                "epsilon": 1e-5,
                "weight_decay": 0.01,
            },
        ),
    ):
        tensors = {key: torch.tensor(value, dtype=torch.float64) for key, value in settings.items()}
        plain, lifted = functional(name, settings), functional(name, tensors)
        assert all(torch.equal(plain[key], lifted[key]) for key in plain)
