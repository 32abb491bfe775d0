"""The names of the package: those of today, and earlier ones, which warn."""

from importlib import metadata

import pytest

import plasticity_bench as pb


def test_every_public_name_is_there():
    assert dir(pb) == sorted(pb.__all__)
    for name in pb.__all__:
        assert getattr(pb, name) is not None


def test_the_version_is_that_of_the_distribution():
    assert pb.__version__ == metadata.version("plasticity-bench")


@pytest.mark.parametrize(
    ("earlier", "now"),
    [
        ("Member", "Replica"),
        ("Explanation", "Diagnostic"),
        ("narrowed", "match_num_parameters"),
    ],
)
def test_an_earlier_name_warns_and_is_the_same(earlier, now):
    with pytest.warns(DeprecationWarning, match=f"{earlier} is deprecated: use .*{now}") as caught:
        assert getattr(pb, earlier) is getattr(pb, now)
    assert [warning.filename for warning in caught] == [__file__]
    assert earlier not in pb.__all__
    assert earlier not in dir(pb)


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'Mumber'"):
        pb.Mumber  # noqa: B018
