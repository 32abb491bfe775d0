"""Any words on the command line: a sentence or a result, never a traceback."""

import contextlib
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plasticity_bench.cli import main
from tests.fuzz.support import QUICK

pytestmark = pytest.mark.slow

VERBS = ["show", "status", "table", "collect", "validate", "cancel", "list", "compare", "submit"]
WORDS = [
    "show",
    "run",
    "tune",
    "verify",
    "report",
    "plot",
    "quick",
    "--learner",
    "--seeds",
    "-1",
    "0",
    "10000000000000000000000",
    "--results",
    "--format",
    "csv",
    "--dry-run",
    "-H",
    "a=b",
    "--tuned",
    "/dev/null",
    "nosuch:Thing",
    "os:system",
    "--help",
    "--",
    "=",
    "..",
    "--slurm",
    "cpus=x",
    "--columns",
    "seeds",
    "file.yaml",
    "folder",
    "--name",
    "\u202e",
]


@QUICK
@given(st.sampled_from(VERBS), st.lists(st.sampled_from(WORDS) | st.text(max_size=12), max_size=4))
def test_any_words(verb, words):
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        (Path(name) / "folder").mkdir()
        (Path(name) / "file.yaml").write_text("suite: a")
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main([verb, *words])
            except SystemExit as ended:
                code = ended.code or 0
        assert code in (0, 1, 2), err.getvalue()
        assert "Traceback" not in err.getvalue()
        assert code != 2 or err.getvalue().strip()
