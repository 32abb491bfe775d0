"""The schema of a suite's YAML file, and what is said of a file that does not fit it."""

import difflib
import warnings
from dataclasses import fields, replace
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    WrapValidator,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from plasticity_bench import seeding
from plasticity_bench.errors import BadInputError, did_you_mean
from plasticity_bench.measurements import DIAGNOSTICS
from plasticity_bench.networks.families import FAMILIES
from plasticity_bench.networks.keys import CHOICES, KEYS
from plasticity_bench.networks.own import is_own
from plasticity_bench.networks.spec import NetworkSpec
from plasticity_bench.suite.yaml_source import Document

Count = Annotated[int, Field(ge=1)]
Label = Annotated[str, Field(min_length=1, max_length=80)]


def _without_default(schema: dict[str, Any]) -> None:
    del schema["default"]


NOT_GIVEN: Any = Field(default=None, json_schema_extra=_without_default)
"""None where a key is not in the file, and no default in the schema: there it may not be null."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _one_or_each(value: Any, validated: Any) -> Any:
    try:
        return validated(value)
    except ValidationError:
        raise PydanticCustomError(
            "one_or_each", "Input should be a whole number of at least 1, or a list of them"
        ) from None


def _entry_type(name: str, annotation: Any) -> Any:
    """What a key of a network may be in a file, from its type in `NetworkSpec`."""
    if name == "name":
        return Literal[tuple(FAMILIES)]
    if name in CHOICES:
        return Literal[CHOICES[name]]
    if annotation == int | tuple[int, ...]:
        return Annotated[Count | list[Count], WrapValidator(_one_or_each)]
    return list[Count] if annotation == tuple[int, ...] else Count


_NETWORK_KEYS: dict[str, Any] = {
    field.name: (
        _entry_type(field.name, field.type),
        field.default if field.name == "name" else NOT_GIVEN,
    )
    for field in fields(NetworkSpec)
    if field.name in ("name", *KEYS)
}
NetworkEntry: Any = create_model(
    "NetworkEntry",
    __base__=_Strict,
    __doc__="The network that learners are asked to build; a key's default is that of its family.",
    **_NETWORK_KEYS,
)


class OwnNetworkEntry(BaseModel):
    """A network of a user's, module:Class or a registered name, and any of its own keys."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: Label


def _kind_of_network(entry: Any) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return OWN if isinstance(name, str) and name not in FAMILIES and is_own(name) else FAMILY


FAMILY, OWN = "(a family)", "(a user's)"
"""The two forms of a network; pydantic adds them to the paths of problems."""

AnyNetworkEntry = Annotated[
    Annotated[NetworkEntry, Tag(FAMILY)] | Annotated[OwnNetworkEntry, Tag(OWN)],
    Discriminator(_kind_of_network),
]


class StreamEntry(BaseModel):
    """A stream, the network for it, and any of the stream's own parameters."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    id: str
    label: Label | None = None
    network: AnyNetworkEntry

    @property
    def parameters(self) -> dict[str, Any]:
        """The stream's own parameters."""
        return dict(self.model_extra or {})


class LearnerEntry(BaseModel):
    """A learner and any of its hyperparameters; a bare name stands for its defaults.

    Under `streams`, by a stream's label, stand those that it has there in place of these. With
    `tuned: false` they stay what they are when the suite is tuned.
    """

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: str
    label: Label | None = None
    tuned: bool = True
    streams: dict[str, dict[str, Any]] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_bare_name(cls, entry: Any) -> Any:
        return {"name": entry} if isinstance(entry, str) else entry

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """The learner's hyperparameters that are not left at their defaults."""
        return dict(self.model_extra or {})


class CurvatureEntry(_Strict):
    """When curvature is measured, and on how many examples."""

    every: Count = 5
    examples: Count = 512


class DiagnosticEntry(_Strict):
    """A measurement beside the headline; a bare name is taken as the section `measure` says."""

    name: Literal[DIAGNOSTICS]  # type: ignore[valid-type]
    every: Count | None = None
    examples: Count | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_bare_name(cls, entry: Any) -> Any:
        return {"name": entry} if isinstance(entry, str) else entry


class MeasureEntry(_Strict):
    """What is measured beside accuracy and loss; `every` and `examples` are of `diagnostics`."""

    curvature: CurvatureEntry = CurvatureEntry()
    diagnostics: list[DiagnosticEntry] = []
    every: Count = 5
    examples: Count = 256


class TuningEntry(_Strict):
    """How `tune` searches for settings: the same for every learner. No score depends on it."""

    search: Literal["random", "grid", "halving"] = "random"
    settings: Count = 16
    seeds: Count = 3
    tasks: Count = 10
    eta: Annotated[int, Field(ge=2)] = 2
    select: Literal["trainability", "retention"] = "trainability"
    per_stream: bool = False
    streams: list[StreamEntry] = []


class PaperEntry(_Strict):
    """The paper whose experiments a suite follows, and how closely. No score depends on it.

    Each mapping is from a part of the protocol, such as `networks` or `step sizes`, to what holds
    of it: `published` has what the paper or its code states, `reconstructed` what neither states
    and we chose, and `differences` what we do otherwise than they state.
    """

    citation: str
    url: str
    published: dict[str, str] = {}
    reconstructed: dict[str, str] = {}
    differences: dict[str, str] = {}


class SuiteFile(_Strict):
    """A suite: streams, networks, learners, seeds and protocol."""

    suite: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+-v\d+$")]
    description: str = ""
    paper: Annotated[PaperEntry | None, NOT_GIVEN] = None
    streams: Annotated[list[StreamEntry], Field(min_length=1)]
    learners: Annotated[list[LearnerEntry], Field(min_length=1)]
    reference: str = "fresh"
    reveal_boundaries: bool = False
    seeds: Annotated[int, Field(ge=1, le=seeding.TUNING)] = 10
    tuning: TuningEntry = TuningEntry()
    measure: MeasureEntry = MeasureEntry()


def validated(document: Document) -> SuiteFile:
    """Return a file that fits the schema.

    Raises:
        BadInputError: one sentence that names file, line and key, if it does not.
    """
    if not isinstance(document.value, dict):
        raise BadInputError(f"{document.name}: a suite is a YAML mapping with the key 'suite'.")
    document = _with_current_keys(document)
    try:
        return SuiteFile.model_validate(document.value)
    except ValidationError as error:
        # A misspelt key is unknown and leaves another missing; report the unknown one.
        problems = sorted(error.errors(), key=lambda p: p["type"] != "extra_forbidden")
        raise BadInputError(_problem(document, problems[0])) from None


def _with_current_keys(document: Document) -> Document:
    """The document with keys of earlier versions under their names today."""
    measure = document.value.get("measure")
    if not isinstance(measure, dict) or "explanations" not in measure:
        return document
    if "diagnostics" in measure:
        where = document.where(("measure", "explanations"))
        raise BadInputError(f"{where}: this is an earlier name of 'diagnostics': remove one.")
    warnings.warn(
        f"{document.where(('measure', 'explanations'))} is called 'diagnostics' now.",
        DeprecationWarning,
        stacklevel=2,
    )
    before, now = ("measure", "explanations"), ("measure", "diagnostics")
    renamed = {"diagnostics" if k == "explanations" else k: v for k, v in measure.items()}
    lines = {now + p[2:] if p[:2] == before else p: line for p, line in document.lines.items()}
    return replace(document, value={**document.value, "measure": renamed}, lines=lines)


def _problem(document: Document, problem: Any) -> str:
    path = tuple(part for part in problem["loc"] if part not in (FAMILY, OWN))
    if problem["type"] == "extra_forbidden":
        hint = did_you_mean(str(path[-1]), _known_keys(path[:-1]))
        return f"{document.where(path)}: unknown key. {hint}"
    if problem["type"] == "missing":
        missing = str(path[-1])
        meant = difflib.get_close_matches(missing, map(str, problem["input"]), n=1)
        if meant:
            location = document.where((*path[:-1], meant[0]))
            return f"{location}: unknown key. Did you mean {missing!r}?"
        return f"{document.where(path[:-1])}: the key {missing!r} is missing."
    message = problem["msg"][0].lower() + problem["msg"][1:]
    if problem["type"] == "model_type":
        message = "input should be a mapping"
    given = problem["input"]
    shown = f", not {given!r}" if not isinstance(given, dict | list) else ""
    return f"{document.where(path)}: {message}{shown}.{_nearest_choice(problem)}"


def _nearest_choice(problem: Any) -> str:
    if problem["type"] != "literal_error" or not isinstance(problem["input"], str):
        return ""
    choices = problem["ctx"]["expected"].replace(" or ", ", ").split(", ")
    close = difflib.get_close_matches(problem["input"], [c.strip("'") for c in choices], n=1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _known_keys(path: tuple[str | int, ...]) -> list[str]:
    """The keys that the schema has at a path."""
    model: Any = SuiteFile
    for part in path:
        if isinstance(part, str):
            annotation = model.model_fields[part].annotation
            model = next(iter(getattr(annotation, "__args__", [annotation])))
    return list(model.model_fields)
