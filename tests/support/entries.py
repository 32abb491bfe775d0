"""A tiny suite's results and entries, and a way to forge them."""

import json
import shutil
from hashlib import sha256
from pathlib import Path

import pyarrow.parquet as pq

from plasticity_bench.errors import DamagedError
from plasticity_bench.leaderboard.entry import read_entry, scores_of
from plasticity_bench.leaderboard.manifest import MANIFEST, MEASUREMENTS
from plasticity_bench.leaderboard.manifest_fields import cost, environments, stored_scores
from plasticity_bench.leaderboard.submitted_code import source_hash_of_entry
from plasticity_bench.results import Row, Run
from plasticity_bench.results.parquet import measurements_bytes, measurements_table, pack_bytes
from plasticity_bench.results.run import own_fresh_label
from plasticity_bench.suite.loading import load_suite

SUITE = """\
suite: test/tiny-v0
streams:
  - id: plasticity/RandomLabelDigits-v0
    label: labels
    num_tasks: 4
    updates_per_task: 20
    num_examples: 40
    network: {hidden: [8]}
  - id: plasticity/PermutedPixelDigits-v0
    label: pixels
    num_tasks: 4
    updates_per_task: 20
    num_examples: 40
    network: {hidden: [8]}
learners:
  - {name: fresh, step_size: 3e-2}
  - {name: adam, step_size: 1e-2}
seeds: 3
measure:
  curvature: {every: 2, examples: 16}
"""


def runs_of_trial(folder):
    """The runs of an entry, as [info, rows] with rows of [task, when, name, value]."""
    table = pq.read_table(folder / MEASUREMENTS).to_pylist()
    return [
        [
            json.loads(row["info"]),
            [list(r) for r in zip(row["task"], row["when"], row["name"], row["value"])],
        ]
        for row in table
    ]


def put(folder, runs):
    """Write runs into an entry, with keys that fit, and say so in its manifest."""
    infos, tables = [], []
    for info, rows in runs:
        run = Run(info["stream"], info["learner"], info["seed"], info["identity"])
        infos.append({**info, "key": run.key})
        tables.append(measurements_table(measurements_bytes(Row(*row) for row in rows), folder))
    content = pack_bytes(infos, tables)
    (folder / MEASUREMENTS).write_bytes(content)
    change_manifest(folder, lambda m: m.update(measurements_sha256=sha256(content).hexdigest()))


def change_manifest(folder, change):
    manifest = json.loads((folder / MANIFEST).read_text())
    change(manifest)
    (folder / MANIFEST).write_text(json.dumps(manifest))


def change_runs(folder, change):
    """Forge runs; all that the manifest computes from them is computed anew, as a forger would.

    `change(info, rows)` changes them in place; a run for which it returns False is dropped.
    """
    runs = [own for own in runs_of_trial(folder) if change(*own) is not False]
    put(folder, runs)
    suite = load_suite(str(folder.parents[2] / "tiny.yaml"))
    try:
        entry = read_entry(folder, suite.reference)
        scores = stored_scores(scores_of(entry, suite))
    except (DamagedError, ValueError):
        return
    infos = [info for info, _ in runs if info["learner"] == entry.manifest.learner.label]

    def anew(manifest):
        manifest["scores"] = {k: s.model_dump() for k, s in scores.items()}
        manifest["cost"] = cost(suite, infos).model_dump()
        manifest["environments"] = environments(infos)

    change_manifest(folder, anew)


def change_source(folder, text):
    """Replace the code of an entry's learner, with hashes that fit everywhere."""
    manifest = json.loads((folder / MANIFEST).read_text())
    names = manifest["learner"]["source"]
    (folder / names[0]).write_text(text)
    digest = source_hash_of_entry(folder, names)
    label = manifest["learner"]["label"]
    change_manifest(folder, lambda m: m["learner"].update(source_sha256=digest))

    def change(info, rows):
        if info["learner"] in (label, own_fresh_label(label)):
            info["identity"]["learner"]["source"] = digest

    change_runs(folder, change)


def copy_of(folder, target):
    """All entries and the suite's file, to be spoilt; the copy of one entry's folder."""
    shutil.copytree(folder.parents[1], target / "entries")
    shutil.copy(folder.parents[2] / "tiny.yaml", target / "tiny.yaml")
    return Path(target) / "entries" / folder.parent.name / folder.name
