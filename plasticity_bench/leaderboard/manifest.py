"""The schema of an entry's `manifest.json`, and the limits of its files."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from plasticity_bench.errors import DamagedError
from plasticity_bench.names import described, look_alike
from plasticity_bench.safe_files import read_bytes

MANIFEST, MEASUREMENTS, TUNING = "manifest.json", "measurements.parquet", "tuning.yaml"
SOURCE, VERIFICATION = "source", "verification"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,63}")
SOURCE_FILE = re.compile(r"source(/[A-Za-z_][A-Za-z0-9_]*)+\.py")

MAX_BYTES = {MANIFEST: 2**20, MEASUREMENTS: 8 * 2**20, TUNING: 4 * 2**20}
MAX_SOURCE_BYTES = 2**20
MAX_RECORD_BYTES = 2**20
MAX_FILES = 100
MAX_TEXT = 1000
"""Characters of a text in a manifest, as a reason why an update was not compiled."""

Text = Annotated[str, Field(min_length=1, max_length=300)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Value = bool | int | float | str


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SuiteName(_Strict):
    """Which suite the entry is for."""

    name: Text
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]


class LearnerPart(_Strict):
    """The learner: what it is called in the results, and the code that it was.

    Attributes:
        label: in the results.
        reference: the baseline's name, or module:Class.
        class_name: of its class.
        source: the files that define it: that of its class first, then by their modules' names.
        source_sha256: of the syntax trees of these files, as results have it.
        hyperparameters: by stream, all of them.
    """

    label: Text
    reference: Text
    class_name: Text
    source: Annotated[list[Text], Field(min_length=1, max_length=50)]
    source_sha256: Sha256
    hyperparameters: dict[str, dict[str, Value]]


class Flags(_Strict):
    """What the learner needs, by its record on the suite's first stream.

    Attributes:
        recorded: whether it is recorded; if not, nothing else is known of it.
        boundaries: whether something happens where a task begins.
        begin_task: operations of that, divided by those of an update of plain training with Adam.
        parameters: of its network, divided by those of the suite's network.
        memory: numbers in its own memory, divided by those of its parameters.
        constants: numbers that its graphs have captured.
        flops: floating-point operations of an update, divided by those of plain training with Adam.
    """

    recorded: bool
    boundaries: bool = False
    begin_task: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    parameters: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    memory: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    constants: Annotated[int, Field(ge=0)] = 0
    flops: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0


class TuningPart(_Strict):
    """The record of the search that its settings come from."""

    file: Literal["tuning.yaml"]
    sha256: Sha256


class Cost(_Strict):
    """Mean seconds of a seed on a stream, and updates of a seed on all streams."""

    seconds_per_seed: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    updates: Annotated[int, Field(ge=1)]


PAPER = r"^https?://\S+$"
"""What a paper's address looks like."""

STORED = ("trainability", "retained_plasticity", "curvature_retention")
"""The scores that a manifest has."""


class StreamScores(_Strict):
    """The scores of seeds 0, 1, ... on one stream; null where one is undefined.

    Attributes:
        trainability: relative to the reference; in format 2 within [0, 1].
        retained_plasticity: relative to the learner's own fresh copy; not in format 2.
        curvature_retention: likewise.
        retention: format 2 only: curvature relative to the reference, within [0, 1].
    """

    trainability: list[float | None]
    retained_plasticity: list[float | None] | None = None
    curvature_retention: list[float | None] | None = None
    retention: list[float | None] | None = None


class Manifest(_Strict):
    """The manifest of an entry."""

    format: Literal[2, 3]
    name: Text
    suite: SuiteName
    authors: Annotated[list[Text], Field(min_length=1, max_length=100)]
    licence: Text
    paper: Annotated[str, Field(pattern=PAPER, max_length=300)] | None
    learner: LearnerPart
    flags: Flags
    tuning: TuningPart | None
    environments: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]
    cost: Cost
    scores: dict[str, StreamScores]
    measurements_sha256: Sha256


def read_manifest(folder: Path) -> Manifest:
    """Return an entry's manifest.

    Raises:
        DamagedError: if it is missing, or does not fit the schema.
    """
    path = folder / MANIFEST
    try:
        content = read_bytes(path, MAX_BYTES[MANIFEST])
    except FileNotFoundError:
        raise DamagedError(folder, f"has no {MANIFEST}: it is no entry") from None
    try:
        manifest = Manifest.model_validate_json(content)
    except (ValidationError, RecursionError) as error:
        raise DamagedError(path, _problem(error)) from None
    if problem := unclear(manifest):
        raise DamagedError(path, problem)
    return manifest


def unclear(manifest: Manifest) -> str:
    """Return what is wrong with a text anywhere in a manifest; empty if all can be shown."""
    for text in _texts(manifest.model_dump()):
        if len(text) > MAX_TEXT:
            return f"has a text of {len(text):,} characters; at most {MAX_TEXT:,} are taken"
        if not text.isprintable():
            return "has characters that cannot be shown"
        if letter := look_alike(text):
            return f"has {described(letter)} among Latin letters, which it looks like"
    return ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (str(key), *_texts(inner))
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def written(manifest: Manifest) -> bytes:
    """Return the manifest as the text of its file."""
    return (json.dumps(_as_json(manifest), indent=1, allow_nan=False) + "\n").encode()


def _as_json(manifest: Manifest) -> dict[str, Any]:
    scores = {k: v.model_dump(exclude_none=True) for k, v in manifest.scores.items()}
    return {**manifest.model_dump(), "scores": scores}


def _problem(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return "is nested too deeply"
    first = error.errors()[0]
    location = ".".join(map(str, first["loc"])) or "it"
    return f"does not fit the schema: {location}: {first['msg'][:200]}"
