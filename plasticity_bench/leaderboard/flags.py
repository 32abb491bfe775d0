"""What a learner needs beyond an ordinary one, by its record."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from plasticity_bench.errors import BadInputError
from plasticity_bench.leaderboard.manifest import Flags


def flags_from(info: Mapping[str, Any]) -> Flags:
    """Return the flags that a run's stored record gives.

    Args:
        info: what is stored with the run.

    Raises:
        BadInputError: if that is not what `run` stores.
    """
    record = info.get("execution", {}).get("record")
    if record is None:
        return Flags(recorded=False)
    try:
        return Flags(recorded=True, **{k: v for k, v in record.items() if k != "digest"})
    except (AttributeError, TypeError, ValidationError) as error:
        raise BadInputError(f"What is stored of a learner's record is damaged: {error}") from None
