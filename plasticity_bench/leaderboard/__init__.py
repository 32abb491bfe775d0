"""Submitted results: written, checked without running them, ranked, shown.

An entry is a folder, leaderboard/entries/SUITE/NAME/:

    manifest.json          submitter, learner, settings and scores
    measurements.parquet   all measurements of all seeds
    source/                the learner's code
    tuning.yaml            the search for its settings, if any
    verification/          records of runs that were run again

docs/submitting.md describes how to submit an entry, and the rules that it is checked by.
"""
