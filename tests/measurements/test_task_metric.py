"""The time to a target, in closed form and beside a loop."""

import numpy as np
import pytest
import torch

from plasticity_bench.measurements.task_metric import (
    WINDOW_EXAMPLES,
    metric_and_loss,
    updates_to_target,
)

SEED = 5


def test_a_step_is_seen_once_the_window_is_full_of_it():
    """Accuracy 0 for 20 updates, then 1: of 8 batches, 0.9 asks for all 8 and 0.5 for four."""
    metrics = np.repeat([0.0, 1.0], [20, 30])[:, None]
    batch_size = WINDOW_EXAMPLES // 8
    assert updates_to_target(metrics, None, 0.9, batch_size).tolist() == [28]
    assert updates_to_target(metrics, None, 0.5, batch_size).tolist() == [24]


def test_what_is_not_reached_has_no_time_and_others_keep_theirs():
    metrics = np.array([[1.0, 0.2, np.nan]] * 40)
    found = updates_to_target(metrics, None, 0.9, 32)
    assert found[0] == WINDOW_EXAMPLES / 32
    assert np.isnan(found[1:]).all()


def test_a_short_task_has_one_window():
    assert updates_to_target(np.array([[0.8], [1.0]]), None, 0.9, 1).tolist() == [2]


@pytest.mark.parametrize("batches", [1, 10, 40, 157])
@pytest.mark.parametrize("regression", [False, True])
def test_a_replicas_metric_and_loss_do_not_depend_on_the_others(batches, regression):
    draws = torch.Generator().manual_seed(SEED)
    # In float64: sums of float32 in float64 are mostly exact.
    outputs = torch.randn(batches, 5, 100, 3, generator=draws, dtype=torch.float64)
    targets = (
        torch.randn(outputs.shape, generator=draws) if regression else outputs.argsort()[..., 0]
    )
    together = metric_and_loss(zip(outputs, targets, strict=True))
    for replica in range(5):
        alone = metric_and_loss(zip(outputs[:, [replica]], targets[:, [replica]], strict=True))
        for one, other in zip(together, alone, strict=True):
            assert one[replica].item() == other.item()


def test_a_replicas_time_to_a_target_does_not_depend_on_the_others():
    """A rising accuracy; the mean of every window of 9 batches is a target in turn."""
    rising = np.linspace(0, 1, 100)[:, None]
    metrics = (np.random.default_rng(SEED).random((100, 5)) + 20 * rising) / 21
    for start in range(91):
        for replica in range(5):
            target = metrics[start : start + 9, replica].mean()
            found = updates_to_target(metrics, None, target, 30)[replica]
            alone = updates_to_target(metrics[:, [replica]], None, target, 30)[0]
            assert found == alone


@pytest.mark.parametrize("variance", [None, np.array([0.5, 2.0, 1.0])])
def test_beside_a_loop(variance):
    draws = np.random.default_rng(SEED)
    metrics = (
        draws.uniform(-1, 0, (60, 3)) if variance is not None else draws.uniform(0, 1, (60, 3))
    )
    metrics += np.linspace(0, 0.5, 60)[:, None] * (variance is None)
    found = updates_to_target(metrics, variance, 0.7, 50)
    for replica in range(3):
        first = np.nan
        for update in range(6, 61):
            running = metrics[update - 6 : update, replica].mean()
            if variance is not None:
                running = 1 + running / variance[replica]
            if running >= 0.7:
                first = update
                break
        assert found[replica] == pytest.approx(first, nan_ok=True)
