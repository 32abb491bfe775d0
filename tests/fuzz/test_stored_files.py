"""Whatever stands in a file: a sentence or results, never a traceback, a hang, or silence."""

import contextlib
import json
import tempfile
from hashlib import sha256
from pathlib import Path

import pytest
import safetensors.torch
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from plasticity_bench.errors import BadInputError, DamagedError
from plasticity_bench.results import Results, Row, Run, read_requests, store_request
from plasticity_bench.running import checkpoints
from plasticity_bench.running.checkpoints import CheckpointError
from plasticity_bench.running.engines import slurm_script
from tests.fuzz.support import QUICK, edits, mutated, values

RUN = Run("s", "adam", 1, {"seed": 1})
ROWS = [Row(task, "end", name, task / 3) for task in range(5) for name in ("accuracy", "loss")]
INFO = {"status": "complete", "seconds": {"train": 1.0, "measure": 0.5}}


@contextlib.contextmanager
def store(packed=False):
    """Two finished runs in a folder, and nothing beside it; `files` is all below its parent."""
    with tempfile.TemporaryDirectory() as name:
        results = Results(Path(name) / "inner" / "suite@12345678")
        for seed in (0, 1):
            results.save(Run("s", "adam", seed, {"seed": seed}), ROWS, INFO)
        if packed:
            results.pack(many=1)
        yield results
        assert [path.name for path in Path(name).iterdir()] == ["inner"]
        assert [path.name for path in (Path(name) / "inner").iterdir()] == [results.folder.name]


def read_everything(results):
    """Read in every way, and pack; return what is damaged."""
    found = results.snapshot()
    stored = {run.key for run, _ in results.stored()}
    assert {head.key for head in found.finished.values()} >= stored or found.damaged
    for seed in (0, 1):
        run = Run("s", "adam", seed, {"seed": seed})
        loaded = results.load(run)
        assert loaded is None or loaded.info["seed"] == seed
    for table in results.run_tables("s", "adam"):
        table.means("accuracy", "end", [3, 4])
    read_requests(results.folder)
    results.pack(many=1)
    return found


def check_told(results):
    """Nothing is silently missing: what is not there is told of."""
    found = read_everything(results)
    assert len(found.finished) + len(found.failed) >= 2 or found.damaged
    for error in found.damaged:
        assert isinstance(error, DamagedError)
        assert "\n" not in str(error)


@pytest.mark.slow
@QUICK
@given(values, st.sampled_from(["key", "stream", "learner", "seed", "identity", "status", None]))
def test_cell_json(value, key):
    with store() as results:
        path = results.path(RUN) / "cell.json"
        info = json.loads(path.read_text())
        path.write_text(json.dumps({**info, key: value} if key else value))
        check_told(results)


@pytest.mark.slow
@QUICK
@given(
    values,
    st.sampled_from(["seconds", "environment", "measurements_sha256", "traceback", "status"]),
)
def test_cell_json_whose_key_fits(value, name):
    """Someone who forges a run can compute its key, too."""
    with store() as results:
        path = results.path(RUN) / "cell.json"
        info = json.loads(path.read_text())
        status = {"status": "failed"} if name == "traceback" else {}
        path.write_text(json.dumps({**info, **status, name: value}))
        check_told(results)


@pytest.mark.slow
@QUICK
@given(edits)
def test_bytes_of_cell_json(changes):
    with store() as results:
        path = results.path(RUN) / "cell.json"
        path.write_bytes(mutated(path.read_bytes(), changes))
        read_everything(results)


@pytest.mark.slow
@QUICK
@given(edits, st.booleans())
def test_bytes_of_measurements(changes, forged):
    """Damaged, or damaged on purpose: with the checksum of what is there."""
    with store() as results:
        path = results.path(RUN) / "measurements.parquet"
        before = path.read_bytes()
        content = mutated(before, changes)
        path.write_bytes(content)
        if forged:
            info = json.loads((path.parent / "cell.json").read_text())
            info["measurements_sha256"] = sha256(content).hexdigest()
            (path.parent / "cell.json").write_text(json.dumps(info))
        elif content != before:
            assert not results.is_finished(RUN)
        check_told(results)


@pytest.mark.slow
@QUICK
@given(edits, st.booleans())
def test_bytes_of_packs(changes, forged):
    with store(packed=True) as results:
        (path,) = results.folder.glob("packs/*/*/*")
        before = path.read_bytes()
        content = mutated(before, changes)
        path.write_bytes(content)
        if forged:
            path.rename(path.with_name(f"{sha256(content).hexdigest()}.parquet"))
        elif content != before:
            assert results.snapshot().finished == {}
        check_told(results)


@pytest.mark.slow
@QUICK
@given(values, st.sampled_from(["asked_at", "command", "groups", "inner", None]))
def test_requests(value, key):
    with store() as results:
        store_request(results.folder, "suite", "run", [RUN])
        (path,) = (results.folder / "runs").iterdir()
        request = json.loads(path.read_text())
        if key == "inner":
            request["groups"][0] = {**request["groups"][0], "seeds": value}
        path.write_text(json.dumps({**request, key: value} if key else value))
        found = read_requests(results.folder)
        assert found.damaged or found.runs is not None


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "1" * 10_000, '{"seed": NaN}', "", "\xff"]
)
def test_json_that_breaks_readers(text):
    with store() as results:
        (results.path(RUN) / "cell.json").write_text(text, encoding="latin-1")
        assert len(results.snapshot().damaged) == 1


# ---- checkpoints and profiles -------------------------------------------------------------------

NUMBERS = st.integers(-1, 3)
SHAPES = st.lists(NUMBERS.map(abs), max_size=3).map(tuple)


def forged(content):
    """A file whose checksum is right, whatever is in it."""
    return sha256(content).hexdigest().encode() + b"\n" + content


@QUICK
@given(
    header=values,
    said=st.dictionaries(
        st.sampled_from(["task", "update", "measured", "train_seconds", "prepare_seconds"]), values
    ),
    shapes=st.dictionaries(
        st.sampled_from(
            ["losses", "batch_metrics", "values", "diverged_at", "population:a", "snapshots:b"]
        ),
        SHAPES,
    ),
    runs=values | st.just(["a", "b"]),
)
def test_a_forged_checkpoint_is_refused(tmp_path_factory, header, said, shapes, runs):
    tensors = safetensors.torch.save({name: torch.zeros(s) for name, s in shapes.items()})
    own = {"format": checkpoints.FORMAT, "runs": runs, "conditions": {}, "progress": said}
    file = tmp_path_factory.mktemp("forged") / "checkpoints" / "a.checkpoint"
    file.parent.mkdir()
    for stated in (header, own):
        try:
            line = json.dumps(stated).encode("utf-8", "surrogatepass")
        except ValueError:
            continue
        file.write_bytes(forged(line + b"\n" + tensors))
        checkpoints.begun(file.parent.parent)
        with pytest.raises(CheckpointError):
            checkpoints.read(file)


@QUICK
@given(content=st.binary(max_size=200))
def test_any_bytes_are_no_checkpoint(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("bytes") / "a.checkpoint"
    for whole in (content, forged(content)):
        file.write_bytes(whole)
        with pytest.raises(CheckpointError):
            checkpoints.read(file)
        with pytest.raises(CheckpointError):
            checkpoints.keys_of(file)


@QUICK
@given(document=values, given_settings=st.lists(st.text(max_size=20), max_size=2))
def test_any_profile_is_one_or_is_told(tmp_path_factory, document, given_settings):
    file = tmp_path_factory.mktemp("profile") / "slurm.yaml"
    file.write_bytes(yaml.safe_dump(document).encode("utf-8", "surrogatepass"))
    with contextlib.suppress(BadInputError):
        slurm_script.load_profile(file, given_settings)
