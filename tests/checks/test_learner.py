"""check_learner: all baselines pass, and each rule is broken by a learner that only it catches."""

import os
import random
import sys
from typing import Annotated

import numpy as np
import pytest
import torch
from pydantic import AfterValidator

import plasticity_bench as pb
from plasticity_bench.checks.learner import (
    CHECKS,
    check_learns,
    check_works,
)
from plasticity_bench.checks.trial import NETWORKS, Trial
from plasticity_bench.cli import main
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.recording import purity
from plasticity_bench.shipped import baseline_names
from plasticity_bench.source_code.unseen import unseen_by

pytestmark = pytest.mark.slow
REFUSED = {("input_matching", "cnn"), ("input_matching", "vit")}
"""Baselines, and the networks that they refuse."""


@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_keeps_the_rules(name):
    pb.check_learner(name)


OF_NETWORKS = (check_works, check_learns)
"""Those that one run decides; all of them take many minutes with every baseline."""


@pytest.mark.parametrize("network", ["cnn", "vit"])
@pytest.mark.parametrize("name", baseline_names())
def test_every_baseline_works_on_other_networks_or_refuses_them_in_a_sentence(name, network):
    trial = Trial(find_learner(name)(), NETWORKS[network])
    try:
        for check in OF_NETWORKS:
            check(trial)
    except pb.LearnerError as error:
        assert (name, network) in REFUSED, error
        assert "\n" not in str(error) and str(error).endswith(".")
        return
    assert (name, network) not in REFUSED


def test_a_check_takes_a_family_of_networks(capsys):
    assert main(["check", "adam", "--network", "cnn"]) == 0
    assert capsys.readouterr().out == "adam passed.\n"
    assert main(["check", "adam", "--network", "cnm"]) == 2
    assert "one of mlp, cnn, vit" in capsys.readouterr().err
    assert main(["check", "plasticity/RandomLabelDigits-v0", "--network", "cnn"]) == 2
    assert "is a stream" in capsys.readouterr().err


def scaled(state, factor):
    return state._replace(params={k: factor * v for k, v in state.params.items()})


class Breaks(pb.Learner):
    def begin_task(self, state, fresh, noise):
        return scaled(state, torch.nan)


class Words(pb.Learner):
    """Its words are numbers or truth values where YAML does not quote them."""

    mode: str = "1e-3"
    other: str = "no"
    third: str = "010"


class Grows(pb.Learner):
    """Its hyperparameter is not what it is set to."""

    size: Annotated[float, AfterValidator(lambda value: value + 1)] = 1.0


class ScalesGradientsInPlace(pb.Learner):
    def apply_gradients(self, gradients, state, noise):
        for gradient in gradients.values():
            gradient.mul_(0.5)
        return super().apply_gradients(gradients, state, noise)


class WritesToADictionary(pb.Learner):
    def memory(self, params):
        return {"count": torch.zeros(())}

    def after_update(self, state, noise):
        state.memory["count"] = state.memory["count"] + 1
        return state


class Elsewhere:
    """A number that is kept outside Python, in the environment of the process."""

    def __init__(self, name):
        self.name = f"plasticity_bench_test_{name}"

    @property
    def value(self):
        return int(os.environ.get(self.name, "0"))

    @value.setter
    def value(self, value):
        os.environ[self.name] = str(value)


@pytest.fixture(autouse=True)
def nothing_elsewhere():
    yield
    for name in [name for name in os.environ if name.startswith("plasticity_bench_test_")]:
        del os.environ[name]


class WarmsUp(pb.Learner):
    """Is another one the first time that it is recorded, for which a hook is called twice."""

    _warm = Elsewhere("warm")

    def memory(self, params):
        self._warm.value += 1
        return {"factor": torch.tensor(0.5 if self._warm.value <= 2 else 1.0)}

    def after_update(self, state, noise):
        return scaled(state, state.memory["factor"])


class DrawsFromNumpy(pb.Learner):
    def memory(self, params):
        return {"factor": torch.tensor(np.random.uniform(0.9, 1), dtype=torch.float32)}

    def after_update(self, state, noise):
        return scaled(state, state.memory["factor"])


class DrawsInVain(pb.Learner):
    def memory(self, params):
        random.random()
        return {}


class AsksForTheSeed(pb.Learner):
    def memory(self, params):
        return {"factor": torch.tensor(1 - torch.initial_seed() % 2 * 0.01)}

    def after_update(self, state, noise):
        return scaled(state, state.memory["factor"])


class StopsAllForOne(pb.Learner):
    """When one replica diverges, all stop."""

    vectorized = False
    _stopped = Elsewhere("stopped")

    def memory(self, params):
        self._stopped.value = 0
        return {}

    def after_update(self, state, noise):
        if not state.params["head.bias"].isfinite().all():
            self._stopped.value = 1
        return scaled(state, 0.0) if self._stopped.value else state


class RaisesForOne(pb.Learner):
    vectorized = False

    def after_update(self, state, noise):
        if not state.params["head.bias"].isfinite().all():
            raise FloatingPointError("diverged")
        return state


class CountsReplicas(pb.Learner):
    """The second replica of a process's population is not like the first."""

    vectorized = False
    _count = Elsewhere("count")

    def build(self, spec):
        self._count.value = 0
        return super().build(spec)

    def memory(self, params):
        self._count.value += 1
        return {"factor": torch.tensor(1 - 0.01 * self._count.value)}

    def after_update(self, state, noise):
        return scaled(state, state.memory["factor"])


class Chooses(pb.Learner):
    """Looks at a hyperparameter, which in a search is one for each replica."""

    strength: float = 1e-3
    search = {"strength": pb.LogUniform(1e-4, 1e-1)}

    def penalty(self, params, state):
        return self.strength * params["head.bias"].square().sum() if self.strength > 0 else 0.0


class Counts(pb.Learner):
    """Another number where replicas differ."""

    def after_update(self, state, noise):
        return scaled(state, 1.0 if isinstance(self.step_size, float) else 0.9)


class RemembersElsewhere(pb.Learner):
    """Counts each replica's updates in the class rather than in its memory."""

    vectorized = False

    def memory(self, params):
        Elsewhere(params["head.bias"][0].item()).value = 0
        return {}

    def after_update(self, state, noise):
        count = Elsewhere(state.initial["head.bias"][0].item())
        count.value += 1
        return scaled(state, 0.9) if count.value % 20 == 0 else state


class StandsStill(pb.Learner):
    def apply_gradients(self, gradients, state, noise):
        return state


class ClimbsUp(pb.Learner):
    def apply_gradients(self, gradients, state, noise):
        return super().apply_gradients({k: -g for k, g in gradients.items()}, state, noise)


class PenaltyWithoutGradient(pb.Learner):
    @torch.no_grad()
    def penalty(self, params, state):
        return 1e-2 * params["head.weight"].square().sum()


class CountsInactiveUnits(pb.Learner):
    """A number of units, which has no gradient."""

    def hidden_penalty(self, hidden, state):
        return sum((layer.outputs <= 0).all(0).float().sum() for layer in hidden.values()) + 1


class NeedlesslyLooped(pb.Learner):
    vectorized = False


BREAKS = {
    Breaks: ("check_works", "hook begin_task: its result.params['linear0.weight'] is not fin"),
    Grows: (
        "check_hyperparameters",
        "its hyperparameter size is 2.0, but set to that it becomes 3.0: let its annotation",
    ),
    ScalesGradientsInPlace: (
        "check_arguments_unchanged",
        "hook apply_gradients: it changes its argument gradients['linear0.weight']: make new",
    ),
    WritesToADictionary: (
        "check_arguments_unchanged",
        "hook after_update: it changes its argument state.memory['count']: make new",
    ),
    WarmsUp: ("check_deterministic", "a second run with the same seeds gave other results"),
    AsksForTheSeed: (
        "check_global_generators",
        "its results depend on the seeds of global random generators",
    ),
    StopsAllForOne: (
        "check_replicas_independent",
        "a replica's results change with another replica's seed and data",
    ),
    RaisesForOne: (
        "check_replicas_independent",
        "if one replica's numbers are not finite, a hook raises for all replicas",
    ),
    CountsReplicas: ("check_alone", "results alone differ from its results in a population"),
    Chooses: ("check_searched", "choose by torch.where rather than `if`; test_learner.py:"),
    Counts: ("check_searched", "its results differ from those of a population of equal replicas"),
    RemembersElsewhere: ("check_resumes", "does not resume bit-exactly from a stored state"),
    PenaltyWithoutGradient: (
        "check_penalties",
        "hook penalty: what it returns has no gradient, so it changes nothing: compute it without "
        "torch.no_grad(), .detach() and .item(), from `params`",
    ),
    CountsInactiveUnits: ("check_penalties", "hook hidden_penalty: what it returns has no grad"),
    StandsStill: ("check_learns", "it does not learn: the loss on its first task was 2.3"),
    ClimbsUp: ("check_learns", "let apply_gradients step against the gradients"),
    NeedlesslyLooped: ("check_vectorized", "faster: remove `vectorized = False`"),
}


@pytest.mark.parametrize("cls", BREAKS, ids=lambda cls: cls.__name__)
def test_each_rule_is_caught_by_its_check_alone(cls):
    expected, sentence = BREAKS[cls]
    caught = {}
    trial = Trial(cls())
    purity.is_due(trial.learner)  # as in each population but the first, which repeats an update
    for check in CHECKS:
        try:
            check(trial)
        except pb.LearnerError as error:
            caught[check.__name__] = str(error)
    if any(line.file == "test_learner.py" for line in unseen_by(cls)):  # by class Elsewhere
        assert "reads the environment" in caught.pop("check_learner_code")
    assert list(caught) == [expected], caught
    assert sentence in caught[expected]
    assert caught[expected].startswith(f"Learner {cls.__name__}")


class Large(pb.Learner):
    def build(self, spec):
        return pb.build_network(pb.NetworkSpec(**{**spec.parameters(), "hidden": (200, 64)}))


def test_a_network_much_larger_than_the_suites_is_refused():
    message = "for a network of 2130 parameters it builds one of 26514, 12.4 times as many"
    with pytest.raises(pb.LearnerError, match=message):
        pb.check_learner(Large)


@pytest.mark.parametrize(
    ("cls", "generator"), [(DrawsFromNumpy, "numpy.random"), (DrawsInVain, "random")]
)
def test_global_generators_are_told_by_name(cls, generator):
    with pytest.raises(
        pb.LearnerError, match=f"it uses the global random generator of {generator}"
    ):
        pb.check_learner(cls)


# ---- which hook it was ------------------------------------------------------------------------


class DividesByZero(pb.Learner):
    def penalty(self, params, state):
        return 1 / (params["head.bias"] - state.initial["head.bias"]).square().sum()


class RootOfZero(pb.Learner):
    """Its penalty is finite, its gradient is not."""

    def penalty(self, params, state):
        return (params["head.bias"] - state.initial["head.bias"]).square().sum().sqrt()


class Explodes(pb.Learner):
    def after_update(self, state, noise):
        return scaled(state, 1e9)


class TakesLogarithms(pb.Learner):
    def predict_params(self, state):
        return {name: value.log() for name, value in state.params.items()}


class BuildsInfinity(pb.Learner):
    def build(self, spec):
        network = pb.build_network(spec)
        torch.nn.init.constant_(network.head.bias, torch.inf)
        return network


class KeepsInfinity(pb.Learner):
    """The smallest loss-like number so far begins at infinity, and that is well."""

    def memory(self, params):
        return {"smallest": torch.tensor(torch.inf)}

    def after_update(self, state, noise):
        size = state.params["head.weight"].norm()
        smallest = torch.minimum(state.memory["smallest"], size)
        return state._replace(memory={"smallest": smallest})


class OverflowsLate(pb.Learner):
    """Only in the second task, by itself finite, it grows beyond all bounds."""

    def begin_task(self, state, fresh, noise):
        return scaled(state, 1e18)


@pytest.mark.parametrize(
    ("cls", "sentence"),
    [
        (
            DividesByZero,
            "hook penalty: its result is not finite, although all of its arguments are",
        ),
        (
            RootOfZero,
            "gradients['head.bias'], for apply_gradients, is not finite: the square root and",
        ),
        (Explodes, "is not finite: parameters have grown to "),
        (TakesLogarithms, "hook predict_params: its result['linear0.weight'] is not finite"),
        (BuildsInfinity, "hook build: its result['head.bias'] is not finite"),
        (OverflowsLate, "is not finite: parameters have grown to "),
    ],
)
def test_the_first_hook_that_returns_no_number_is_named(cls, sentence):
    with pytest.raises(pb.LearnerError) as caught:
        pb.check_learner(cls)
    print(caught.value)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_words_may_look_like_numbers():
    pb.check_learner(Words)


def test_memory_may_hold_infinities():
    pb.check_learner(KeepsInfinity)


class Small(pb.Learner):
    def penalty(self, params, state):
        return 1e-3 * params["head.bias"].square().sum()


class NothingYet(pb.Learner):
    """A penalty of zero is no slip."""

    def penalty(self, params, state):
        return torch.zeros(())


def test_a_penalty_may_be_nothing():
    pb.check_learner(NothingYet)


def test_what_is_no_learner_network_or_stream_is_one_sentence():
    with pytest.raises(pb.BadInputError, match="Learner 42: it is not a subclass of plasticity_b"):
        pb.check_learner(42)
    with pytest.raises(pb.BadInputError, match="is a name, or a NetworkSpec, not 3"):
        pb.check_learner("adam", network=3)
    with pytest.raises(pb.BadInputError, match="an id or a Stream that was made, not 3"):
        pb.check_learner("adam", stream=3)


def test_a_class_or_an_object_can_be_given():
    pb.check_learner(Small)
    pb.check_learner(Small(step_size=1e-2))
    with pytest.raises(pb.BadInputError, match="already has its hyperparameters"):
        pb.check_learner(Small(), step_size=1e-2)
    with pytest.raises(pb.BadInputError, match="int: it is not a subclass"):
        pb.check_learner(int)
    with pytest.raises(pb.BadInputError, match="step_size: input should be greater than 0"):
        pb.check_learner(Small, step_size=0.0)


# ---- the command line, where `check` and `run` tell the same -----------------------------------

SUITE = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    num_tasks: 2
    updates_per_task: 10
    num_examples: 40
    network: {hidden: [8]}
learners: [fresh]
seeds: 1
measure: {curvature: {every: 1, examples: 16}}
"""
BAD = """\
import torch
import plasticity_bench as pb

class Signature(pb.Learner):
    def penalty(self, params):
        return 0.0

class Vector(pb.Learner):
    def penalty(self, params, state):
        return params["head.bias"]

class Adds(pb.Learner):
    def after_update(self, state, noise):
        state.params["extra"] = torch.zeros(())
        return state

class Range(pb.Learner):
    strength: float = 1.0

class Diverges(pb.Learner):
    def after_update(self, state, noise):
        return state._replace(params={k: v / 0 for k, v in state.params.items()})
"""


@pytest.fixture
def bad(tmp_path, monkeypatch):
    """The name of a module with learners that are wrong, in the current folder, beside a suite."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend("")
    (tmp_path / "bad_learners.py").write_text(BAD)
    (tmp_path / "tiny.yaml").write_text(SUITE)
    yield "bad_learners"
    sys.modules.pop("bad_learners", None)


@pytest.mark.parametrize(
    ("name", "settings", "code", "sentence"),
    [
        (
            "Signature",
            [],
            2,
            "hook penalty (bad_learners.py:5): it is called as penalty(params, st",
        ),
        ("Vector", [], 1, "Learner Vector, hook penalty: must return a scalar tensor, not (10,) f"),
        ("Adds", [], 1, "Learner Adds, hook after_update: params has gained ['extra']: parameters"),
        ("Range", ["-H", "strength=-3"], 2, "Learner Range: strength: input should be greater th"),
        ("Range", ["-H", "strenth=3"], 2, "no hyperparameter 'strenth'. Did you mean 'strength'?"),
        ("Diverges", [], 0, "Learner Diverges, hook after_update: its result.params['linear"),
    ],
)
def test_bad_input_is_told_alike_by_check_and_run(bad, capsys, name, settings, code, sentence):
    assert main(["check", f"{bad}:{name}", *settings]) == 2
    told = capsys.readouterr().err
    assert sentence in told
    assert told.count("\n") == 1
    run = ["run", "tiny.yaml", "--jobs", "1", "--seeds", "1", "--learner", f"{bad}:{name}"]
    assert main([*run, *settings]) == code
    told = capsys.readouterr().err
    assert sentence in told or (code == 0 and "1 diverged" in told)
    assert "Traceback" not in told


def test_check_tells_streams_and_learners_apart(capsys):
    assert main(["check", "adam", "-H", "step_size=1e-2"]) == 0
    assert capsys.readouterr().out == "adam passed.\n"
    assert main(["check", "adma"]) == 2
    assert "Did you mean 'adam'?" in capsys.readouterr().err
    assert main(["check", "plasticity/RandomLabelDigits-v0", "-H", "a=1"]) == 2
    assert "is a stream" in capsys.readouterr().err


def test_on_a_stream_that_mixes_tasks():
    stream = pb.make_stream(
        "plasticity/PermutedClassDigits-v0",
        num_tasks=3,
        updates_per_task=12,
        num_examples=64,
        batch_size=16,
        transition=6,
    )
    assert pb.check_learner("adam", stream=stream) == ()
