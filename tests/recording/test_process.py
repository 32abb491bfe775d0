"""A user's learner is recorded in a process of its own, from which only plain data comes back."""

import importlib
import os
import sys
import time

import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.learners.submitted import SubmittedLearner, is_submitted, submitted
from plasticity_bench.recording import process
from plasticity_bench.recording.process import RecorderProcess, isolation
from plasticity_bench.recording.recorder import Recorder
from tests.support.helpers import SPEC

pytestmark = pytest.mark.slow  # every process imports PyTorch
BATCH = ((8, *SPEC.input_shape), (8,))

PLAIN = "import plasticity_bench as pb\nclass Learner(pb.Learner):\n    pass\n"
TRICKS = {
    "frames and objects": """
import gc, sys
import plasticity_bench as pb
from plasticity_bench.streams.stream import Stream
class Learner(pb.Learner):
    def after_update(self, state, noise):
        frame = sys._getframe()
        while frame is not None:
            names = set(frame.f_locals) & {"stream", "task", "seed", "seeds", "evaluation"}
            assert not names, names
            frame = frame.f_back
        assert not any(isinstance(o, Stream) for o in gc.get_objects())
        return state
""",
    "the environment": """
import os
import plasticity_bench as pb
assert "GITHUB_TOKEN" not in os.environ and "PLASTICITY_BENCH_DATA" not in os.environ
assert os.listdir(".") == [] and os.environ["HOME"] == os.getcwd()
class Learner(pb.Learner):
    pass
""",
    "printing": """
import sys, os
import plasticity_bench as pb
print("printed"); os.write(1, b"more\\n"); sys.__stdout__.write("and more\\n")
class Learner(pb.Learner):
    pass
""",
}


@pytest.fixture
def learner(tmp_path):
    def written(text):
        (tmp_path / "mine.py").write_text(text)
        settings = pb.Learner().hyperparameters()
        return SubmittedLearner("mine:Learner", settings, (str(tmp_path),))

    return written


@pytest.fixture(scope="module")
def plain():
    """The record of a plain learner, and its update, as JSON."""
    recorder = Recorder([pb.Learner()], SPEC)
    return recorder.record.as_json(), recorder.update(*BATCH).as_json()


@pytest.fixture
def begun(monkeypatch):
    """The processes that were started, as a list of their requests."""
    requests, original = [], RecorderProcess._begun
    monkeypatch.setattr(
        RecorderProcess, "_begun", lambda self: (requests.append(self._request), original(self))[1]
    )
    return requests


BROKEN = PLAIN.replace(
    "    pass\n", "    def penalty(self, params, state):\n        return params.nothing\n"
)


def test_an_error_is_the_same_for_every_seed_and_recorded_once(learner, begun):
    broken = learner(BROKEN)
    for _ in range(3):
        with pytest.raises(pb.LearnerError, match=r"mine.py:4 in penalty: `return params.nothing`"):
            RecorderProcess([broken], SPEC).update(*BATCH)
    assert len(begun) == 1


def test_a_corrected_file_is_recorded_anew(learner, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(tmp_path))
    learner(BROKEN)
    mine = importlib.import_module("mine")
    with pytest.raises(pb.LearnerError, match="penalty"):
        RecorderProcess([submitted(mine.Learner())], SPEC).update(*BATCH)
    learner(PLAIN)
    corrected = submitted(importlib.reload(mine).Learner())
    assert RecorderProcess([corrected], SPEC).update(*BATCH)
    monkeypatch.delitem(sys.modules, "mine")


@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_is_to_be_found_there(learner, trick, plain, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("PLASTICITY_BENCH_DATA", "/data")
    recorded = RecorderProcess([learner(TRICKS[trick])], SPEC)
    assert (recorded.record.as_json(), recorded.update(*BATCH).as_json()) == plain


def test_there_is_no_network_where_the_system_permits_that(learner):
    if not isolation():
        pytest.skip("this system has no unshare, or does not permit it")
    text = (
        "import socket\nimport plasticity_bench as pb\n"
        "try:\n    socket.create_connection(('127.0.0.1', 9), timeout=1)\n"
        "except OSError as error:\n    assert 'unreachable' in str(error), error\n"
        "class Learner(pb.Learner):\n    pass\n"
    )
    assert RecorderProcess([learner(text)], SPEC).record.names


def test_the_process_and_what_it_has_started_end_before_results_exist(learner, tmp_path, capfd):
    if not isolation():
        pytest.skip("this system has no unshare, or does not permit it")
    text = (
        "import subprocess\nimport plasticity_bench as pb\n"
        f"subprocess.Popen(['sh', '-c', 'while true; do touch {tmp_path}/left; sleep 0.1; done'], "
        "start_new_session=True)"
        "\nclass Learner(pb.Learner):\n    pass\n"
    )
    recorder = RecorderProcess([learner(text)], SPEC)
    process_id = recorder._process.pid
    recorder.update(*BATCH)
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    (tmp_path / "left").unlink(missing_ok=True)
    time.sleep(1)
    assert not (tmp_path / "left").exists()
    # Another shape needs another process, which must record the same.
    assert recorder.update((4, *SPEC.input_shape), (4,)).nodes
    assert recorder._process.pid != process_id
    del recorder
    assert capfd.readouterr().err == ""  # `unshare` says nothing of a child that was killed


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import os\nos._exit(3)\n", "the process that calls its hooks died"),
        ("import time\ntime.sleep(60)\n", "was not recorded within 2 seconds"),
        (
            "import os\nfor f in range(3, 40):\n    try:\n        os.write(f, b'{\"answer\": 1}\\n')\n"
            "    except OSError:\n        pass\n",
            "malformed record",
        ),
        (
            "from plasticity_bench.recording import recorder\n"
            "call = ['call_function', 'operator.attrgetter', ['__deepcopy__.__globals__'], {}]\n"
            "forged = {'class': None, 'calls': [call], 'constants': []}\n"
            "as_data = recorder.as_data\n"
            "recorder.Recorder._network = lambda self, _: {**as_data(self._module), **forged}\n",
            "its network calls operator.attrgetter",
        ),
        ("raise ValueError('wrong')\n", "importing mine failed: ValueError: wrong"),
    ],
)
def test_what_goes_wrong_there_is_told(learner, text, told, monkeypatch):
    if "within 2 seconds" in told:
        monkeypatch.setattr(process, "LIMIT_SECONDS", 2.0)
    with pytest.raises(pb.PlasticityBenchError, match=told):
        RecorderProcess([learner(text + PLAIN)], SPEC)


def test_only_classes_that_others_can_import_are_recorded_elsewhere(tmp_path, monkeypatch):
    (tmp_path / "elsewhere.py").write_text(PLAIN)
    monkeypatch.syspath_prepend(str(tmp_path))
    import elsewhere

    own = submitted(elsewhere.Learner(step_size=0.5))
    assert (own.reference, own.settings["step_size"]) == ("elsewhere:Learner", 0.5)
    assert str(tmp_path) in own.path
    assert own.loaded().step_size == 0.5
    assert submitted(own) is own

    class Local(pb.Learner):
        pass

    assert not is_submitted(Local())
    assert not is_submitted(pb.Learner())
    from plasticity_bench.baselines.l2 import L2

    assert not is_submitted(L2())
    sys.modules.pop("elsewhere")


def test_a_population_of_plain_data_is_that_of_the_class(learner):
    plain = learner(PLAIN)
    theirs = pb.Population([pb.Replica(seed, plain) for seed in (0, 1)], SPEC)
    ours = pb.Population([pb.Replica(seed, pb.Learner()) for seed in (0, 1)], SPEC)
    for population in (theirs, ours):
        population.update(torch.ones(2, *BATCH[0]), torch.zeros(2, *BATCH[1], dtype=torch.int64))
    assert all(map(torch.equal, theirs.tensors().values(), ours.tensors().values()))
