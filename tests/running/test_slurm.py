"""What is asked of Slurm, and how runs are shared: without a cluster."""

import os
import re
import signal
import subprocess
from dataclasses import dataclass

import pytest

from plasticity_bench.cli import main
from plasticity_bench.errors import BadInputError
from plasticity_bench.running.engines import shares, slurm, slurm_script
from plasticity_bench.running.engines.shares import Command, Shares
from tests.support.slurm_cluster import Cluster

pytestmark = pytest.mark.system


@dataclass(frozen=True)
class Stream:
    num_updates: int


@dataclass(frozen=True)
class SuiteStream:
    stream: Stream


@dataclass(frozen=True)
class Run:
    key: str


@dataclass(frozen=True)
class Group:
    suite_stream: SuiteStream
    runs: tuple[Run, ...]
    learners: tuple = ()

    @property
    def num_updates(self):
        return self.suite_stream.stream.num_updates


def groups(*sizes):
    return [Group(SuiteStream(Stream(size)), (Run(f"k{i}"),)) for i, size in enumerate(sizes)]


def submit(results, profile=None, arguments=("run",), sizes=(1,)):
    engine = slurm.Slurm(profile or slurm_script.Profile())
    return engine.submit(groups(*sizes), Command(list(arguments)), results)


def test_groups_are_shared_evenly_and_none_is_lost():
    shared = shares.in_shares(groups(1, 9, 2, 8, 3, 7, 4), 3)
    sums = [sum(group.suite_stream.stream.num_updates for group in share) for share in shared]
    assert sums == [12, 11, 11]
    assert sorted(g.runs[0].key for share in shared for g in share) == [f"k{i}" for i in range(7)]
    assert [len(share) for share in shares.in_shares(groups(1, 1), 5)] == [1, 1]


@pytest.fixture
def sbatch(monkeypatch):
    """Slurm's answer to a submission."""
    answer = subprocess.CompletedProcess([], 0, stdout="17;cluster\n", stderr="")
    monkeypatch.setattr(slurm.subprocess, "run", lambda *_, **__: answer)
    return answer


def test_the_script_asks_for_what_the_profile_says(sbatch, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    profile = slurm_script.Profile(
        partition="gpu",
        time="1-00:00:00",
        gpus=2,
        cpus=8,
        at_once=4,
        setup=["module load cuda"],
        options={"account": "my-lab"},
    )
    arguments = ["run", "my suite.yaml", "--engine", "local"]
    submission = slurm.Slurm(profile).submit(
        groups(3, 2, 1), Command(arguments), tmp_path / "results"
    )
    assert (submission.job, submission.num_tasks) == ("17", 3)
    script = (submission.folder / "task.sh").read_text()
    asked = dict(re.findall(r"^#SBATCH --([\w-]+)=(.*)$", script, re.M))
    assert asked.pop("output") == f"{submission.folder}/task-%a.log"
    assert asked == {
        "job-name": f"plasticity-bench-{submission.folder.name}",
        "array": "0-2%4",
        "time": "1-00:00:00",
        "mem": "4G",
        "cpus-per-task": "8",
        "signal": "B:USR1@90",
        "open-mode": "append",
        "partition": "gpu",
        "gres": "gpu:2",
        "account": "my-lab",
    }
    lines = script.splitlines()
    assert lines.index(f"cd {tmp_path}") < lines.index("module load cuda")
    assert "-m plasticity_bench.cli run 'my suite.yaml' --engine local --device cuda" in script
    keys = [shares.chunk(f"{submission.folder}/chunks.json:{index}") for index in range(3)]
    assert keys == [{"k0"}, {"k1"}, {"k2"}]
    assert slurm.all_of(tmp_path / "results") == [submission]
    assert os.system(f"bash -n '{submission.folder}/task.sh'") == 0


@pytest.mark.parametrize("progress", [True, False])
def test_a_task_whose_time_is_up_queues_again_if_it_has_stored_something(
    tmp_path, monkeypatch, progress
):
    programs, folder = tmp_path / "bin", tmp_path / "results" / "slurm" / "1"
    for made in (programs, folder, tmp_path / "results" / "checkpoints"):
        made.mkdir(parents=True)
    stores = f"touch {tmp_path}/results/checkpoints/a.checkpoint; " if progress else ""
    command = f"trap '{stores}exit 143' TERM; touch {tmp_path}/started; while :; do sleep 0.1; done"
    for name, text in {"python": command, "scontrol": f"echo $* > {tmp_path}/asked"}.items():
        (programs / name).write_text(f"#!/bin/bash\n{text}\n")
        (programs / name).chmod(0o755)
    task = tmp_path / "task.sh"
    words = (str(programs / "python"), "run")
    task.write_text(slurm_script.script(Shares(folder, 1, words), slurm_script.Profile()))
    variables = {"SLURM_ARRAY_JOB_ID": "7", "SLURM_ARRAY_TASK_ID": "0"}
    path = f"{programs}:{os.environ['PATH']}"
    with subprocess.Popen(
        ["bash", str(task)], env={**variables, "PATH": path}, stdout=subprocess.PIPE, text=True
    ) as process:
        Cluster.wait_for((tmp_path / "started").exists)
        process.send_signal(signal.SIGUSR1)
        out, _ = process.communicate(timeout=60)
    assert process.returncode == 143
    assert (tmp_path / "asked").exists() == progress
    assert (slurm_script.NO_PROGRESS in out) != progress
    if progress:
        assert (tmp_path / "asked").read_text() == "requeue 7_0\n"


BANNER = "-----\n Welcome to cluster 3 \n--> Verifying (login1)...OK\n"


@pytest.mark.parametrize("stdout", [f"{BANNER}70001\n", f"{BANNER}70001;big\n", "70001\nBye 5\n"])
def test_greetings_around_the_jobs_number_are_passed_over(sbatch, tmp_path, stdout):
    sbatch.stdout = stdout
    assert submit(tmp_path).job == "70001"


@pytest.mark.parametrize("stdout", ["", BANNER, "17\n18\n", "Submitted batch job 17\n"])
def test_an_answer_without_a_number_is_refused(sbatch, tmp_path, stdout):
    sbatch.stdout = stdout
    with pytest.raises(BadInputError, match="sbatch printed no job's number"):
        submit(tmp_path)
    assert slurm.all_of(tmp_path) == []


def test_a_command_that_does_not_answer_ends_nothing(tmp_path, monkeypatch):
    """After a time-out of sbatch the queue is asked for the job, by its name."""
    queue = []

    def run(command, **_):
        if command[0] == "sbatch" or not queue:
            raise subprocess.TimeoutExpired(command, 60)
        (answer,) = queue
        asked.append(command)
        return subprocess.CompletedProcess(command, 0, stdout=answer, stderr="")

    asked = []
    monkeypatch.setattr(slurm.subprocess, "run", run)
    assert slurm.Submission("17", tmp_path, 4).states() == ["UNKNOWN"]
    for answer in ([], [""]):
        queue[:] = answer
        with pytest.raises(BadInputError, match="sbatch did not answer within 60 seconds"):
            submit(tmp_path)
    queue[:] = ["  4711 \n"]
    submission = submit(tmp_path)
    assert submission.job == "4711"
    assert f"plasticity-bench-{submission.folder.name}" in asked[-1]


def test_blanks_and_quotes_stay_within_their_setting(sbatch, tmp_path):
    profile = slurm_script.Profile(options={"comment": 'say "hi" # now', "nice": 5})
    folder = tmp_path / "my results 100%"
    submission = submit(folder, profile)
    lines = (submission.folder / "task.sh").read_text().splitlines()
    escaped = str(submission.folder).replace("%", "%%")
    assert f'#SBATCH --output="{escaped}/task-%a.log"' in lines
    assert r'#SBATCH --comment="say \"hi\" # now"' in lines and "#SBATCH --nice=5" in lines
    with pytest.raises(BadInputError, match="one line"):
        submit(folder, slurm_script.Profile(options={"comment": "a\nb"}))


def test_what_slurm_refuses_is_told(sbatch, tmp_path):
    sbatch.returncode, sbatch.stderr = 1, "sbatch: error: invalid partition specified: x\n"
    with pytest.raises(BadInputError, match="Slurm refuses the job: sbatch: error: invalid part"):
        submit(tmp_path)


def test_states_come_from_the_queue(sbatch, tmp_path):
    submission = slurm.Submission("17", tmp_path, 4)
    sbatch.stdout = "RUNNING\nPENDING\nCOMPLETED\nFAILED\n"
    assert submission.states() == ["RUNNING", "PENDING"]
    sbatch.returncode, sbatch.stdout, sbatch.stderr = 1, "", "slurm_load_jobs error: Invalid job id"
    assert submission.states() == []
    sbatch.stderr = "Unable to contact slurm controller"
    assert submission.states() == ["UNKNOWN"]


PROFILES = {
    "unknown key": ("partitoin: gpu", "partitoin: Extra inputs are not permitted. Known: partiti"),
    "wrong type": ("tasks: many", "tasks: Input should be a valid integer"),
    "a key that is a number": ("1: gpu", "Slurm profile: 1: Keys should be strings"),
    "no mapping": ("- gpu", "a Slurm profile is a mapping"),
    "no YAML": ("a: [", "profile.yaml:1: not valid YAML"),
    "code": ("setup: !!python/object/apply:os.system ['true']", "profile.yaml:1: not valid YAML"),
}


@pytest.mark.parametrize(("text", "sentence"), PROFILES.values(), ids=PROFILES.keys())
def test_a_wrong_profile_is_told(tmp_path, text, sentence):
    (tmp_path / "profile.yaml").write_text(text)
    with pytest.raises(BadInputError, match=sentence):
        slurm_script.load_profile(tmp_path / "profile.yaml")


def test_settings_take_the_place_of_the_profiles(tmp_path):
    (tmp_path / "profile.yaml").write_text("partition: cpu\ncpus: 4\n")
    given = ["partition=gpu", "gpus=1", "time=12:00:00", "setup=module load cuda", "at_once=3"]
    profile = slurm_script.load_profile(tmp_path / "profile.yaml", given)
    expected = slurm_script.Profile(
        partition="gpu", cpus=4, gpus=1, time="12:00:00", setup=["module load cuda"], at_once=3
    )
    assert profile == expected
    with pytest.raises(BadInputError, match="--slurm x: a setting is given as --slurm key=value"):
        slurm_script.load_profile(None, ["x"])
    with pytest.raises(BadInputError, match="Slurm profile: colour: Extra inputs"):
        slurm_script.load_profile(None, ["colour=red"])


def test_without_slurm_there_is_a_sentence(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(slurm.shutil, "which", lambda _: None)
    monkeypatch.chdir(tmp_path)
    assert main(["run", "quick", "--engine", "slurm"]) == 2
    assert "--engine slurm: the commands sbatch and squeue are missing." in capsys.readouterr().err
    assert main(["run", "quick", "--detach"]) == 2
    assert "--detach, --slurm and --slurm-profile need --engine slurm." in capsys.readouterr().err


@pytest.mark.parametrize(
    "chunk", ["nowhere.json:0", "chunks.json:7", "chunks.json:x", "chunks.json"]
)
def test_a_wrong_chunk_is_told(tmp_path, monkeypatch, chunk):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "chunks.json").write_text('[["a"]]')
    with pytest.raises(BadInputError, match="--chunk"):
        shares.chunk(chunk)


def test_packages_that_are_not_frozen_are_known(sbatch, tmp_path, monkeypatch):
    monkeypatch.setattr(shares.frozen_code, "freeze", lambda *_: ["large"])
    assert submit(tmp_path).not_frozen == ("large",)
