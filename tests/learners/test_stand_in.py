"""A class made of a description declares what the described one does."""

import json
from typing import Annotated

import pydantic
import pytest

import plasticity_bench as pb
from plasticity_bench.errors import BadInputError
from plasticity_bench.learners.learner import HOOKS
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.search_space import Choice, LogUniform
from plasticity_bench.learners.stand_in import describe, stand_in
from plasticity_bench.shipped import baseline_names
from plasticity_bench.tuning.space import declared


def copied(cls):
    return stand_in(json.loads(json.dumps(describe(cls))))


class Bounded(pb.Learner):
    search = {"share": Choice(0.1, 0.5), "name_of_rule": Choice("a", "b")}
    share: Annotated[float, pydantic.Field(gt=0, le=1)] = 0.5
    every: Annotated[int, pydantic.Field(ge=1, multiple_of=2)] = 2
    name_of_rule: Annotated[str, pydantic.Field(min_length=1, max_length=3)] = "a"
    shift: Annotated[float, pydantic.Field(ge=-1)] = 0.0
    any_number: Annotated[float, "no bound"] = -5.0
    switch: bool = True
    plain: float = 1.0
    forgotten = 3.0


@pytest.mark.parametrize("name", [*baseline_names(), "Bounded"])
def test_it_has_the_same_hyperparameters_hooks_and_search_space(name):
    cls = Bounded if name == "Bounded" else find_learner(name)
    made = copied(cls)
    assert (made.__name__, made.__module__) == (cls.__name__, cls.__module__)
    assert made().hyperparameters() == cls().hyperparameters()
    assert list(made().hyperparameters()) == list(cls().hyperparameters())
    assert [hook for hook in HOOKS if made.overrides(hook)] == [
        hook for hook in HOOKS if cls.overrides(hook)
    ]
    assert declared(made) == declared(cls)
    assert made.vectorized == cls.vectorized


@pytest.mark.parametrize(
    "given",
    [
        {"share": 0},
        {"share": 1.5},
        {"every": 3},
        {"every": 0},
        {"every": 2.0},
        {"shift": -1},
        {"shift": -2},
        {"any_number": -9},
        {"switch": 1},
        {"plain": -1},
        {"plain": float("nan")},
        {"name_of_rule": ""},
        {"name_of_rule": "abcd"},
        {"name_of_rule": "b"},
        {"forgotten": 1},
        {"strenght": 1},
        {"lr": 0.1},
        {"lr": 0.1, "step_size": 0.1},
        {"momentum": 0.5},
        {"optimizer": "sgd", "momentum": 0.5},
        {"optimizer": "adan"},
    ],
    ids=str,
)
def test_it_takes_and_refuses_the_same_settings(given):
    def outcome(cls):
        try:
            return cls(**given).hyperparameters()
        except BadInputError as error:
            return str(error), error.key

    assert outcome(copied(Bounded)) == outcome(Bounded)


def test_what_is_declared_wrongly_is_refused_as_the_class_itself_is():
    class Wrong(pb.Learner):
        search = {"step_size": (0.1, 1)}

    class NoDictionary(pb.Learner):
        search = [LogUniform(1e-3, 1)]

    class WrongDefault(pb.Learner):
        strength: float = object  # type: ignore[assignment]

    for cls in (Wrong, NoDictionary):
        with pytest.raises(BadInputError) as mine:
            declared(cls)
        with pytest.raises(BadInputError) as other:
            declared(copied(cls))
        assert str(other.value).partition(":")[0] == str(mine.value).partition(":")[0]
    with pytest.raises(BadInputError, match="WrongDefault: strength"):
        copied(WrongDefault)()


def test_its_hooks_cannot_be_called():
    learner = copied(find_learner("l2"))()
    with pytest.raises(AssertionError, match=r"L2.penalty is called where its class"):
        learner.penalty({}, None)


@pytest.mark.parametrize("change", [{"hyperparameters": {"x": ["list", None, 1]}}, {"search": 3}])
def test_what_is_no_description_is_an_error(change):
    with pytest.raises((TypeError, ValueError, LookupError, AttributeError)):
        stand_in({**describe(Bounded), **change})
