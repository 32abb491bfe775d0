"""Hyperparameters that are stored make the same learner again; one may have several names."""

import pytest

import plasticity_bench as pb
from plasticity_bench.learners.hyperparameters import ALIASES, canonical
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.optimizers import OPTIMIZERS
from plasticity_bench.shipped import baseline_names


class Own(pb.Learner):
    """Has a hyperparameter whose name others give the step size."""

    lr: float = 0.3


def other_values(learner):
    """Valid values that differ from a learner's own, of its numbers and truth values."""
    changed = {}
    for name, value in learner.hyperparameters().items():
        if isinstance(value, bool):
            candidate = not value
        elif isinstance(value, int):
            candidate = value + 1
        elif isinstance(value, float):
            candidate = value / 2 if value else 0.25
        else:
            continue
        try:
            learner.replaced({name: candidate})
        except pb.BadInputError as error:
            assert "has no effect" in str(error)
        else:
            changed[name] = candidate
    return changed


@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_comes_back_from_its_hyperparameters(name):
    cls = find_learner(name)
    plain = cls()
    assert cls.from_settings(plain.hyperparameters()).hyperparameters() == plain.hyperparameters()
    assert cls.from_settings({}).hyperparameters() == plain.hyperparameters()
    assert plain.non_defaults() == {}
    changed = other_values(plain)
    assert "step_size" in changed
    given = cls(**changed)
    again = cls.from_settings(given.hyperparameters())
    assert type(again) is cls
    assert again.hyperparameters() == given.hyperparameters()
    assert again.non_defaults() == given.non_defaults() == changed
    assert plain.replaced(changed).hyperparameters() == given.hyperparameters()
    assert given.replaced({}).hyperparameters() == given.hyperparameters()
    assert plain.non_defaults() == {}  # it is as it was


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_what_the_optimizer_does_not_have_is_left_out_at_its_default_only(optimizer):
    learner = pb.Learner(optimizer=optimizer, step_size=0.5)
    again = pb.Learner.from_settings(learner.hyperparameters())
    assert again.hyperparameters() == learner.hyperparameters()
    other = {"adam": {"momentum": 0.5}, "sgd": {"beta1": 0.5}}[optimizer]
    with pytest.raises(pb.BadInputError, match="has no effect with the optimizer"):
        pb.Learner.from_settings({**learner.hyperparameters(), **other})
    with pytest.raises(pb.BadInputError, match="has no effect with the optimizer"):
        learner.replaced(other)


def test_an_unknown_optimizer_or_hyperparameter_is_refused():
    with pytest.raises(pb.BadInputError, match="unknown optimizer 'adma'. Did you mean 'adam'?"):
        pb.Learner.from_settings({"optimizer": "adma"})
    with pytest.raises(pb.BadInputError, match="has no hyperparameter 'setp_size'"):
        pb.Learner.from_settings({"setp_size": 1.0})


@pytest.mark.parametrize("alias", ALIASES)
def test_the_step_size_has_other_names(alias):
    assert ALIASES[alias] == "step_size"
    plain = pb.Learner(step_size=0.5)
    for learner in (
        pb.Learner(**{alias: 0.5}),
        pb.Learner.from_settings({alias: 0.5}),
        pb.Learner().replaced({alias: 0.5}),
        plain.replaced({alias: 0.5}),
    ):
        assert learner.hyperparameters() == plain.hyperparameters()
        assert learner.non_defaults() == {"step_size": 0.5}
    with pytest.raises(pb.BadInputError, match="step_size is given twice"):
        pb.Learner(**{alias: 0.5, "step_size": 0.5})
    with pytest.raises(pb.BadInputError, match="step_size: input should be greater than 0, not"):
        pb.Learner(**{alias: 0.0})


def test_two_other_names_are_refused_too():
    with pytest.raises(pb.BadInputError, match="step_size is given twice"):
        pb.Learner(lr=0.5, learning_rate=0.5)


def test_a_hyperparameter_of_that_name_is_itself():
    both = [("strength", 0.3), ("step_size", 0.2)]
    assert [*canonical(find_learner("l2"), dict(both))] == [
        *canonical(find_learner("l2"), dict(both[::-1]))
    ]
    assert canonical(Own, {"lr": 0.1, "learning_rate": 0.2}) == {"lr": 0.1, "step_size": 0.2}
    learner = Own(lr=0.1)
    assert (learner.lr, learner.step_size) == (0.1, 1e-3)
    assert Own.from_settings(learner.hyperparameters()).non_defaults() == {"lr": 0.1}
