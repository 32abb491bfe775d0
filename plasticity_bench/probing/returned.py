r"""What returns: the share of the lost accuracy that comes back under a condition.

With A the accuracy on the probing task of a seed under the condition, W that of the worn network as
it is, and F that of a fresh one, trained in the same way,

$$\text{returned} = \frac{\sum_s (A_s - W_s)}{\sum_s (F_s - W_s)}.$$

It is a ratio of means, so that no seed that lost next to nothing decides it. Its interval is
Student's over seeds of the ratio estimator's residuals (Cochran, 1977, Sampling Techniques,
section 6.4), in which the uncertainty of the loss is included.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from plasticity_bench.probing.conditions import CONDITIONS, bounds_of
from plasticity_bench.probing.stored import Probe
from plasticity_bench.statistics import NO_INTERVAL, Interval, mean_interval

SMALLEST_LOSS = 0.05
"""Of the task metric: where less is lost, the share of it that returns is mostly noise."""


@dataclass(frozen=True)
class Line:
    """One learner on one stream under one condition.

    Attributes:
        stream: its label.
        learner: its label.
        condition: one of `CONDITIONS`.
        metric: "accuracy" or "r_squared".
        num_seeds: over which means are taken.
        reached: the task metric at the end of the probing task; NaN if a seed diverged.
        lost: of it, by the worn network; of the condition's own training.
        returned: of what was lost, in [0, 1] if all is between worn and fresh; NaN where nothing
            was lost, or nothing is to return, as for the worn network itself.
        looked_at: by name, means of what was measured at the start of the task.
        missing: why the network does not have this condition; empty if it has.
    """

    stream: str
    learner: str
    condition: str
    metric: str
    num_seeds: int
    reached: Interval
    lost: Interval
    returned: Interval
    looked_at: dict[str, float]
    missing: str = ""


def lines_of(stream: str, learner: str, probes: Sequence[Probe]) -> list[Line]:
    """Return the lines of one learner on one stream, for each condition.

    Args:
        stream: its label.
        learner: its label.
        probes: of its runs, one for each seed; at least one.
    """
    metric = "r_squared" if "r_squared" in next(iter(probes[0].numbers.values())) else "accuracy"
    reached = {
        condition: [probe.numbers[condition][metric] for probe in probes]
        for condition in probes[0].numbers
    }
    lines = []
    for condition in CONDITIONS:
        if condition not in reached:
            why = probes[0].missing[condition]
            none = (NO_INTERVAL,) * 3
            lines.append(Line(stream, learner, condition, metric, len(probes), *none, {}, why))
            continue
        bounds = bounds_of(condition)
        worn, fresh = reached[bounds.worn], reached[bounds.fresh]
        is_bound = condition in bounds
        lines.append(
            Line(
                stream,
                learner,
                condition,
                metric,
                len(probes),
                mean_interval(reached[condition]),
                mean_interval(np.subtract(fresh, worn)),
                NO_INTERVAL if is_bound else returned(reached[condition], worn, fresh),
                {
                    name: float(np.mean([probe.numbers[condition][name] for probe in probes]))
                    for name in probes[0].numbers[condition]
                    if name != metric
                },
            )
        )
    return lines


def returned(reached: ArrayLike, worn: ArrayLike, fresh: ArrayLike) -> Interval:
    """Return the share of the loss that returns, with its interval over seeds.

    Args:
        reached: under the condition, (seeds,).
        worn: by the network as it is, (seeds,).
        fresh: by a fresh network, (seeds,).

    Returns:
        All NaN if less than `SMALLEST_LOSS` is lost on average, if the loss's interval contains
        zero, or if a number is NaN; the ends are NaN for a single seed.
    """
    gained, loss = np.subtract(reached, worn), np.subtract(fresh, worn)
    lost = mean_interval(loss)
    if not lost.mean >= SMALLEST_LOSS or lost.low <= 0 or np.isnan(gained).any():
        return NO_INTERVAL
    ratio = gained.mean() / lost.mean
    interval = mean_interval(ratio + (gained - ratio * loss) / lost.mean)
    return Interval(float(ratio), interval.low, interval.high)
