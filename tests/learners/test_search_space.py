"""Declared ranges, the settings drawn from them, and the rounds of a search."""

import math
from typing import ClassVar

import numpy as np
import pytest
from scipy import stats

import plasticity_bench as pb
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.search_space import Choice, LogUniform, Uniform
from plasticity_bench.shipped import baseline_names
from plasticity_bench.tuning.rungs import Rung, rungs
from plasticity_bench.tuning.settings import grid, random, settings
from plasticity_bench.tuning.space import declared

SPACE = {"step_size": LogUniform(1e-4, 1e-1), "bound": Uniform(1, 5), "period": Choice(10, 100)}


class Mine(pb.Learner):
    strength: float = 1e-2
    period: int = 5
    search: ClassVar = {"strength": LogUniform(1e-5, 1e-1), "period": Choice(1, 5)}


class Narrower(Mine):
    search: ClassVar = {"strength": Choice(0.5)}


# ---- ranges -------------------------------------------------------------------------------------


def test_a_grid_has_a_point_in_each_decade_unless_it_says_otherwise():
    assert LogUniform(1e-5, 1e-2).grid() == (1e-5, 1e-4, 1e-3, 1e-2)
    assert LogUniform(3e-4, 3e-2).grid() == (3e-4, 3e-3, 3e-2)
    assert LogUniform(1, 2).grid() == (1.0, 2.0)
    assert LogUniform(1e-3, 1e-1, points=5).grid() == (1e-3, 3.16e-3, 1e-2, 3.16e-2, 1e-1)
    assert Uniform(0, 2, points=3).grid() == (0.0, 1.0, 2.0)
    assert Choice(True, False).grid() == (True, False)


@pytest.mark.parametrize("range_", [LogUniform(1.2345e-4, 6.7891e-2), Uniform(-1.2345, 6.7891)])
def test_rounding_does_not_leave_the_range(range_):
    assert (range_.at(0), range_.at(1)) == (range_.low, range_.high)
    assert all(range_.low <= range_.at(share) <= range_.high for share in np.linspace(0, 1, 999))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: LogUniform(0, 1), "low must be above 0"),
        (lambda: LogUniform(1e-1, 1e-2), "low the smaller"),
        (lambda: Uniform(0, math.inf), "must be numbers"),
        (lambda: Uniform("0", 1), "must be numbers"),
        (lambda: Uniform(0, 1, points=1), "points must be"),
        (lambda: LogUniform(1e-3, 1, points=2.0), "points must be"),
        (Choice, "one value or more"),
        (lambda: Choice(1, 1), "each once"),
    ],
)
def test_a_wrong_range_gets_a_sentence(make, sentence):
    with pytest.raises(pb.BadInputError, match=sentence):
        make()


# ---- declarations -------------------------------------------------------------------------------


def test_declarations_are_inherited_and_may_be_replaced():
    assert declared(pb.Learner) == {"step_size": LogUniform(1e-5, 1e-2)}
    assert list(declared(Mine)) == ["step_size", "strength", "period"]
    assert declared(Narrower) == {**declared(Mine), "strength": Choice(0.5)}


@pytest.mark.parametrize(
    ("search", "sentence"),
    [
        ({"strenth": Uniform(0, 1)}, "no hyperparameter 'strenth'. Did you mean 'strength'?"),
        ({"strength": Uniform(-1, 1)}, "greater than or equal to 0, not -1.0"),
        ({"beta1": Uniform(0, 1)}, "less than 1, not 1.0"),
        ({"period": Uniform(0, 1)}, "period: input should be a valid integer"),
        ({"strength": (1e-3, 1e-2)}, "must be a LogUniform, Uniform or Choice"),
        ({"momentum": Uniform(0, 0.9)}, "momentum has no effect"),
        ([1e-3], "must be a dictionary"),
    ],
)
def test_a_wrong_declaration_gets_a_sentence(search, sentence):
    wrong = type("Wrong", (Mine,), {"search": search})
    with pytest.raises(pb.BadInputError, match=sentence) as caught:
        declared(wrong)
    assert str(caught.value).startswith("Wrong.search")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_declares_what_holds_its_defaults(name):
    cls = find_learner(name)
    for key, range_ in declared(cls).items():
        default = getattr(cls, key)
        if isinstance(range_, Choice):
            assert default in range_.values, key
        else:
            assert range_.low <= default <= range_.high, key


def test_baselines_with_hyperparameters_of_their_own_declare_some():
    plain = set(pb.Learner().hyperparameters())
    without = {
        name
        for name in baseline_names()
        if set(find_learner(name)().hyperparameters()) - plain
        and set(declared(find_learner(name))) == {"step_size"}
    }
    assert without == {"fire", "nap"}  # theirs are which weights, and how exactly


# Published grids, by learner: each value lies in the declared range.
PUBLISHED = {
    "adam": {"step_size": [3e-5, 5e-5, 1e-4, 1e-3]},
    "sgd": {"step_size": [1e-4, 1e-3, 3e-3, 1e-2, 1e-1]},
    "l2": {"strength": [3e-6, 1e-5, 1e-4, 1e-3, 1e-2]},
    "l2_init": {"strength": [1e-5, 1e-4, 1e-3, 1e-2]},
    "wasserstein": {"strength": [1e-6, 1e-2]},
    "shrink_and_perturb": {"shrink": [1e-5, 1e-2], "noise_scale": [1e-6, 1e-2]},
    "continual_backprop": {"rate": [1e-6, 3e-4, 1e-1], "maturity": [100]},
    "redo": {"threshold": [0, 0.01, 0.1]},
    "l2_effective_rank": {"rank_step_size": [1e-4, 1e-3, 1e-2]},
    "weight_clipping": {"bound": [1, 2, 3, 4, 5]},
    "muon": {"matrix_step_size": [0.02, 0.05]},
    "sdp": {"gamma": [0.3]},
    "sassha": {"radius": [0.1, 0.2, 0.25], "step_size": [0.15, 0.3, 0.6], "epsilon": [1e-6, 1e-4]},
    "sophia_h": {"gamma": [0.01, 0.04]},
    "c_chain": {"share": [0.01, 0.1], "first_coefficient": [50]},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_ranges_hold_published_grids(name):
    space = declared(find_learner(name))
    for key, values in PUBLISHED[name].items():
        range_ = space[key]
        for value in values:
            if isinstance(range_, Choice):
                assert value in range_.values
            else:
                assert range_.low <= value <= range_.high


# ---- settings -----------------------------------------------------------------------------------


def test_a_grid_is_every_combination_or_a_part_of_it_that_grows():
    whole = grid(SPACE, 1000)
    assert len(whole) == 4 * 5 * 2
    assert whole[0] == {"step_size": 1e-4, "bound": 1.0, "period": 10}
    assert len({tuple(s.values()) for s in whole}) == 40
    some, more = grid(SPACE, 5), grid(SPACE, 12)
    assert more[:5] == some
    assert all(s in whole for s in more)
    assert len({tuple(s.values()) for s in more}) == 12


def test_random_settings_are_reproducible_and_a_larger_budget_extends_a_smaller():
    assert random(SPACE, 40) == random(SPACE, 40)
    assert random(SPACE, 40)[:7] == settings(SPACE, "random", 7) == settings(SPACE, "halving", 7)
    assert len({tuple(s.values()) for s in random(SPACE, 40)}) == 40
    steps = [s["step_size"] for s in random({"step_size": SPACE["step_size"]}, 16)]
    assert steps == [s["step_size"] for s in random(SPACE, 16)]  # of every learner


def test_random_settings_are_of_the_declared_distributions():
    drawn = random(SPACE, 960)
    steps, bounds = ([s[name] for s in drawn] for name in ("step_size", "bound"))
    assert stats.kstest(steps, stats.loguniform(1e-4, 1e-1).cdf).pvalue > 0.05
    assert stats.kstest(steps, stats.uniform(1e-4, 1e-1).cdf).pvalue < 1e-9
    assert stats.kstest(bounds, stats.uniform(1, 4).cdf).pvalue > 0.05
    assert abs(stats.spearmanr(steps, bounds).statistic) < 0.1
    assert abs(sum(s["period"] == 10 for s in drawn) - 480) < 5  # equal ones are left out


def test_sixteen_settings_have_one_in_each_sixteenth_of_a_range():
    for block in range(3):
        space = {"x": Uniform(0, 16), "y": Uniform(0, 1)}  # of one alone, equal ones are left out
        drawn = random(space, 48)[16 * block : 16 * (block + 1)]
        middles = np.arange(16) + 0.5
        assert np.abs(np.sort([s["x"] for s in drawn]) - middles).max() < 0.56  # rounded


def test_a_small_space_is_tried_whole_and_once():
    few = {"a": Choice(1, 2), "b": Choice(True, False)}
    assert len(random(few, 10)) == 4
    assert random({}, 3) == grid({}, 3) == [{}]


# ---- rounds -------------------------------------------------------------------------------------


def test_rounds_of_successive_halving():
    assert rungs(20, 16, None) == [Rung(20, 16)]
    assert rungs(20, 16, 2) == [Rung(5, 16), Rung(10, 8), Rung(20, 4)]
    assert rungs(45, 9, 3) == [Rung(5, 9), Rung(15, 3), Rung(45, 1)]
    assert rungs(9, 16, 2) == [Rung(9, 16)]  # half of it shows no loss of plasticity
    assert rungs(1000, 3, 2) == [Rung(500, 3), Rung(1000, 1)]
    assert rungs(1000, 1, 2) == [Rung(1000, 1)]
