"""Adam whose two running averages forget equally fast."""

from plasticity_bench import Learner, Method


class AdamEqualBetas(Learner):
    """Adam with beta1 = beta2 = 0.99.

    Dohare et al. (2024), arXiv:2306.13812, take it against the large updates that follow when
    gradients grow faster than the average of their squares. Nothing else differs from Adam.
    """

    method = Method(
        paper="2306.13812",
        year=2024,
        authors="Dohare et al.",
        code="https://github.com/shibhansh/loss-of-plasticity",
        commit="63c35f3c758bbb713dd42c72d43dc192fde0d109",
        verified="authors' code",
    )

    beta1 = 0.99
    beta2 = 0.99
