"""Adam, with no remedy for loss of plasticity."""

from plasticity_bench import Learner, Method


class Adam(Learner):
    """Adam (Kingma and Ba, 2015, arXiv:1412.6980), its moments kept from task to task."""

    method = Method(
        paper="1412.6980",
        year=2015,
        authors="Kingma and Ba",
        verified="paper",
    )

    optimizer = "adam"
