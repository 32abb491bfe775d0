"""The version of the code that computes results."""

VERSION = 2
"""Part of every run's key. Raise it if any number in a result changes, so that results of the
earlier code are computed again. tests/evaluation/test_version.py fails until that is decided."""
