"""`python -P -m plasticity_bench.recording.child`: the process in which a learner's Python runs.

It reads requests from standard input and answers each on standard output, a line of JSON each. It
is told what network the learner is asked for and the shapes of batches: no data, no task, no seed.
"""

import json
import os
import sys
from typing import Any, TextIO


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the learner prints is no answer
    request = _next()
    sys.path[:] = [*request["path"], *(p for p in sys.path if p not in request["path"])]
    _answer(answers, lambda: _begun(request))


def _begun(request: dict[str, Any]) -> Any:
    from plasticity_bench.learners.lookup import find_learner
    from plasticity_bench.networks import NetworkSpec
    from plasticity_bench.recording.recorder import Recorder

    cls = find_learner(request["learner"])
    learners = [cls.from_settings(settings) for settings in request["settings"]]
    network: Any = request["network"].items()  # JSON has no tuples
    network = {k: tuple(v) if isinstance(v, list) else v for k, v in network}
    spec = NetworkSpec(**network)
    return Recorder(learners, spec, request["lifted"])


def _answer(answers: TextIO, begin: Any) -> None:
    from plasticity_bench.errors import BadInputError, LearnerError, UnrecordableError

    recorder: Any = None
    while True:
        try:
            if recorder is None:
                recorder = begin()
                answer = recorder.record.as_json()
            else:
                answer = recorder.update(**_next()).as_json()
            line = json.dumps({"answer": answer})
        except EOFError:
            return
        except (BadInputError, LearnerError, UnrecordableError) as error:
            line = json.dumps({"error": type(error).__name__, "message": str(error)})
        answers.write(line + "\n")
        answers.flush()
        if recorder is None:
            return


def _next() -> Any:
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return json.loads(line)


if __name__ == "__main__":
    main()
