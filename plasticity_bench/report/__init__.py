"""The report: one HTML file that shows everything of a suite's results, and needs no network."""

from plasticity_bench.report.collecting import collect
from plasticity_bench.report.page import page, write

__all__ = ["collect", "page", "write"]
