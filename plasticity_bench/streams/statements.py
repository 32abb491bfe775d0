"""What a stream states about itself is checked once, before anything of it is made."""

import json
import operator

from plasticity_bench.errors import StreamError
from plasticity_bench.streams.stream import Stream


def check_statements(name: str, stream: Stream) -> None:
    """Check which tasks are scored, and the size and the updates of each.

    Args:
        name: of the stream, for messages.
        stream: the stream.

    Raises:
        StreamError: one sentence that names the method, and what it returned.
    """
    last = stream.num_tasks - 1
    for index in range(stream.num_tasks):
        for method in (stream.size, stream.updates):
            if not _is_count(value := method(index)):
                raise StreamError(
                    f"{name}: {method.__name__}({index}) must be a whole number of at least 1, not "
                    f"{value!r}."
                )
    scored = stream.scored_tasks()
    if not isinstance(scored, list) or not all(type(index) is int for index in scored):
        raise StreamError(
            f"{name}: scored_tasks() must return a list of ints, which is stored with results, "
            f"not {scored!r}."
        )
    if not scored or len(set(scored)) < len(scored) or min(scored) < 0 or max(scored) > last:
        raise StreamError(
            f"{name}: scored_tasks() must be some of its {last + 1} tasks, from 0 to {last} and "
            f"each once, not {scored}."
        )


def check_parameters(name: str, stream: Stream) -> None:
    """Check that the parameters can be stored as JSON.

    Arguments as `check_statements`.

    Raises:
        StreamError: which one cannot be.
    """
    for parameter, value in stream.parameters().items():
        try:
            json.dumps(value)
        except (TypeError, ValueError):
            raise StreamError(
                f"{name}: parameters must be numbers, words, or lists of them, to be stored with "
                f"results, but {parameter} is {value!r}, a {type(value).__name__}."
            ) from None


def _is_count(value: object) -> bool:
    try:
        return operator.index(value) >= 1  # type: ignore[arg-type]
    except TypeError:
        return False
