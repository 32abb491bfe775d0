"""Branches from the ends of runs: what a probing task needs restored to be learnt again."""
