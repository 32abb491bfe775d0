"""What `cell.json` says, taken for nothing before it is checked."""

import json
import re
from pathlib import Path
from typing import Any

from plasticity_bench.errors import DamagedError
from plasticity_bench.results.run import FINISHED, Run

STATUSES = (*FINISHED, "failed")
MAX_SEED = 2**63
MAX_SECONDS = 10**9
"""Of a run, 30 years: the numbers of JSON can be too large for a float."""


def parse_info(content: bytes | str, path: Path) -> tuple[Run, dict[str, Any]]:
    """Return a run and all that is stored of it beside its measurements.

    Raises:
        DamagedError: if it is not what this package writes, or the key does not fit the rest.
    """
    info = parse_json(content, path)
    wanted = {"stream": str, "learner": str, "seed": int, "identity": dict, "key": str}
    for name, kind in wanted.items():
        if type(info.get(name)) is not kind:
            raise DamagedError(path, f"has no {name!r} that results have")
    check_label(info["stream"], path)
    check_label(info["learner"], path)
    if not 0 <= info["seed"] < MAX_SEED or info.get("status") not in STATUSES:
        raise DamagedError(path, "has a seed or a status that results do not have")
    _check_seconds(info.get("seconds", {}), path)
    run = Run(info["stream"], info["learner"], info["seed"], info["identity"])
    if info["key"] != run.key:
        raise DamagedError(path, "has a key that does not fit what it says of itself")
    return run, info


def parse_json(content: bytes | str, path: Path) -> dict[str, Any]:
    """Return a JSON object. Raises DamagedError if it is none."""
    try:
        text = content.decode("utf-8") if isinstance(content, bytes) else content
        value = json.loads(text)
    except RecursionError:
        raise DamagedError(path, "is nested too deeply") from None
    except ValueError as error:
        raise DamagedError(path, f"is not JSON: {str(error)[:200]}") from None
    if not isinstance(value, dict):
        raise DamagedError(path, "is not a JSON object")
    return value


def check_label(label: str, path: Path) -> None:
    """Refuse what a terminal would obey rather than show. Raises DamagedError."""
    if not label.isprintable():
        raise DamagedError(path, "has a label with characters that cannot be shown")


def last_error(traceback: object) -> str:
    r"""Return the first line of the error that a traceback ends with.

    >>> last_error('Traceback:\n  File "a.py", line 1\n    x\nValueError: no\nmore')
    'ValueError: no'
    """
    lines = traceback.splitlines() if isinstance(traceback, str) else []
    inner = [number for number, line in enumerate(lines) if line.startswith("  ")]
    after = [line for line in lines[(inner[-1] + 1 if inner else 0) :] if line.strip()]
    shown = re.sub(r"\s+", " ", after[0])[:300] if after else "no traceback is stored"
    return "".join(letter for letter in shown if letter.isprintable())


def _check_seconds(seconds: object, path: Path) -> None:
    if not isinstance(seconds, dict) or not all(
        type(value) in (int, float) and 0 <= value <= MAX_SECONDS for value in seconds.values()
    ):
        raise DamagedError(path, "has times that are no possible numbers")
