"""Submitted results: written, checked without running them, ranked, shown.

In leaderboard/entries/SUITE/NAME/ lie

    manifest.json          who, what, with which settings and scores
    measurements.parquet   every number measured, of every seed
    source/                the learner's code
    tuning.yaml            the search for its settings, if there was one
    verification/          records of runs that were run again

docs/submitting.md describes how an entry comes to be, and what it is checked for.
"""
