"""`python -m plasticity_bench.leaderboard.rerun REQUEST`: run runs of an entry, from its source.

This is the only module that runs an entry's code, as a separate process in the folder of the
entry's source, and reads from a file what to run and where to store it.
"""

import json
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from plasticity_bench.errors import BadInputError, PlasticityBenchError
from plasticity_bench.leaderboard.entry import StreamSeed, read_entry
from plasticity_bench.leaderboard.manifest import Manifest, read_manifest
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.results import Results, Run
from plasticity_bench.running import group_run
from plasticity_bench.running.execution import Execution
from plasticity_bench.source_code.source import source_of
from plasticity_bench.suite import planning
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.suite import load_suite, suite_named


def main(request_file: str) -> None:
    """Run what a request asks for, and the reference's runs of the same streams and seeds.

    Raises:
        BadInputError: if the source does not match the entry, or a run fails.
    """
    request = json.loads(Path(request_file).read_text(encoding="utf-8"))
    manifest = read_manifest(Path(request["entry"]))
    file = request["suite"]
    suite = load_suite(file) if file else suite_named(manifest.suite.name)
    contender = _contender(manifest)
    places = {StreamSeed(stream, seed) for stream, seed in request["cells"]}
    runs = read_entry(Path(request["entry"]), suite.reference).runs
    _check_packages([runs[place].run for place in places])
    seeds = range(max(seed for _, seed in places) + 1)
    results = Results(Path(request["results"]))
    (control,) = (c for c in suite.contenders if c.label == suite.reference)
    contenders = [contender] if contender.label == control.label else [contender, control]
    for group in planning.plan(suite, contenders, seeds):
        indices = [i for i, c in enumerate(group.runs) if (c.stream, c.seed) in places]
        if indices:
            outcome = group_run.run_group(results, Execution(), group.part(indices), lambda _: None)
            if outcome.error:
                raise BadInputError(outcome.error)


def _check_packages(runs: Iterable[Run]) -> None:
    """Raise unless the packages that runs were computed with are here, in the same versions."""
    stated = {one for run in runs for one in run.identity["learner"].get("packages", {}).items()}
    for name, version in sorted(stated):
        try:
            here = metadata.version(name)
        except metadata.PackageNotFoundError:
            here = "missing"
        if here != version:
            raise BadInputError(
                f"its learner imports {name} {version}, which is {here} here: install that version."
            )


def _contender(manifest: Manifest) -> Contender:
    stated = manifest.learner
    cls = find_learner(stated.reference)
    if source_of(cls).hash != stated.source_sha256:
        raise BadInputError(f"{stated.reference} is not what was submitted: its source differs.")
    by_stream = {
        stream: cls.from_settings(values) for stream, values in stated.hyperparameters.items()
    }
    return Contender(stated.label, next(iter(by_stream.values())), by_stream)


if __name__ == "__main__":
    sys.path.insert(0, "")
    try:
        main(sys.argv[1])
    except PlasticityBenchError as error:
        sys.exit(str(error))
