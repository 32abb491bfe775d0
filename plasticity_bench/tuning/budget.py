"""What a search found, as a function of its budget."""

from collections.abc import Sequence
from math import comb

import numpy as np


def expected_best(scores: Sequence[float], number: int) -> float:
    r"""Return the expected best score of some settings drawn without replacement.

    With the scores in ascending order, :math:`s_1, \dots, s_n`, and `number` = k, it is
    :math:`\sum_i s_i \binom{i-1}{k-1} / \binom{n}{k}`. Dodge et al. (2019), "Show your work",
    arXiv:1909.03004, section 3, draw with replacement, which is biased where k is not small.

    Args:
        scores: of all n settings that a search tried.
        number: of settings, from 1 to n.

    >>> expected_best([0.0, 0.5, 1.0], 1), expected_best([0.0, 0.5, 1.0], 3)
    (0.5, 1.0)
    """
    weights = [comb(index, number - 1) for index in range(len(scores))]
    return float(np.dot(weights, sorted(scores)) / comb(len(scores), number))


def budgets(number: int) -> list[int]:
    """Return the numbers of settings that a table shows: powers of two, and all.

    >>> budgets(20)
    [1, 2, 4, 8, 16, 20]
    """
    powers = [1 << exponent for exponent in range(number.bit_length())]
    return powers if powers[-1] == number else [*powers, number]
