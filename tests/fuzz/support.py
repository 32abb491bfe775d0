"""What all fuzz tests use: how many inputs, mutations of bytes, and a watch on what is executed."""

import contextlib
import os
import sys

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from plasticity_bench.errors import LONGEST, PlasticityBenchError

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))
"""Inputs of each test; `python -m tests.fuzz` sets it."""
QUICK = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 100,
    database=None,
    suppress_health_check=list(HealthCheck),
)
HEAVY = settings(QUICK, max_examples=max(EXAMPLES // 4, 25))
"""For tests that take more than 0.02 s for an input."""
FORBIDDEN = {
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "subprocess.Popen",
    "pickle.find_class",
    "socket.connect",
}
"""Audit events of code that runs, or of a connection: none may follow from reading a file."""
_watched = []


def _audit(event, arguments):
    if _watched and event in FORBIDDEN - _watched[-1]:
        raise AssertionError(f"reading a file led to {event}{arguments!r}")


sys.addaudithook(_audit)


@contextlib.contextmanager
def told(allowed=frozenset()):
    """What is inside may be refused in one sentence, and executes nothing but what is allowed."""
    _watched.append(frozenset(allowed))
    try:
        yield
    except PlasticityBenchError as error:
        assert "\n" not in str(error), str(error)
        assert len(str(error)) <= LONGEST
    finally:
        _watched.pop()


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**30, -(10**400), 0, 1]),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["\x00", "../../x", "\ud800", "\x1b[2J", "x" * 5000]),
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


def mutated(content, edits):
    """Bytes with some replaced, cut off or added."""
    changed = bytearray(content)
    for place, byte, kind in edits:
        at = place % max(len(changed), 1)
        if kind == "set" and changed:
            changed[at] = byte
        elif kind == "cut":
            del changed[at:]
        elif kind == "add":
            changed[at:at] = bytes([byte]) * (byte + 1)
    return bytes(changed)


edits = st.lists(
    st.tuples(st.integers(0, 10**5), st.integers(0, 255), st.sampled_from(["set", "cut", "add"])),
    min_size=1,
    max_size=4,
)
