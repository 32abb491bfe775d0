"""Checks of a user's learner: `check_learner`."""

from collections.abc import Callable

import yaml

from plasticity_bench.checks import hooks
from plasticity_bench.checks.remarks import changing_the_network, drawn_numbers, remarks
from plasticity_bench.checks.trial import NETWORKS, OTHER_SEEDS, SEEDS, UPDATES, Trial
from plasticity_bench.checks.unseen import check_learner_code
from plasticity_bench.errors import BadInputError, LearnerError
from plasticity_bench.learners.hyperparameters import without_effect
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.lookup import check_class, find_learner
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.recording import purity
from plasticity_bench.standard_output import kept_for_data
from plasticity_bench.streams import Stream, stream_of
from plasticity_bench.suite import yaml_source

Check = Callable[[Trial], None]


@kept_for_data()
def check_learner(
    learner: str | type[Learner] | Learner,
    *,
    network: str | NetworkSpec = "mlp",
    stream: Stream | None = None,
    **hyperparameters: object,
) -> tuple[str, ...]:
    """Check a learner against the rules that results rely on.

    It trains a small network on a small stream, learns, and stays finite; the same seed gives
    bit-identical results, whatever the state of global random generators, the other replicas and
    their hyperparameters, and after its state was stored and loaded; its hooks change neither their
    arguments nor anything else, and read no clock; its penalties have gradients; its networks
    differ in parameters only, and an example's outputs are computed from that example alone; its
    hyperparameters survive a suite's file; its network is not much larger than the suite's;
    `vectorized` is False only where necessary; and its code neither reads files or the environment
    nor changes globals. The check takes seconds.

    Args:
        learner: a baseline's name, `module:Class`, a class, or one with its hyperparameters set.
        network: the family of the small network, "mlp", "cnn" or "vit"; or a specification.
        stream: whose first tasks it is trained on, for 20 updates each, in place of digits. They
            may be too few to learn anything of it: that is not checked then.
        **hyperparameters: that replace the class's defaults.

    Returns:
        Remarks, a sentence each: what works in another way with it, and breaks no rule.

    Raises:
        LearnerError: which rule it breaks and what to change, in one sentence.
        BadInputError: if there is no such learner, or its declarations are wrong.
    """
    if isinstance(network, str) and network not in NETWORKS:
        raise BadInputError(f"The network of a check is one of {', '.join(NETWORKS)}.")
    spec = NETWORKS[network] if isinstance(network, str) else network
    if not isinstance(spec, NetworkSpec):
        raise BadInputError(f"The network of a check is a name, or a NetworkSpec, not {spec!r}.")
    stream = None if stream is None else stream_of(stream)
    trial = Trial(_made(learner, hyperparameters), spec, stream)
    purity.forget(type(trial.learner))
    for check in CHECKS:
        if stream is None or check is not check_learns:
            check(trial)
    return tuple(remarks(trial.learner, trial.network))


def _made(learner: str | type[Learner] | Learner, given: dict[str, object]) -> Learner:
    if isinstance(learner, Learner):
        if given:
            raise BadInputError("This learner already has its hyperparameters: give its class.")
        check_class(type(learner).__name__, type(learner))
        return learner
    cls = find_learner(learner) if isinstance(learner, str) else learner
    check_class(None, cls)
    return cls(**given)


def check_works(trial: Trial) -> None:
    """It trains across a change of task; no hook raises, and everything stays finite."""
    beyond = trial.first.not_finite()
    if not beyond:
        return
    for seed in SEEDS:
        trial.run((seed,), hooks.finite(trial.learner))  # names the hook
    raise _broken(trial.learner, f"{beyond} is not finite: lower step_size")


def check_hyperparameters(trial: Trial) -> None:
    """Its hyperparameters are unchanged after being written to a suite's file and read."""
    learner = trial.learner
    idle = without_effect(learner.optimizer)
    values = {k: v for k, v in learner.hyperparameters().items() if k not in idle}
    text = yaml.dump(values, Dumper=yaml_source.Dumper)
    read = yaml_source.parse(text, "hyperparameters").value
    for name, value in values.items():
        if (type(read[name]), read[name]) != (type(value), value):
            raise _broken(
                learner,
                f"its hyperparameter {name} is {value!r}, which a suite's file reads as "
                f"{read[name]!r}: give it a value that YAML does not take for something else",
            )
    again = type(learner)(**read).hyperparameters()
    for name, value in values.items():
        if again[name] != value:
            raise _broken(
                learner,
                f"its hyperparameter {name} is {value!r}, but set to that it becomes "
                f"{again[name]!r}: let its annotation check a value, not change it",
            )


def check_arguments_unchanged(trial: Trial) -> None:
    """Its hooks do not change their arguments."""
    trial.run(SEEDS[:1], hooks.unchanging(trial.learner))


def check_penalties(trial: Trial) -> None:
    """Its penalties have gradients."""
    if any(map(trial.learner.overrides, hooks.PENALTIES)):
        trial.run(SEEDS[:1], hooks.differentiable(trial.learner))


def check_deterministic(trial: Trial) -> None:
    """The same seed gives the same results."""
    if not trial.is_steady and not trial.first.all_same(trial.again):
        raise _broken(
            trial.learner,
            "a second run with the same seeds gave other results: hooks may depend on their "
            "arguments only, not on a variable of the module or class, the time or a set's order",
        )


def check_global_generators(trial: Trial) -> None:
    """Global random generators are neither used nor changed."""
    advice = "draw from the hook's `noise`, or from PyTorch's generator within build"
    later = trial.elsewhere or trial.again  # what the first run imports may use them
    if later.moved:
        used = " and ".join(later.moved)
        raise _broken(trial.learner, f"it uses the global random generator of {used}: {advice}")
    if not trial.is_steady and not trial.again.all_same(trial.run(global_seed=1)):
        raise _broken(
            trial.learner, f"its results depend on the seeds of global random generators: {advice}"
        )


def check_replicas_independent(trial: Trial) -> None:
    """Another replica's seed, data or divergence changes nothing in this one."""
    if trial.is_steady:
        return
    try:
        others = trial.run(OTHER_SEEDS, spoiled=2)
    except LearnerError as error:
        raise _broken(
            trial.learner,
            "if one replica's numbers are not finite, a hook raises for all replicas: make them "
            f"finite before that step, with nan_to_num() for instance; {error}".rstrip("."),
        ) from error
    if not trial.again.same(others):
        raise _broken(
            trial.learner,
            "a replica's results change with another replica's seed and data: hooks may keep "
            "nothing from call to call but in the dictionary that memory() returns",
        )


def check_alone(trial: Trial) -> None:
    """A replica's results are the same alone and among others."""
    index = len(SEEDS) - 1
    if not trial.settled.same(trial.run(SEEDS[index:]), index):
        raise _broken(
            trial.learner,
            "a replica's results alone differ from its results in a population: hooks may not "
            "depend on how often they are called; and PyTorch rounds `matrix @ vector` otherwise "
            "for one replica than for several, but `(matrix * vector).sum(-1)` alike",
        )


def check_searched(trial: Trial) -> None:
    """Replicas may differ in the searched hyperparameters, which are tensors then."""
    learner = trial.learner
    in_build = changing_the_network(learner, trial.network)
    numbers = {
        name: value for name, value in drawn_numbers(learner).items() if name not in in_build
    }
    try:
        together = trial.run(SEEDS[:2], [learner, learner.replaced(numbers)])
        same = together.close(trial.settled, 0, 0)
        problem = "its results differ from those of a population of equal replicas"
    except LearnerError as error:
        same, problem = False, f"{error}".rstrip(".")
    if not same:
        raise _broken(
            learner,
            f"where replicas differ in {', '.join(numbers)}, as in a search, hooks see a tensor in "
            "place of each number: let them compute with it, and choose by torch.where rather "
            f"than `if`; {problem}",
        )


def check_resumes(trial: Trial) -> None:
    """Training resumed from a stored state is bit-identical."""
    if not trial.settled.all_same(trial.run(resumed=trial.settled)):
        raise _broken(
            trial.learner,
            "it does not resume bit-exactly from a stored state: everything that "
            "changes as it learns belongs in the dictionary that memory() returns",
        )


def check_learns(trial: Trial) -> None:
    """Training on the first task lowers that task's loss."""
    before, after = trial.first.loss("untrained"), trial.first.loss("logits")
    if not after < before:
        raise _broken(
            trial.learner,
            f"it does not learn: the loss on its first task was {before:.3f}, and after {UPDATES} "
            f"updates it is {after:.3f}: let apply_gradients step against the gradients, by a "
            "step_size neither too small nor too large, and loss fall where predictions are right",
        )


def check_vectorized(trial: Trial) -> None:
    """`vectorized` is False only where necessary."""
    learner = trial.learner
    if learner.vectorized:
        return
    cls = type(learner)
    mapped: Learner = object.__new__(type(cls.__name__, (cls,), {"vectorized": True}))
    vars(mapped).update(vars(learner))
    try:
        mapped_run = trial.run(learner=mapped)
    except LearnerError:
        return
    if trial.settled.all_close(mapped_run):
        raise _broken(
            learner,
            "its hooks can be run for all replicas at once, with the same results and faster: "
            "remove `vectorized = False`",
        )


CHECKS: tuple[Check, ...] = (
    check_works,  # it names the hook that changes something
    check_learner_code,
    check_hyperparameters,
    check_arguments_unchanged,
    check_penalties,
    check_deterministic,
    check_global_generators,
    check_replicas_independent,
    check_alone,
    check_searched,
    check_resumes,
    check_learns,
    check_vectorized,
)


def _broken(learner: Learner, problem: str) -> LearnerError:
    return LearnerError(f"Learner {type(learner).__name__}: {problem}.")
