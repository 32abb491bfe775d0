"""What returns: closed forms, and when there is nothing to return."""

import math

import numpy as np
import pytest
from scipy import stats

from plasticity_bench.probing import table
from plasticity_bench.probing.conditions import ADAM, CONDITIONS, FRESH, OWN, OWN_FRESH, OWN_RESET
from plasticity_bench.probing.returned import lines_of, returned
from plasticity_bench.probing.stored import Probe

WORN = [0.2, 0.3, 0.1]
FULL = [1.0, 0.9, 1.0]


def test_the_share_and_its_interval_in_closed_form():
    reached = [0.6, 0.7, 0.4]
    gains, losses = [0.4, 0.4, 0.3], [0.8, 0.6, 0.9]
    share = sum(gains) / sum(losses)
    residuals = [(g - share * loss) / (sum(losses) / 3) for g, loss in zip(gains, losses)]
    half = stats.t.ppf(0.975, 2) * np.std(residuals, ddof=1) / math.sqrt(3)
    interval = returned(reached, WORN, FULL)
    assert interval.mean == pytest.approx(share)
    assert (interval.low, interval.high) == pytest.approx((share - half, share + half))


def test_the_same_share_for_every_seed_is_certain():
    reached = [w + 0.25 * (f - w) for w, f in zip(WORN, FULL)]
    interval = returned(reached, WORN, FULL)
    assert [interval.mean, interval.low, interval.high] == pytest.approx([0.25] * 3)
    assert returned(WORN, WORN, FULL).mean == 0
    assert returned(FULL, WORN, FULL).mean == 1


@pytest.mark.parametrize(
    ("worn", "fresh"),
    [
        ([0.96, 0.97, 0.98], [1.0, 1.0, 1.0]),  # little is lost
        ([1.0, 1.0, 1.0], [0.9, 0.9, 0.9]),  # less than nothing
        ([0.9, 1.0, 0.2], [1.0, 1.0, 1.0]),  # the interval of the loss contains zero
        ([0.1, math.nan, 0.1], [1.0, 1.0, 1.0]),  # a seed diverged
    ],
)
def test_where_nothing_is_lost_nothing_returns(worn, fresh):
    assert math.isnan(returned([0.5, 0.5, 0.5], worn, fresh).mean)


def test_one_seed_has_no_interval():
    interval = returned([0.6], [0.2], [1.0])
    assert interval.mean == pytest.approx(0.5)
    assert math.isnan(interval.low)
    (norms,) = (line for line in lines_of("s", "a", one_probe()) if line.condition == "norms")
    assert table._cell(norms, reached=False) == "50"
    assert table._cell(norms, reached=True) == "0.60"


def probes(**accuracies):
    """Three seeds, in which conditions that are not named are as the worn network."""
    made = []
    for seed in range(3):
        numbers = {c: {"accuracy": accuracies.get(c, WORN)[seed], "size": 2.0} for c in CONDITIONS}
        made.append(Probe(0.1, numbers, {}))
    return made


def one_probe():
    reached = {FRESH: 1.0, "norms": 0.6}
    return [Probe(0.1, {c: {"accuracy": reached.get(c, 0.2)} for c in CONDITIONS}, {})]


def test_each_condition_is_compared_with_its_own_training():
    half = [(w + f) / 2 for w, f in zip(WORN, FULL)]
    given = {FRESH: FULL, OWN: [0.0, 0.0, 0.0], OWN_FRESH: [0.8, 0.8, 0.8]}
    by = {
        line.condition: line
        for line in lines_of("s", "a", probes(**given, norms=half, **{OWN_RESET: [0.2] * 3}))
    }
    assert list(by) == list(CONDITIONS)
    assert by["norms"].returned.mean == pytest.approx(0.5)
    assert by[OWN_RESET].returned.mean == pytest.approx(0.25)
    assert by[OWN_RESET].lost.mean == pytest.approx(0.8)
    for bound in (OWN, OWN_FRESH, ADAM, FRESH):
        assert math.isnan(by[bound].returned.mean)
    assert by["norms"].looked_at == {"size": 2.0}
    assert by["norms"].num_seeds == 3


def test_the_tables_fit_80_columns_and_csv_has_every_digit():
    several = probes(**{FRESH: FULL, OWN_FRESH: FULL}, head=[0.0, 0.0, 0.0], norms=FULL)
    for probe in several:
        del probe.numbers["feature_rank"]
        probe.missing["feature_rank"] = "it has none"
    lines = lines_of("PermutedClassDigits-v0", "shrink_and_perturb", several)
    shown = table.render(lines, {"PermutedClassDigits-v0": 60}, "table")
    tables, legend = shown.rsplit("\n\n", 1)
    assert max(map(len, tables.splitlines())) <= 80
    assert legend == table.LEGEND  # wrapped where there is a terminal
    assert "accuracy at the end of task 60" in shown
    assert "100 ±0" in shown and "-26 ±" in shown and "n/a" in shown and "-0" not in shown
    assert table.reasons(lines) == ["shrink_and_perturb: feature_rank is n/a: it has none."]
    csv = table.render(lines, {}, "csv").splitlines()
    assert len(csv) == 1 + len(CONDITIONS)
    assert csv[0].startswith("stream,learner,condition,seeds,metric,reached,reached_low")
    latex = table.render(lines, {"PermutedClassDigits-v0": 60}, "latex")
    assert all(line.startswith(("%", " ", "\\")) or not line for line in latex.splitlines())
