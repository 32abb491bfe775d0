"""A learner on a stream in one call, with its controls: scores, a tidy frame, a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, overload

import numpy as np
import pandas as pd

from plasticity_bench.errors import BadInputError
from plasticity_bench.evaluation import evaluator
from plasticity_bench.evaluation.evaluation import Evaluation
from plasticity_bench.evaluation.protocol import Protocol
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.lookup import check_class, find_learner
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.programs.population import Population, Replica
from plasticity_bench.results.run import LearnerOnStream
from plasticity_bench.results.run_table import RunTable
from plasticity_bench.running.execution import Execution
from plasticity_bench.scoring import score_table
from plasticity_bench.scoring.scores import Score, means, score
from plasticity_bench.streams import Stream, stream_of

AnyLearner = str | type[Learner] | Learner
WHENS = ["start", "during", "end"]


@dataclass(frozen=True, repr=False)
class LearnerScores:
    """What a learner did on a stream, in scores.

    Attributes:
        learner: its name.
        stream: the stream's name.
        scores: a row for each seed: trainability, retained plasticity, and so on.
        frame: a row for each measured number: learner, seed, task, when, measurement, value. The
            learners are this one, its own fresh copy and the reference.
        evaluation: the learner's own measurements.
    """

    learner: str
    stream: str
    scores: pd.DataFrame
    frame: pd.DataFrame
    evaluation: Evaluation
    _by_seed: Sequence[Score] = field(default=())

    def table(self, format_name: str = "table") -> str:
        """Return the scores with intervals over seeds, as `plasticity-bench run` prints them."""
        group = LearnerOnStream(self.stream, self.learner)
        entries = [score_table.entry(group, self._by_seed)]
        names = ("trainability", "retained", "curvature", "online")
        return score_table.render(entries, format_name, names)

    def __repr__(self) -> str:
        """Return the table as text."""
        return self.table()

    def _repr_html_(self) -> str:
        """Return the table as a notebook shows it."""
        return self.table("html")


@overload
def evaluate(learner: Stream, stream: Population, *given: Any, **named: Any) -> Evaluation: ...


@overload
def evaluate(
    learner: AnyLearner,
    stream: str | Stream = ...,
    seeds: int | Sequence[int] = ...,
    network: NetworkSpec | Mapping[str, Any] | None = ...,
    *,
    protocol: Protocol | None = ...,
    reference: AnyLearner = ...,
) -> LearnerScores: ...


def evaluate(
    learner: Any,
    stream: Any = "plasticity/RandomLabelDigits-v0",
    seeds: Any = 5,
    network: Any = None,
    *given: Any,
    reference: AnyLearner = "fresh",
    **named: Any,
) -> Any:
    """Return the scores of a learner on a stream, with those of its controls behind them.

    Given a stream, a population and a protocol instead, it is `evaluator.evaluate`, which returns
    an `Evaluation`: what one population did, and no scores.

    Args:
        learner: a baseline's name, module:Class, a class, or a learner with its hyperparameters.
        stream: an id, or a stream.
        seeds: how many, from 0 on; or which.
        network: what learners are asked to build, a specification or its keys as in a suite; by
            default an mlp with two hidden layers of 64.
        given: what else `evaluator.evaluate` takes.
        reference: the fresh learner that trainability is relative to, by default with its default
            settings: a suite's is tuned.
        named: `protocol`: what is measured, by default as in a suite, and curvature on no more
            examples than the smallest task has.

    Raises:
        BadInputError: if there is no such learner, stream or network.
        LearnerError: if one of the learner's hooks raises, or breaks a rule.
    """
    if isinstance(stream, Population):
        more = [one for one in (seeds if seeds != 5 else None, network) if one is not None]
        return evaluator.evaluate(stream_of(learner), stream, *more, *given, **named)
    made = stream_of(stream)
    smallest = min(int(made.size(index)) for index in range(made.num_tasks))
    protocol = named.pop("protocol", None) or Protocol(curvature_examples=min(512, smallest))
    if not isinstance(protocol, Protocol):
        raise BadInputError(f"evaluate: protocol is a Protocol, not {protocol!r}.")
    if named or given:
        raise BadInputError(f"evaluate has no argument {[*named, *given][0]!r}.")
    counted = isinstance(seeds, int | np.integer)
    chosen = list(range(seeds)) if counted else [int(seed) for seed in seeds]
    if not chosen:
        raise BadInputError("evaluate: seeds is how many, at least 1, or which.")
    if len(set(chosen)) < len(chosen):
        raise BadInputError("evaluate: seeds has one twice, which would count as two.")
    spec = _spec(network, made)
    own, control = _made(learner), _made(reference)
    told = replace(protocol, reveal_boundaries=True)
    names = {"": own, " (own fresh)": own, " (reference)": control}
    protocols = (protocol, protocol.own_fresh, told)
    tables, frames, evaluations = [], [], []
    for (suffix, one), how in zip(names.items(), protocols, strict=True):
        done = _evaluated(made, one, chosen, spec, how)
        evaluations.append(done)
        tables.append(_table(done, chosen))
        frames.append(_frame(done, f"{type(one).__name__}{suffix}", chosen))
    tasks = made.scored_tasks()
    parts = [list(means(t, p, tasks)) for t, p in zip(tables, protocols, strict=True)]
    scores = [score(mine, theirs, copy) for mine, copy, theirs in zip(*parts, strict=True)]
    rows = [{"seed": seed, **vars(one)} for seed, one in zip(chosen, scores, strict=True)]
    return LearnerScores(
        type(own).__name__,
        stream.rpartition("/")[-1] if isinstance(stream, str) else type(made).__name__,
        pd.DataFrame(rows),
        pd.concat(frames, ignore_index=True),
        evaluations[0],
        tuple(scores),
    )


def _made(learner: AnyLearner) -> Learner:
    if isinstance(learner, Learner):
        check_class(type(learner).__name__, type(learner))
        return learner
    cls = find_learner(learner) if isinstance(learner, str) else learner
    check_class(None, cls)
    return cls()


def _spec(network: NetworkSpec | Mapping[str, Any] | None, stream: Stream) -> NetworkSpec:
    if isinstance(network, NetworkSpec):
        return network
    if not isinstance(network, Mapping | None):
        raise BadInputError(
            "evaluate: network is a NetworkSpec, or its keys as in a suite, such as "
            f'{{"name": "mlp", "hidden": [64]}}, not {network!r}.'
        )
    keys = dict(network) if network is not None else {"hidden": (64, 64)}
    return NetworkSpec.of(keys, stream.input_shape, stream.num_outputs)


def _evaluated(
    stream: Stream, learner: Learner, seeds: Sequence[int], spec: NetworkSpec, protocol: Protocol
) -> Evaluation:
    with Execution().in_effect():
        population = Population([Replica(seed, learner) for seed in seeds], spec)
        return evaluator.evaluate(stream, population, protocol)


def _table(done: Evaluation, seeds: Sequence[int]) -> RunTable:
    """The measurements as stored runs have them."""
    names = list(dict.fromkeys(m.name for m in done.measurements))
    count = len(seeds)
    seconds = (done.train_seconds + done.measure_seconds) / count
    return RunTable(
        keys=[str(seed) for seed in seeds],
        statuses=["diverged" if at >= 0 else "complete" for at in done.diverged_at],
        seconds=[seconds] * count,
        infos=["{}"] * count,
        ends=np.arange(count + 1) * len(done.measurements),
        task=np.tile(np.array([m.task for m in done.measurements], np.int32), count),
        when=np.tile([WHENS.index(m.when) for m in done.measurements], count),
        name=np.tile([names.index(m.name) for m in done.measurements], count),
        value=np.concatenate([[m.values[i] for m in done.measurements] for i in range(count)]),
        whens=WHENS,
        names=names,
    )


def _frame(done: Evaluation, label: str, seeds: Sequence[int]) -> pd.DataFrame:
    parts = [
        {
            "learner": label,
            "seed": seeds,
            "task": m.task,
            "when": m.when,
            "measurement": m.name,
            "value": m.values,
        }
        for m in done.measurements
    ]
    return pd.concat([pd.DataFrame(part) for part in parts], ignore_index=True)
