"""Find learners of users', and look at their networks, without importing their modules here."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.lookup import find_learner
from plasticity_bench.learners.stand_in import StandIn, stand_in
from plasticity_bench.learners.submitted import TRUSTED, AnyLearner, SubmittedLearner, submitted
from plasticity_bench.names import check_name
from plasticity_bench.networks import NetworkSpec
from plasticity_bench.recording import network_constants
from plasticity_bench.recording.process import request_of
from plasticity_bench.recording.sealed_process import SealedProcess
from plasticity_bench.source_code.modules import file_of

_found: dict[str, type[StandIn]] = {}
"""Stand-ins, by reference, the folders that modules are looked for in, and the module's text."""


def declared_learner(reference: str) -> type[Learner]:
    """Return a learner's class; of one of a user's, a class that declares the same.

    The module of a user's learner is imported in a process of its own, unless this process has
    imported it before.

    Args:
        reference: a baseline's name, or `module:Class`.

    Raises:
        BadInputError: as `find_learner`.
        LearnerError: if the process that imports the module dies or takes too long.
    """
    check_name(reference, "The learner", "name")
    module, _, name = reference.partition(":")
    if not name or module.partition(".")[0] == TRUSTED or module in sys.modules:
        return find_learner(reference)
    path = [str(Path(entry).absolute()) for entry in sys.path]
    file = file_of(module)
    text = Path(file).read_bytes().hex() if file and Path(file).is_file() else ""
    key = json.dumps([reference, path, text])
    if key not in _found:
        process = SealedProcess(name)
        try:
            answer = process.asked({"do": "describe", "learner": reference, "path": path})
        finally:
            process.end()
        try:
            _found[key] = stand_in(answer)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise process.fault("has no description") from error
    return _found[key]


def by_network(learners: Sequence[AnyLearner], spec: NetworkSpec) -> list[list[int]]:
    """Return the indices of learners whose networks differ in parameters only, group by group.

    Args:
        learners: of one class.
        spec: what they are asked to build.

    Raises:
        LearnerError: if the process that builds the networks dies or takes too long.
    """
    plain = [submitted(learner, spec) for learner in learners]
    users = [learner for learner in plain if isinstance(learner, SubmittedLearner)]
    if not users:
        own = [learner for learner in plain if isinstance(learner, Learner)]
        return network_constants.by_network(own, spec)
    if not users[0].overrides("build"):
        return [list(range(len(users)))]
    process = SealedProcess(users[0].name)
    try:
        answer: Any = process.asked(request_of(users, spec, do="networks"))
    finally:
        process.end()
    indices = [index for group in answer for index in group]
    if sorted(indices) != list(range(len(users))):
        raise process.fault("answered what is no list of networks")
    return [list(group) for group in answer]
