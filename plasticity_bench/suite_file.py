"""The schema of a suite's YAML file."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from plasticity_bench.networks import ACTIVATIONS, FAMILIES, NORMS

Count = Annotated[int, Field(ge=1)]
Label = Annotated[str, Field(min_length=1, max_length=80)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NetworkEntry(_Strict):
    """The network that learners are asked to build."""

    name: Literal[tuple(FAMILIES)] = "mlp"  # type: ignore[valid-type]
    hidden: Annotated[list[Count], Field(min_length=1)]
    activation: Literal[tuple(ACTIVATIONS)] = "relu"  # type: ignore[valid-type]
    norm: Literal[("none", *NORMS)] = "none"  # type: ignore[valid-type]


class StreamEntry(BaseModel):
    """A stream, the network for it, and any of the stream's own parameters."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    id: str
    label: Label | None = None
    network: NetworkEntry

    @property
    def parameters(self) -> dict[str, Any]:
        """The stream's own parameters."""
        return dict(self.model_extra or {})


class LearnerEntry(BaseModel):
    """A learner and any of its hyperparameters; a bare name stands for its defaults."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    name: str
    label: Label | None = None

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


class MeasureEntry(_Strict):
    """What is measured beside accuracy and loss."""

    curvature: CurvatureEntry = CurvatureEntry()


class SuiteFile(_Strict):
    """A suite: streams, networks, learners, seeds and protocol."""

    suite: Annotated[str, Field(pattern=r"^[\w.-]+/[\w.-]+-v\d+$")]
    description: str = ""
    streams: Annotated[list[StreamEntry], Field(min_length=1)]
    learners: Annotated[list[LearnerEntry], Field(min_length=1)]
    reference: str = "fresh"
    reveal_boundaries: bool = False
    seeds: Count = 10
    measure: MeasureEntry = MeasureEntry()
