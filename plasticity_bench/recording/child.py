"""`python -P -m plasticity_bench.recording.child`: the process in which a learner's Python runs.

It reads requests from standard input and answers each on standard output, a line of JSON each. It
is told what network the learner is asked for and the shapes of batches: no data, no task, no seed.
"""

import json
import os
import sys
from collections.abc import Iterator
from typing import Any


def main() -> None:
    """Answer requests until there are no more, or one is refused."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the learner prints is no answer
    request = _next()
    sys.path[:] = [*request["path"], *(p for p in sys.path if p not in request["path"])]
    for line in _lines(request):
        answers.write(json.dumps(line) + "\n")
        answers.flush()


def _lines(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    from plasticity_bench.errors import BadInputError, LearnerError, UnrecordableError

    try:
        for answer in _answers(request):
            yield {"answer": answer}
    except EOFError:
        return
    except (BadInputError, LearnerError, UnrecordableError) as error:
        yield {"error": type(error).__name__, "message": str(error)}


def _answers(request: dict[str, Any]) -> Iterator[Any]:
    """What is asked for: the class's description, which networks are alike, or the record."""
    from plasticity_bench.learners.lookup import find_learner
    from plasticity_bench.learners.stand_in import describe
    from plasticity_bench.networks import NetworkSpec
    from plasticity_bench.recording.network_constants import by_network
    from plasticity_bench.recording.recorder import Recorder

    cls = find_learner(request["learner"])
    if request["do"] == "describe":
        yield describe(cls)
        return
    learners = [cls.from_settings(settings) for settings in request["settings"]]
    network: Any = request["network"].items()  # JSON has no tuples
    network = {k: tuple(v) if isinstance(v, list) else v for k, v in network}
    spec = NetworkSpec(**network)
    if request["do"] == "networks":
        yield by_network(learners, spec)
        return
    recorder = Recorder(learners, spec, request["lifted"])
    yield recorder.record.as_json()
    while True:  # until there are no more requests
        yield recorder.update(**_next()).as_json()


def _next() -> Any:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return json.loads(line)


if __name__ == "__main__":
    main()
