"""The search space that a learner's class declares."""

from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.learners.hyperparameters import annotated
from plasticity_bench.learners.learner import Learner
from plasticity_bench.learners.search_space import Choice, Range
from plasticity_bench.suite.contenders import Contender

Space = dict[str, Range]


def searched(contender: Contender) -> Space:
    """Return the search space: what the class declares, without the hyperparameters held fixed.

    Raises:
        BadInputError: as `declared`.
    """
    space = declared(type(contender.learner))
    return {name: range_ for name, range_ in space.items() if name not in contender.held}


def declared(cls: type[Learner]) -> Space:
    """Return the search space that a class declares or inherits.

    Raises:
        BadInputError: if a declaration names no hyperparameter, is not a range, or contains values
            that the hyperparameter does not accept.
    """
    space: Space = {}
    for base in reversed(cls.__mro__):
        declarations = vars(base).get("search", {})
        if not isinstance(declarations, dict):
            raise BadInputError(
                f"{base.__name__}.search must be a dictionary from hyperparameters to ranges."
            )
        space |= declarations
    known = annotated(cls)
    for name, range_ in space.items():
        if name not in known:
            hint = did_you_mean(str(name), known)
            raise BadInputError(f"{cls.__name__}.search: no hyperparameter {name!r}. {hint}")
        if not isinstance(range_, Range):
            raise BadInputError(
                f"{cls.__name__}.search: {name} must be a LogUniform, Uniform or Choice, not "
                f"{range_!r}."
            )
        _check_values(cls, name, range_)
    return space


def _check_values(cls: type[Learner], name: str, range_: Range) -> None:
    """Hyperparameters have bounds, not gaps: what the ends of a range may be, all of it may."""
    values = range_.values if isinstance(range_, Choice) else (range_.at(0), range_.at(1))
    for value in values:
        try:
            cls(**{name: value})
        except BadInputError as error:
            raise BadInputError(f"{cls.__name__}.search, {range_}: {error}") from None
