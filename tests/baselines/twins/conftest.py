"""Two hundred updates of two implementations each take seconds: most twins are of the second tier."""

import pytest

FAST = ("test_l2", "test_redo", "test_wasserstein")


def pytest_collection_modifyitems(items):
    """Mark the twins of this folder, but for a few."""
    for item in items:
        module = item.module.__name__
        if ".twins." in module and module.rpartition(".")[2] not in FAST:
            item.add_marker(pytest.mark.slow)
