"""Each learner's own fresh copy: what it reaches on the scored tasks with nothing to lose.

The copy has the learner's method, settings and network, and restarts at each scored task. Its runs
are ordinary runs with a label and keys of their own. The restarted tasks are independent of one
another, so that the copy is trained on the scored tasks only.
"""

import ast
import inspect
import textwrap
from collections.abc import Iterable
from dataclasses import replace

from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.submitted import AnyLearner
from plasticity_bench.results.run import Run, own_fresh_label
from plasticity_bench.suite.contenders import Contender
from plasticity_bench.suite.planning import Group, protocol_of
from plasticity_bench.suite.suite import Suite

_RESTARTS = ast.dump(ast.parse("return self.restart(fresh)").body[0])


def with_own_fresh(groups: Iterable[Group]) -> list[Group]:
    """Return groups, each followed by that of its learner's own fresh copy, if it needs one."""
    return [one for group in groups for one in (group, *_copies(group))]


def own_fresh_of(group: Group) -> Group:
    """Return the group of a learner's own fresh copy, with the same seeds and settings."""
    protocol = group.protocol.own_fresh
    label = own_fresh_label(group.label)
    runs = [
        Run(run.stream, label, run.seed, {**run.identity, "protocol": protocol.identity()})
        for run in group.runs
    ]
    return replace(group, label=label, protocol=protocol, runs=tuple(runs), checkpoint=None)


def is_own_fresh(group: Group) -> bool:
    """Return whether a group's learner is its own fresh copy: it restarts at every task itself.

    That is certain of a learner that is told where tasks begin, and whose `begin_task` is nothing
    but `return self.restart(fresh)`: the copy restarts with the same parameters, and its noise is
    that of the same updates. Then nothing need be computed twice.
    """
    return group.protocol.reveal_boundaries and all(map(_restarts, group.learners))


def restarts_itself(suite: Suite, contender: Contender) -> bool:
    """Return what `is_own_fresh` will be of a contender's groups."""
    (reference,) = (c for c in suite.contenders if c.label == suite.reference)
    is_control = type(contender.learner) is type(reference.learner)
    told = protocol_of(suite, is_control=is_control).reveal_boundaries
    return told and _restarts(contender.learner)


def _copies(group: Group) -> list[Group]:
    return [] if is_own_fresh(group) else [own_fresh_of(group)]


def _restarts(learner: AnyLearner) -> bool:
    """Whether the source of a learner's `begin_task` is that of a restart."""
    if not isinstance(learner, Learner):
        return False  # recorded in another process: its source is not here
    try:
        source = textwrap.dedent(inspect.getsource(type(learner).begin_task))
        (function,) = ast.parse(source).body
    except (OSError, TypeError, ValueError, SyntaxError):
        return False
    if not isinstance(function, ast.FunctionDef) or function.decorator_list:
        return False
    names = [argument.arg for argument in function.args.args]
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (names[:1], names[2:3]) == (["self"], ["fresh"]) and list(map(ast.dump, body)) == [
        _RESTARTS
    ]
