"""torchvision's data sets, importable with a torch build that its operators do not match.

torchvision's wheels are linked against one build of torch. With another, such as a CPU build, its
compiled operators do not load, and its import fails although data sets need none of them. Declaring
the two operators that it uses is enough.
"""

import importlib
import sys
from typing import Any

MISSING = "operator torchvision::nms does not exist"
_OPERATOR = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_kept: list[Any] = []  # an operator exists as long as the library that defines it


def torchvision_datasets() -> Any:
    """Return the module `torchvision.datasets`."""
    try:
        return importlib.import_module("torchvision.datasets")
    except RuntimeError as error:
        if str(error) != MISSING:
            raise
    # Only now: where the operators work, defining them again is an error.
    for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
        del sys.modules[name]
    _define_operators()
    return importlib.import_module("torchvision.datasets")


def _define_operators() -> None:
    import torch

    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in ("nms", "qnms"):
        library.define(name + _OPERATOR)
    _kept.append(library)
