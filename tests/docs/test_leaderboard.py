"""docs/submitting.md tells of every rule."""

from plasticity_bench.leaderboard.validation import FORMAL, NUMBERS
from tests.support.pages import text_of


def test_every_rule_is_told_of():
    for rule in (*FORMAL, *NUMBERS):
        assert f"`{rule.__name__}`" in text_of("docs/submitting.md"), rule.__name__
