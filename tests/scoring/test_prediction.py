"""Prediction of later tasks: a slow twin with loops, and worlds whose answer is known."""

import math
from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from plasticity_bench.scoring import prediction
from plasticity_bench.scoring.predictors import COMPARISONS, rank_predictors
from plasticity_bench.scoring.task_histories import (
    LAST_ACCURACY,
    TASK_NUMBER,
    Histories,
    StreamHistories,
)
from plasticity_bench.statistics import held_out_errors

# ---- histories, from functions ------------------------------------------------------------------


def world(
    value, outcome, streams=3, learners=6, seeds=4, num_tasks=8, last=None, step_size=lambda k: 0.01
):
    """Histories of a measurement "m"; the first three are functions of (stream, learner, seed, k),
    all of them arrays."""
    shape = learners, seeds, num_tasks
    k, i, t = np.indices(shape)
    built = []
    for s in range(streams):
        of = [np.broadcast_to(f(s, k, i, t), shape).astype(float) for f in (value, outcome)]
        accuracy = np.full(shape, 0.5) if last is None else last(s, k, i, t) + np.zeros(shape)
        predictors = {"m": of[0], LAST_ACCURACY: accuracy, TASK_NUMBER: t + 1.0}
        sizes = np.array([step_size(place) for place in range(learners)])
        built.append(
            StreamHistories(f"stream{s}", np.arange(1, num_tasks + 1), of[1], predictors, sizes)
        )
    labels = tuple(f"learner{place}" for place in range(learners))
    return Histories(labels, tuple(range(seeds)), 2, tuple(built), ())


def noise(seed):
    draws = np.random.default_rng(seed)
    return lambda s, k, i, t: draws.normal(size=k.shape)


# ---- the slow twin ------------------------------------------------------------------------------


def rho(pairs, given=None):
    """Spearman's, or from the residuals of ranks; the rules for what is constant."""
    rows = list(zip(*pairs, given)) if given is not None else [(x, y, 0) for x, y in zip(*pairs)]
    rows = [row for row in rows if all(math.isfinite(v) for v in row)]
    if len(rows) < (3 if given is None else 4):
        return None
    x, y, z = (stats.rankdata(column) for column in zip(*rows))
    design = np.column_stack([np.ones(len(rows)), z])
    x, y = (v - design @ np.linalg.lstsq(design, v, rcond=None)[0] for v in (x, y))
    if y @ y < 1e-9:
        return None
    return 0.0 if x @ x < 1e-9 else float(x @ y / math.sqrt((x @ x) * (y @ y)))


def average(values):
    known = [v for v in values if v is not None and not math.isnan(v)]
    return sum(known) / len(known) if known else None


def slow(comparison, histories, chosen):
    """The value from the chosen learners, by loops over one number at a time."""
    seeds, streams = range(len(histories.seeds)), histories.streams
    data = [
        (s.predictors["m"], s.outcome, s.predictors[LAST_ACCURACY], s.tasks, s.step_sizes)
        for s in streams
    ]
    if comparison in ("within runs", "within runs, given the task number"):
        of_learners = [
            average(
                average(
                    rho((x[k, i], y[k, i]), list(tasks) if "given" in comparison else None)
                    for i in seeds
                )
                for x, y, _, tasks, _ in data
            )
            for k in chosen
        ]
        return average(of_learners)
    if comparison == "between seeds":
        of_learners = [
            average(
                average(rho((x[k, :, t], y[k, :, t])) for t in range(len(tasks)))
                for x, y, _, tasks, _ in data
            )
            for k in chosen
        ]
        return average(of_learners)
    if comparison.startswith("between learners"):
        of_streams = []
        for x, y, _, tasks, sizes in data:
            of_tasks = []
            for t in range(len(tasks)):
                points = []
                for k in chosen:
                    both = [(x[k, i, t], y[k, i, t]) for i in seeds]
                    both = [p for p in both if math.isfinite(sum(p))]
                    if both:
                        points.append((*np.mean(both, axis=0), math.log(sizes[k])))
                xs, ys, zs = zip(*points) if points else ((), (), ())
                of_tasks.append(rho((xs, ys), zs if "given" in comparison else None))
            of_streams.append(average(of_tasks))
        return average(of_streams)
    shares = []
    for x, y, last, tasks, _ in data:
        right, number = 0.0, 0
        for one, other in combinations(chosen, 2):
            for i in seeds:
                for t in range(len(tasks)):
                    a, b = ((v[one, i, t], v[other, i, t]) for v in (x, y))
                    apart = abs(last[one, i, t] - last[other, i, t])
                    if not math.isfinite(sum(a) + sum(b)) or b[0] == b[1] or apart > 0.02:
                        continue
                    number += 1
                    right += 0.5 if a[0] == a[1] else (a[0] > a[1]) == (b[0] > b[1])
        shares.append(right / number if number else None)
    return average(shares)


def r_squared(axis, histories, chosen):
    """With the errors of every stream, or of all at once, as `held_out_errors` has them."""
    rows = [
        (s, k, i, x[k, i, t], y[k, i, t])
        for s, (x, y) in enumerate((s.predictors["m"], s.outcome) for s in histories.streams)
        for k, i, t in np.ndindex(x.shape)
    ]
    parts = [rows] if axis == 0 else [[r for r in rows if r[0] == s] for s in range(3)]
    model = mean = 0.0
    for part in parts:
        errors = held_out_errors(
            [r[3] for r in part], [r[4] for r in part], [r[axis] for r in part]
        )
        for row, of_model, of_mean in zip(part, *errors):
            if row[1] in chosen and math.isfinite(of_model):
                model, mean = model + of_model, mean + of_mean
    return 1 - model / mean


@pytest.mark.parametrize(
    "comparison", [c for c in COMPARISONS if "minus" not in c.name], ids=lambda c: c.name
)
def test_it_is_the_slow_twin_with_its_jackknife(comparison):
    draws = np.random.default_rng(4)
    histories = world(
        lambda s, k, i, t: draws.integers(0, 5, k.shape) + k * 0.5 - t * (s - 1) * 0.3,
        lambda s, k, i, t: draws.normal(size=k.shape) + 0.3 * k + 0.2 * t,
        last=lambda s, k, i, t: draws.integers(0, 5, k.shape) / 100,
        step_size=lambda k: [0.1, 0.1, 0.01, 0.003, 0.03, 0.001][k],
    )
    for stream in histories.streams:
        stream.predictors["m"][draws.random(stream.outcome.shape) < 0.1] = np.nan
        stream.outcome[draws.random(stream.outcome.shape) < 0.05] = np.nan
    axis = {"R2, held-out seeds": 2, "R2, held-out learners": 1, "R2, held-out streams": 0}

    def twin(chosen):
        if comparison.name in axis:
            return r_squared(axis[comparison.name], histories, chosen)
        return slow(comparison.name, histories, chosen)

    estimate = twin(range(6))
    without = [twin([k for k in range(6) if k != left_out]) for left_out in range(6)]
    pseudo = [6 * estimate - 5 * value for value in without]
    half = stats.t.ppf(0.975, 5) * np.std(pseudo, ddof=1) / math.sqrt(6)
    found = comparison.statistic(histories, "m")
    assert (found.mean, found.low, found.high) == pytest.approx(
        (estimate, estimate - half, estimate + half)
    )


# ---- worlds whose answer is known ---------------------------------------------------------------


def means(histories, name="m"):
    return {c.name: c.statistic(histories, name).mean for c in COMPARISONS}


def test_the_three_comparisons_do_not_mix():
    """Within runs the one sign, between seeds the other, between learners the first again."""
    found = means(
        world(
            lambda s, k, i, t: 100 * k + 10 * i + t,
            lambda s, k, i, t: 100 * k - 10 * i + t,
        )
    )
    assert found["within runs"] == pytest.approx(1)
    assert found["between seeds"] == pytest.approx(-1)
    assert found["between learners"] == pytest.approx(1)


def test_what_only_follows_the_time_predicts_within_runs_and_adds_nothing_to_the_task_number():
    histories = world(lambda s, k, i, t: -t, lambda s, k, i, t: t + 3 * np.sin(5 * t + k + i))
    found = means(histories)
    assert found["within runs"] < -0.5
    assert found["within runs, given the task number"] == 0
    assert found["between learners"] == 0  # it does not differ between them
    assert found["R2, held-out seeds"] == pytest.approx(
        prediction.held_out_seeds(histories, TASK_NUMBER).mean
    )


def test_what_only_follows_the_step_size_adds_nothing_to_it():
    draws = np.random.default_rng(5)
    histories = world(
        lambda s, k, i, t: k,
        lambda s, k, i, t: k + 2 * draws.normal(size=k.shape),
        step_size=lambda k: 10.0**-k,
    )
    found = means(histories)
    assert found["between learners"] > 0.5
    assert found["between learners, given the step size"] == 0


def test_a_learner_without_a_step_size_is_left_out_where_that_is_held_fixed():
    draws = np.random.default_rng(6)
    values = draws.normal(size=6)
    sizes = [0.1, 0.01, 0.02, 0.3, 0.001, math.nan]
    histories = world(
        lambda s, k, i, t: values[k],
        lambda s, k, i, t: np.where(k == 5, -100, values[k]),
        step_size=lambda k: sizes[k],
    )
    assert means(histories)["between learners, given the step size"] == pytest.approx(1)
    assert means(histories)["between learners"] < 1


def test_at_matched_accuracy_only_pairs_that_are_alike_count():
    """Learners come in pairs with the same accuracy; in each, the lower m has the better future."""
    histories = world(
        lambda s, k, i, t: k,
        lambda s, k, i, t: 10 * (k // 2) - k % 2,
        last=lambda s, k, i, t: (k // 2) / 10,
    )
    found = prediction.at_matched_accuracy(histories, "m")
    assert (found.mean, found.low, found.high) == (0, 0, 0)
    assert prediction.at_matched_accuracy(histories, LAST_ACCURACY).mean == 0.5  # all equal
    assert means(histories)["between learners"] > 0.7


@pytest.mark.parametrize("seed", range(3))
def test_noise_predicts_nothing(seed):
    """Values that are permuted: R squared is not above 0, and intervals hold 0, or 0.5."""
    draws = np.random.default_rng(seed)
    values = draws.permuted(np.linspace(0, 1, 3 * 6 * 8 * 10)).reshape(3, 6, 8, 10)
    histories = world(
        lambda s, k, i, t: values[s], noise(seed + 10), seeds=8, num_tasks=10,
        step_size=lambda k: 0.1 / (k + 1),
    )  # fmt: skip
    for comparison in COMPARISONS:
        found = comparison.statistic(histories, "m")
        if "minus" in comparison.name:
            assert math.isfinite(found.mean)
        elif comparison.name.startswith("R2"):
            assert -0.2 < found.mean < 0.01
        else:
            chance = 0.5 if comparison.name.startswith("concordance") else 0
            assert abs(found.mean - chance) < 0.2
            assert found.low - 0.03 < chance < found.high + 0.03


def test_the_last_accuracy_is_compared_on_the_same_points():
    draws = np.random.default_rng(11)
    histories = world(
        noise(12),
        lambda s, k, i, t: draws.normal(size=k.shape) + k,
        last=lambda s, k, i, t: k + draws.normal(size=k.shape),
    )
    known = draws.random((6, 4, 8)) < 0.5
    for stream in histories.streams:
        stream.predictors["m"][~known] = np.nan
    found = prediction.held_out_learners_over_last(histories, "m")
    for stream in histories.streams:  # the last accuracy at these points alone
        stream.predictors[LAST_ACCURACY][~known] = np.nan
    apart = [prediction.held_out_learners(histories, name).mean for name in ("m", LAST_ACCURACY)]
    assert found.mean == pytest.approx(apart[0] - apart[1])
    assert found.high < 0
    same = prediction.held_out_learners_over_last(histories, LAST_ACCURACY)
    assert (same.mean, same.low, same.high) == (0, 0, 0)


def test_past_noise_goes_slightly_against_future_noise_within_a_run():
    """Both are compared with the mean of the same few tasks; docs/explanations.md says so."""
    draws, tasks = np.random.default_rng(13), np.arange(2, 20, 2)
    accuracy = draws.normal(size=(6, 500, 24))
    last = accuracy[..., tasks - 1]
    outcome = np.mean([accuracy[..., tasks + i] for i in range(1, 6)], axis=0)
    histories = world(
        lambda s, k, i, t: last, lambda s, k, i, t: outcome, streams=1, seeds=500, num_tasks=9
    )
    assert prediction.within_runs(histories, "m").mean == pytest.approx(-0.14, abs=0.02)
    given_task = prediction.within_runs_given_task(histories, "m").mean
    assert given_task == pytest.approx(-0.25, abs=0.02)
    assert abs(prediction.between_seeds(histories, "m").mean) < 0.01


def test_held_out_learners_and_streams_may_be_worse_than_the_mean():
    """The sign differs between learners: another learner's data mislead, its own do not."""
    sign = np.array([1, 1, 1, -1, -1, -1])
    histories = world(lambda s, k, i, t: t, lambda s, k, i, t: sign[k] * (t - 3.5), learners=6)
    found = means(histories)
    assert found["R2, held-out learners"] < -0.02
    assert means(world(lambda s, k, i, t: t, lambda s, k, i, t: t))["R2, held-out learners"] == (
        pytest.approx(1)
    )
    scale = [1, 1, -1]  # the third stream goes the other way
    found = means(world(lambda s, k, i, t: t, lambda s, k, i, t: scale[s] * t, streams=3))
    assert found["R2, held-out learners"] == pytest.approx(1)
    assert found["R2, held-out streams"] < 0


def test_intervals_hold_the_mean_of_learners_about_as_often_as_they_say():
    """Each learner has its own correlation within runs; the interval is for learners at large."""
    draws = np.random.default_rng(9)
    found = []
    for _ in range(150):
        slopes = draws.normal(0.5, 1, 8)
        histories = world(
            lambda s, k, i, t: t,
            lambda s, k, i, t, slopes=slopes: slopes[k] * t + draws.normal(size=k.shape),
            streams=1, learners=8, seeds=2,
        )  # fmt: skip
        found.append(prediction.within_runs(histories, "m"))
    truth = np.mean([i.mean for i in found])
    assert 0.9 < np.mean([i.low <= truth <= i.high for i in found]) < 0.995


@pytest.mark.slow
@pytest.mark.parametrize(("learners", "least"), [(5, 0.65), (10, 0.8), (20, 0.8)])
def test_intervals_of_r_squared_are_too_narrow_with_few_learners(learners, least):
    """Learners differ in the measurement, and in their outcome beside it; docs/explanations.md."""
    draws, found = np.random.default_rng(learners), []
    for _ in range(200):
        level, effect = draws.normal(size=(2, learners))
        values = [level[:, None, None] + draws.normal(0, 0.5, (learners, 3, 5)) for _ in range(2)]
        histories = world(
            lambda s, k, i, t, values=values: values[s],
            lambda s, k, i, t, values=values, effect=effect: (
                values[s] + 0.5 * effect[k] + draws.normal(0, 0.5, k.shape)
            ),
            streams=2, learners=learners, seeds=3, num_tasks=5,
        )  # fmt: skip
        found.append(prediction.held_out_learners(histories, "m"))
    truth = np.mean([i.mean for i in found])
    assert least < np.mean([i.low <= truth <= i.high for i in found]) < 0.96


def test_a_single_learner_has_no_interval_and_nothing_to_be_compared_with():
    found = {e.name: e for e in rank_predictors(world(noise(1), noise(2), learners=1, streams=1))}[
        "m"
    ].estimates
    assert math.isnan(found["within runs"].interval.low)
    for name in ("between learners", "R2, held-out learners", "R2, held-out streams"):
        assert math.isnan(found[name].interval.mean)
        assert found[name].reason.startswith("needs ")
    assert math.isfinite(found["R2, held-out seeds"].interval.mean)
