"""Timings: each script prints a table and says how it was measured."""
