"""Adam whose two running averages forget equally fast."""

from plasticity_bench import Learner


class AdamEqualBetas(Learner):
    """Adam with beta1 = beta2 = 0.99.

    Dohare et al. (2024), arXiv:2306.13812, take it against the large updates that follow when
    gradients grow faster than the average of their squares. Nothing else differs from Adam.
    """

    beta1 = 0.99
    beta2 = 0.99
