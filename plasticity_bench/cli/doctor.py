"""`doctor`: what this machine has, and what is missing."""

import argparse

from plasticity_bench.cli.common import COMPLETE, SOME_FAILED, say, say_next

HELP = "report what is installed on this machine, and what suites still need"
EXAMPLE = "plasticity-bench doctor"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the verb."""
    del parser  # it has none


def execute(_: argparse.Namespace) -> int:
    """Print what there is as it is found; return 0 unless something needed is broken."""
    from plasticity_bench import doctor

    broken = 0
    for finding in doctor.findings():
        print(f"{finding.topic + ':':<26} {finding.state}", flush=True)
        if finding.remedy:
            say(f"{'! ' if finding.needed else '- '}{finding.topic}: {finding.remedy}")
        broken += finding.needed
    if not broken:
        say_next("run", "quick")
    return SOME_FAILED if broken else COMPLETE
