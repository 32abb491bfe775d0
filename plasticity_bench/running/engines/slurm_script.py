"""What array tasks on a Slurm cluster ask for, and the script that each of them runs."""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plasticity_bench.errors import BadInputError, DamagedError
from plasticity_bench.running.engines import frozen_code
from plasticity_bench.running.engines.shares import Shares
from plasticity_bench.safe_files import read_bytes
from plasticity_bench.suite import yaml_source

MAX_BYTES = 2**20
"""Of a profile."""
SCRIPT = """\
#!/bin/bash
{directives}
{setup}
begun={folder}/begun-$SLURM_ARRAY_TASK_ID
touch "$begun"
trap 'again=yes; kill -TERM $!' USR1  # the time is almost up
trap 'kill -TERM $!' TERM
{command} &
task=$!
while kill -0 $task 2>/dev/null; do wait $task; code=$?; done
stored=$(find {stored} -newer "$begun" -print -quit 2>/dev/null)
if [ -n "$again" ] && [ -n "$stored" ]; then
    scontrol requeue "${{SLURM_ARRAY_JOB_ID}}_${{SLURM_ARRAY_TASK_ID}}"
elif [ -n "$again" ]; then
    echo "{no_progress}"
fi
exit $code
"""

NO_PROGRESS = (
    "Its time was up before any progress was stored, so it does not queue again: ask for more "
    "time, as with --slurm time=04:00:00."
)
STORED = ("checkpoints", "cells", "packs")
"""Folders of results in which progress appears."""


class Profile(BaseModel):
    """What the tasks ask the cluster for.

    Attributes:
        partition: where to queue; by default the cluster's own choice.
        time: limit of a task, as Slurm writes it; a task that needs more queues again by itself,
            unless nothing was stored in that time.
        notice: seconds before the time limit at which a task is signalled, to store its progress.
        memory: of a task, as Slurm writes it.
        cpus: of a task, which runs a process on each, unless it has GPUs.
        gpus: of a task, which runs a process on each.
        tasks: the largest number of tasks.
        at_once: the largest number that run at a time; by default all.
        rounds: the largest number of submissions of what is missing.
        setup: lines of shell that are executed first, such as `module load cuda`.
        options: any other options of sbatch, by long name: {account: my-lab, qos: long}.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    partition: str | None = None
    time: str = "04:00:00"
    notice: int = Field(default=90, ge=1)
    memory: str = "4G"
    cpus: int = Field(default=1, ge=1)
    gpus: int = Field(default=0, ge=0)
    tasks: int = Field(default=100, ge=1)
    at_once: int | None = Field(default=None, ge=1)
    rounds: int = Field(default=3, ge=1)
    setup: list[str] = []
    options: dict[str, str | int] = {}


def load_profile(file: Path | None, given: Sequence[str] = ()) -> Profile:
    """Return a profile from a YAML file, with some settings replaced by KEY=VALUE.

    Raises:
        BadInputError: if the file cannot be read, or something does not fit.
    """
    settings: object = {}
    try:
        if file is not None:
            text = read_bytes(file.resolve(), MAX_BYTES).decode()
            settings = yaml_source.parse(text, str(file)).value or {}
        if not isinstance(settings, dict):
            raise BadInputError(f"{file}: a Slurm profile is a mapping, such as `partition: gpu`.")
        return Profile.model_validate({**settings, **dict(map(_setting, given))})
    except (OSError, UnicodeDecodeError, DamagedError) as error:
        raise BadInputError(f"Cannot read the Slurm profile {file}: {error}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        known = ", ".join(Profile.model_fields)
        raise BadInputError(f"Slurm profile: {key}: {first['msg']}. Known: {known}.") from None


def _setting(text: str) -> tuple[str, object]:
    """A setting of the command line, as a number where the profile has one."""
    key, separator, value = text.partition("=")
    if not (key and separator and value):
        raise BadInputError(f"--slurm {text}: a setting is given as --slurm key=value.")
    if key == "setup":
        return key, [value]
    wanted = Profile.model_fields[key].annotation if key in Profile.model_fields else str
    is_number = wanted in (int, int | None) and re.fullmatch("[0-9]+", value)
    return key, int(value) if is_number else value


def job_name(folder: Path) -> str:
    """Return the name in the queue of the job whose script is in a folder."""
    return f"plasticity-bench-{folder.name}"


def script(shares: Shares, profile: Profile) -> str:
    """Return the script of an array: its directives, and the command of a task.

    Args:
        shares: what the tasks do.
        profile: what to ask for.

    Raises:
        BadInputError: if a setting has a line break.
    """
    folder = shares.folder.resolve()
    at_once = f"%{profile.at_once}" if profile.at_once else ""
    options: dict[str, object] = {
        "job-name": job_name(folder),
        "array": f"0-{shares.num_tasks - 1}{at_once}",
        "time": profile.time,
        "mem": profile.memory,
        "cpus-per-task": profile.cpus,
        "signal": f"B:USR1@{profile.notice}",
        "output": f"{str(folder).replace('%', '%%')}/task-%a.log",
        "open-mode": "append",
        "partition": profile.partition,
        "gres": f"gpu:{profile.gpus}" if profile.gpus else None,
        **profile.options,
    }
    directives = [
        f"#SBATCH --{name}={_quoted(str(value))}"
        for name, value in options.items()
        if value is not None
    ]
    device = ["--device", "cuda"] if profile.gpus else ["--jobs", str(profile.cpus)]
    share = f'--chunk {shlex.quote(str(shares.chunks))}:"$SLURM_ARRAY_TASK_ID"'
    here = f"cd {shlex.quote(str(Path.cwd()))}"
    results = folder.parents[1]
    return SCRIPT.format(
        directives="\n".join([*directives, "#SBATCH --requeue"]),
        setup="\n".join([here, *profile.setup, frozen_code.export(shares.code)]),
        command=f"{shlex.join([*shares.words, *device])} {share}",
        folder=shlex.quote(str(folder)),
        stored=shlex.join(str(results / name) for name in STORED),
        no_progress=NO_PROGRESS,
    )


def _quoted(value: str) -> str:
    """A value in a directive: Slurm splits at blanks that are not in double quotes.

    Raises:
        BadInputError: if it has a line break, which ends a directive.
    """
    if "\n" in value or "\r" in value:
        raise BadInputError(f"A setting of Slurm is one line, not {value!r}.")
    if re.fullmatch(r"[^\s\"'\\#]+", value):
        return value
    escaped = value.replace("\\", r"\\").replace('"', r"\"")
    return f'"{escaped}"'
