"""Suites, their results, and baselines that come with the package; torch is not imported."""

import importlib
import pkgutil
from importlib import resources
from pathlib import Path

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


def tuning_records() -> list[Path]:
    """Return the records of the searches that the suites' settings come from."""
    return sorted((Path(str(resources.files(SUITES))) / "tuning").glob("*.yaml"))


def result_folders() -> list[Path]:
    """Return the folders of suites' results that come with the package: packs of runs."""
    folder = Path(str(resources.files(SUITES))) / "results"
    return sorted(path for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
