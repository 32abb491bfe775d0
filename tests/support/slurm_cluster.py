"""A real Slurm cluster of two nodes on this machine, for tests: its daemons in one folder."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol")

CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
JobRequeue=1
KillWait=2
SlurmdTimeout=10
InactiveLimit=0
PropagateResourceLimits=NONE
{nodes}
PartitionName=debug Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
"""
NODE = (
    "NodeName=n{number} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs=2 Boards=1 "
    "SocketsPerBoard=1 CoresPerSocket=2 ThreadsPerCore=1 RealMemory=8000 State=UNKNOWN"
)


def free_ports(number):
    """Ports that nobody listens on: a cluster before this one may not have let go of its own."""
    with contextlib.ExitStack() as stack:
        found = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in found:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in found]


class Cluster:
    """The daemons; `why_not` says why there can be none here."""

    def __init__(self, folder):
        self.folder = folder
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}

    @staticmethod
    def why_not():
        missing = [command for command in NEEDED if shutil.which(command) is None]
        if missing:
            return f"Slurm is not installed: there is no {', '.join(missing)}"
        return None if os.geteuid() == 0 else "only root can start Slurm's daemons"

    def start(self):
        for name in ("state", "spool.n1", "spool.n2"):
            (self.folder / name).mkdir(parents=True)
        # Not readable to others, or the daemon does not start.
        self.folder.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o600)
        host = socket.gethostname().split(".")[0]
        port, *ports = free_ports(3)
        nodes = [NODE.format(number=n, host=host, port=p) for n, p in enumerate(ports, 1)]
        conf = CONF.format(host=host, port=port, folder=self.folder, nodes="\n".join(nodes))
        (self.folder / "slurm.conf").write_text(conf)
        names = {"key-file": "key", "socket": "socket", "pid-file": "pid", "seed-file": "seed"}
        files = [f"--{option}={self.folder}/munge.{name}" for option, name in names.items()]
        self.run("munged", "--force", f"--log-file={self.folder}/munge.log", *files)
        self.run("slurmctld", "-c")
        self.start_node("n1")
        self.start_node("n2")
        self.wait_for(
            lambda: self.run("sinfo", "-h", "-N", "-o", "%T").split() == ["idle"] * 2, seconds=180
        )

    def start_node(self, name):
        self.run("slurmd", "-N", name)

    def kill_node(self, name):
        """End a node and all that runs on it, without a word to the scheduler."""
        pid = int((self.folder / f"slurmd.{name}.pid").read_text())
        os.kill(pid, signal.SIGKILL)
        for process in self.processes(name):
            os.kill(process, signal.SIGKILL)

    def processes(self, node):
        """The processes of the jobs on a node."""
        found = []
        for entry in os.scandir("/proc"):
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    variables = Path(entry.path, "environ").read_bytes().split(b"\0")
                except OSError:
                    continue
                conf = f"SLURM_CONF={self.folder}/slurm.conf".encode()
                if f"SLURMD_NODENAME={node}".encode() in variables and conf in variables:
                    found.append(int(entry.name))
        return found

    def run(self, *command):
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout

    @staticmethod
    def wait_for(condition, seconds=60):
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            try:
                if condition():
                    return
            except subprocess.SubprocessError:
                pass
            time.sleep(0.2)
        raise AssertionError(f"not so after {seconds} s")

    def stop(self):
        for node in ("n1", "n2"):
            for process in self.processes(node):
                os.kill(process, signal.SIGKILL)
        for name in ("slurmd.n1", "slurmd.n2", "slurmctld", "munge"):
            with contextlib.suppress(OSError, ValueError):
                os.kill(int((self.folder / f"{name}.pid").read_text()), signal.SIGTERM)
