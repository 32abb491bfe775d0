"""Kill runs at random, many times: `python -m tests.failures.campaign 200`.

Each round starts a run in a folder, disturbs it at a random moment, and starts it again; after ten
disturbances it is left alone. Its table must be that of a run that nothing happened to. Prints what
was done, and how often, as JSON.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.failures.conftest import Bench, workers_of

PER_FOLDER = 10
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
TARGETS = ("parent", "worker", "group")
MOMENTS = ("start", "training", "checkpoint", "packing", "collecting")
SLOW_RENAMES = """\
import pathlib, time
replace = pathlib.Path.replace
def late(self, target):
    time.sleep(0.05)
    return replace(self, target)
pathlib.Path.replace = late
"""
ENVIRONMENTS = {
    "as it is": (),
    "renames take 0.05 s": ("slow",),
    "2.5 GB of address space": ("limited",),
    "clock set back two hours": ("clock",),
}


class Disturbed(Bench):
    """Runs of the small suite in one folder, in a session of their own."""

    def begin(self, chance, kind):
        """Start a run, perhaps twice at once; return the processes."""
        jobs = chance.choice(["1", "2"])
        options = ("--jobs", jobs, "--replicas", "2", "--checkpoint-interval", "1")
        number = 2 if chance.random() < 0.2 else 1
        return [
            self.start(*options, start_new_session=True, env=self.environment(kind))
            for _ in range(number)
        ]

    def environment(self, kind):
        """Environment variables under which the run meets a circumstance."""
        site = self.folder / "site"
        site.mkdir(exist_ok=True)
        lines = {
            "slow": SLOW_RENAMES,
            "limited": "import resource\nresource.setrlimit(resource.RLIMIT_AS, (5 * 2**29, -1))\n",
            "clock": "import time\nnow = time.time\ntime.time = lambda: now() - 7200\n",
        }
        text = "".join(lines[name] for name in ENVIRONMENTS[kind])
        (site / "sitecustomize.py").write_text(text)
        return {**os.environ, "PYTHONPATH": str(site)}

    def wait_for_moment(self, moment, chance):
        """Wait until a run does something, for at most ten seconds."""
        patterns = {
            "checkpoint": "*/checkpoints/*",
            "packing": "*/packs/*",
            "training": "*/locks/*",
        }
        ends = time.monotonic() + 10
        if moment == "start":
            time.sleep(chance.uniform(0, 3))
            return
        while time.monotonic() < ends and moment in patterns:
            if list((self.folder / "results").glob(patterns[moment])):
                break
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 1))


def disturb(process, chance):
    """Send a signal to a run, to one of its workers or to all; return what was done."""
    number, target = chance.choice(SIGNALS), chance.choice(TARGETS)
    with contextlib.suppress(ProcessLookupError, OSError):
        if target == "group":
            os.killpg(process.pid, number)
        elif target == "parent":
            process.send_signal(number)
        else:
            workers = workers_of(process.pid)
            os.kill(chance.choice(workers) if workers else process.pid, number)
    return f"{number.name} to the {target}"


def end(processes):
    """Wait until processes have ended; return the traceback that one printed, or ""."""
    found = ""
    for process in processes:
        try:
            _, err = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            _, err = process.communicate()
        if "Traceback" in err:
            found = err[-2000:]
    return found


def campaign(total, seed):
    """Disturb runs `total` times; return what was done, and the failures."""
    chance = random.Random(seed)
    done, failures = Counter(), []
    with tempfile.TemporaryDirectory() as name:
        first = Path(name) / "straight"
        first.mkdir()
        code, straight, _ = Bench(first).run("--jobs", "1")
        assert code == 0
        for number in range(-(-total // PER_FOLDER)):
            folder = Path(name) / str(number)
            folder.mkdir()
            bench = Disturbed(folder)
            history = []
            kind = list(ENVIRONMENTS)[number % len(ENVIRONMENTS)]
            for _ in range(min(PER_FOLDER, total - number * PER_FOLDER)):
                moment = chance.choice(MOMENTS)
                processes = bench.begin(chance, kind)
                if moment == "collecting":
                    end(processes)
                    words = [sys.executable, "-m", "plasticity_bench.cli", "collect", "tiny.yaml"]
                    processes = [
                        subprocess.Popen(
                            words,
                            cwd=folder,
                            text=True,
                            stderr=-1,
                            stdout=-1,
                            start_new_session=True,
                        )
                    ]
                    time.sleep(chance.uniform(0, 3))
                else:
                    bench.wait_for_moment(moment, chance)
                told = disturb(chance.choice(processes), chance)
                history.append(f"{moment}: {told}")
                done[told] += 1
                done[moment] += 1
                if trace := end(processes):
                    failures.append([kind, *history, trace])
                    print(json.dumps(failures[-1], indent=1), file=sys.stderr)
            done[kind] += 1
            code, table, err = bench.run()
            if (code, table) != (0, straight):
                failures.append([kind, *history, err[-2000:]])
                print(json.dumps(failures[-1], indent=1), file=sys.stderr)
            print(
                f"{number + 1}: {sum(done[m] for m in MOMENTS)} disturbances, "
                f"{len(failures)} failures",
                file=sys.stderr,
                flush=True,
            )
    return {"disturbances": total, "done": dict(sorted(done.items())), "failures": failures}


if __name__ == "__main__":
    arguments = [int(word) for word in sys.argv[1:]]
    report = campaign(*(arguments or [200]), *([] if len(arguments) > 1 else [0]))
    print(json.dumps(report, indent=1))
    sys.exit(bool(report["failures"]))
