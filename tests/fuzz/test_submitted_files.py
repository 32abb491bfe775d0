"""Tuning records and entries of the leaderboard, as a stranger may send them."""

import json
import shutil
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from plasticity_bench.leaderboard import manifest as manifests
from plasticity_bench.leaderboard.entry import read_entry
from plasticity_bench.leaderboard.manifest import read_manifest
from plasticity_bench.tuning.record import read_record
from tests.fuzz.support import HEAVY, QUICK, edits, mutated, told, values
from tests.fuzz.test_suites import places, replaced
from tests.support.pages import ROOT

pytestmark = pytest.mark.slow
RECORD = (ROOT / "suites" / "tuning" / "quick.yaml").read_bytes()
ENTRY = ROOT / "leaderboard" / "entries" / "quick-v1" / "adam"
MANIFEST = ENTRY / "manifest.json"
DOCUMENT = json.loads(MANIFEST.read_text())
PLACES = list(places(DOCUMENT))


@QUICK
@given(edits)
def test_bytes_of_records(changes):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "tuned.yaml"
        path.write_bytes(mutated(RECORD, changes))
        with told():
            read_record(path)


SMALL = {**yaml.safe_load(RECORD), "learners": {}}
SMALL["learners"] = {"fresh": yaml.safe_load(RECORD)["learners"]["fresh"]}
SMALL["learners"]["fresh"]["tried"] = SMALL["learners"]["fresh"]["tried"][:2]
IN_RECORD = list(places(SMALL))


@QUICK
@given(st.sampled_from(IN_RECORD), values)
def test_records_with_one_wrong_value(place, value):
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "tuned.yaml"
        text = json.dumps(replaced(SMALL, place, value))  # JSON is YAML
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        with told():
            read_record(path)


@QUICK
@given(edits)
def test_bytes_of_manifests(changes):
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / MANIFEST.name).write_bytes(mutated(MANIFEST.read_bytes(), changes))
        with told():
            read_manifest(Path(name))


@QUICK
@given(st.sampled_from(PLACES), values)
def test_manifests_with_one_wrong_value(place, value):
    with tempfile.TemporaryDirectory() as name:
        text = json.dumps(replaced(DOCUMENT, place, value))
        (Path(name) / MANIFEST.name).write_bytes(text.encode("utf-8", "surrogatepass"))
        with told():
            manifests.unclear(read_manifest(Path(name)))


@HEAVY
@given(edits, st.integers(0, 20))
def test_bytes_of_any_file_of_an_entry(changes, which):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "adam"
        shutil.copytree(ENTRY, folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        path = files[which % len(files)]
        path.write_bytes(mutated(path.read_bytes(), changes))
        with told():
            read_entry(folder, "fresh")
