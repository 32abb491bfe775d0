"""Two hundred updates of two implementations each take seconds: most twins are of the second tier."""

from pathlib import Path

import pytest

FAST = ("test_l2", "test_redo", "test_wasserstein")


def pytest_collection_modifyitems(items):
    """Mark the twins of this folder, but for a few."""
    for item in items:
        if item.path.parent == Path(__file__).parent and item.path.stem not in FAST:
            item.add_marker(pytest.mark.slow)
