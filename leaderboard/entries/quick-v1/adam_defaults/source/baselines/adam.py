"""Adam, with no remedy for loss of plasticity."""

from plasticity_bench import Learner


class Adam(Learner):
    """Adam (Kingma and Ba, 2015, arXiv:1412.6980), its moments kept from task to task."""

    optimizer = "adam"
