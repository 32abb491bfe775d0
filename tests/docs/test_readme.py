"""What the README shows is what the repository holds."""

from tests.support.pages import ROOT, blocks


def test_my_module_is_shown_as_it_is():
    (block,) = [block for block in blocks("README.md") if block.language == "python"]
    assert block.text == (ROOT / "my_module.py").read_text()
