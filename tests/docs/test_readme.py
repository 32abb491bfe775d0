"""What the README shows is what the repository holds."""

import pytest

from tests.support.pages import ROOT, blocks

pytestmark = pytest.mark.system


def test_my_module_is_shown_as_it_is():
    (block,) = [block for block in blocks("README.md") if block.language == "python"]
    assert block.text == (ROOT / "my_module.py").read_text()
