"""Names of the suites and baselines that come with the package; torch is not imported."""

import importlib
import pkgutil
from importlib import resources

BASELINES = "plasticity_bench.baselines"
SUITES = "plasticity_bench.suites"


def baseline_names() -> list[str]:
    """Return the names of the learners that come with the package, sorted."""
    package = importlib.import_module(BASELINES)
    return sorted(module.name for module in pkgutil.iter_modules(package.__path__))


def suite_names() -> list[str]:
    """Return the names of the suites that come with the package, sorted."""
    folder = resources.files(SUITES)
    return sorted(f.name[: -len(".yaml")] for f in folder.iterdir() if f.name.endswith(".yaml"))
