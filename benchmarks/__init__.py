"""Benchmarks: each script prints a table and states how it was measured."""
