"""A user's learner is recorded in a process of its own, from which only plain data comes back."""

import contextlib
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import plasticity_bench as pb
from plasticity_bench.learners.submitted import SubmittedLearner, is_submitted, submitted
from plasticity_bench.recording import sealed_process
from plasticity_bench.recording.process import RecorderProcess
from plasticity_bench.recording.recorder import Recorder
from plasticity_bench.recording.sealed_process import isolation, protects_files
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
    mark = f"left by {tmp_path}"
    text = (
        "import subprocess\nimport plasticity_bench as pb\n"
        f"subprocess.Popen(['sh', '-c', 'while true; do sleep 0.1; done', '{mark}'], "
        "start_new_session=True)"
        "\nclass Learner(pb.Learner):\n    pass\n"
    )
    recorder = RecorderProcess([learner(text)], SPEC)
    process_id = recorder._process._process.pid
    assert _running(mark)
    recorder.update(*BATCH)
    with pytest.raises(ProcessLookupError):
        os.kill(process_id, 0)
    assert not _running(mark)
    # Another shape needs another process, which must record the same.
    assert recorder.update((4, *SPEC.input_shape), (4,)).nodes
    assert recorder._process._process.pid != process_id
    del recorder
    assert capfd.readouterr().err == ""  # `unshare` says nothing of a child that was killed


def _running(mark):
    """Whether a process has this in its command."""
    commands = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            commands.append(file.read_bytes())
    return any(mark.encode() in command for command in commands)


WRITING = """
import ctypes, os, socket, tempfile
from pathlib import Path
import plasticity_bench as pb

def refused(attempt):
    try:
        attempt()
    except OSError:
        return
    raise AssertionError(attempt)

def attempts():
    refused(lambda: open("FOLDER/results", "a"))
    refused(lambda: open("FOLDER/new", "w"))
    refused(lambda: os.rename("FOLDER/results", "FOLDER/moved"))
    refused(lambda: os.chmod("FOLDER/results", 0o777))
    refused(lambda: open("/proc/1/root/FOLDER/results", "a"))
    refused(lambda: open("/proc/sys/kernel/core_pattern", "a"))

attempts()
assert Path("FOLDER/results").read_text() == "theirs"
refused(lambda: socket.socket(socket.AF_UNIX))  # of a program that would write for it
assert set(os.listdir("/dev")) == {"null", "zero", "full", "random", "urandom", "shm"}
for folder in (".", os.environ["HOME"], tempfile.gettempdir()):
    Path(folder, "own").write_text("ours")
open("/dev/null", "w").write("nothing")
if os.fork() == 0:  # as root of a namespace of its own
    libc = ctypes.CDLL(None)
    libc.unshare(0x10000000 | 0x20000)
    for flags in (0x20, 0x1020):
        assert libc.mount(b"none", b"/", b"", ctypes.c_ulong(flags), None)
    attempts()
    os._exit(0)
assert os.wait()[1] == 0

class Learner(pb.Learner):
    pass
"""


@pytest.mark.parametrize("user", [(), ("--user", "--map-root-user")])
def test_no_file_of_the_users_is_written(learner, tmp_path, monkeypatch, user):
    prefix = ("unshare", *user, "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
    if subprocess.run([*prefix, "true"], check=False).returncode or not protects_files():
        pytest.skip("this system has no namespaces of mounts, or does not permit them")
    monkeypatch.setattr(sealed_process, "isolation", lambda: prefix)
    (tmp_path / "results").write_text("theirs")
    recorder = RecorderProcess([learner(WRITING.replace("FOLDER", str(tmp_path)))], SPEC)
    assert recorder.update(*BATCH).nodes
    assert (tmp_path / "results").read_text() == "theirs"
    assert not (tmp_path / "new").exists()


def test_where_files_cannot_be_protected_learners_are_recorded_all_the_same(learner, monkeypatch):
    monkeypatch.setattr(sealed_process, "_sealed", lambda folder: ("env",))
    assert not sealed_process.protects_files.__wrapped__()
    assert RecorderProcess([learner(PLAIN)], SPEC).update(*BATCH).nodes


OBEYED = "\x1b[2J\x1b]0;owned\x07 2 runs: verified."
SHOWN = r"Learner: \x1b[2J\x1b]0;owned\x07 2 runs: verified."


@pytest.mark.parametrize(
    "end", ["", "os._exit(3)\n", "import ctypes\nctypes.string_at(0)\n", "raise SystemExit(3)\n"]
)
def test_a_terminal_obeys_nothing_that_a_learner_prints(learner, capsys, end):
    text = (
        f"import os, sys, warnings\nos.write(2, {OBEYED!r}.encode() + b'\\n\\xff\\n')\n"
        "warnings.warn('of this')\nprint('x' * 300_000, file=sys.stderr)\nprint('no end', end='')\n"
        f"sys.stdout.flush()\n{end}"
    )
    with pytest.raises(pb.PlasticityBenchError) if end else contextlib.nullcontext():
        RecorderProcess([learner(text + PLAIN)], SPEC).update(*BATCH)
    lines = capsys.readouterr().err.splitlines()
    assert lines[:2] == [SHOWN, r"Learner: \xff"]
    assert "UserWarning: of this" in lines[2]
    assert sum(line.count("x") for line in lines) > 300_000
    assert lines[-1] == "Learner: no end"


def test_a_terminal_obeys_no_error_of_a_learners(learner):
    hook = f"    def penalty(self, params, state):\n        raise ValueError({OBEYED!r})\n"
    with pytest.raises(pb.LearnerError) as raised:
        RecorderProcess([learner(PLAIN.replace("    pass\n", hook))], SPEC).update(*BATCH)
    assert str(raised.value).endswith(SHOWN.removeprefix("Learner: "))


def test_closing_standard_error_ends_nothing(learner):
    assert RecorderProcess([learner("import os\nos.close(2)\n" + PLAIN)], SPEC).record.names


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
        monkeypatch.setattr(sealed_process, "LIMIT_SECONDS", 2.0)
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
