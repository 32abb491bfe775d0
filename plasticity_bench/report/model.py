"""What a report shows, as the JSON inside its page, which is compressed with gzip.

Streams, learners and measurements are given by their places in `streams`, `learners` and
`measurements`. Numbers have five significant digits; NaN is null.
"""

from typing import Any, TypedDict

Number = float | None
Bounds = list[Number]
"""Mean, and the ends of its 95 % interval over seeds."""


class ScoreRow(TypedDict):
    """One learner on one stream, or the mean over all streams (null): docs/scores.md."""

    stream: int | None
    learner: int
    rank: list[int] | None  # of the tie group, and the position's interval; of the reference none
    seeds: list[int]
    points: list[list[Number]]  # of each seed: trainability, curvature retention
    trainability: Bounds | None
    retained_plasticity: Bounds | None
    curvature_retention: Bounds | None
    accuracy: Number
    curvature: Number
    seconds: Number
    diverged: int


class CurveRow(TypedDict):
    """One measurement of one learner on one stream, over tasks: lists as long as `tasks`."""

    stream: int
    learner: int
    measurement: int
    seeds: int
    tasks: list[int]
    mean: list[Number]
    low: list[Number]
    high: list[Number]


class ProfileRow(TypedDict):
    """The share of runs that score above each of `thresholds`; stream null: over all."""

    stream: int | None
    learner: int
    score: str  # of `comparisons.SCORES`
    thresholds: list[float]
    share: list[Number]
    low: list[Number]
    high: list[Number]


class PairRow(TypedDict):
    """How much better one learner is than another on shared seeds; stream null: over all."""

    stream: int | None
    score: str
    learner: int
    other: int
    seeds: int
    difference: Bounds
    p_value: Number  # corrected for all pairs of the same stream and score
    too_few: bool  # seeds for any difference to be significant


class ExplanationRow(TypedDict):
    """What one measurement explains: rank correlations with accuracy, or null."""

    name: str
    within: Bounds | None
    learners: Bounds | None
    streams: Bounds | None
    within_stream: list[Bounds | None]  # by stream
    learners_in_stream: list[Bounds | None]
    signs: str
    holds: int


class SearchRow(TypedDict):
    """The settings of one learner that a search tried for its whole length."""

    learner: str
    score: str  # what it was tuned for: "trainability", "retention" or, the reference, "attained"
    seeds: int
    scales: dict[str, str]  # of each hyperparameter: "log", "linear", "choice"
    tried: list[dict[str, Any]]  # setting, score, interval, chosen, diverged (replicas)
    unfinished: int  # settings without a score
    budget: dict[str, int]  # settings that were begun, and updates of all of them


class StatusRow(TypedDict):
    """How many runs of one learner on one stream there are of each kind."""

    stream: str
    learner: str
    counts: dict[str, int]
    error: str


class SettingRow(TypedDict):
    """What a learner was run with; streams: where, if it is not the same in all."""

    learner: int
    streams: list[int]
    class_name: str
    source: str
    hyperparameters: dict[str, Any]


class StreamRow(TypedDict):
    """What a stream is: its id, parameters, data, network and protocol."""

    id: str
    fingerprint: str
    parameters: dict[str, Any]
    network: dict[str, Any]
    protocol: dict[str, Any]
    scored_tasks: list[int]
    attainment: int  # places of the two headline measurements
    curvature: int


class CostRow(TypedDict):
    """What an update of a learner costs, relative to plain Adam's; null where it is unknown."""

    learner: int
    recorded: bool
    boundaries: bool
    flops: Number
    parameters: Number
    memory: Number


class MachineRow(TypedDict):
    """A machine and the versions that some runs were computed with."""

    runs: int
    environment: dict[str, Any]
    execution: dict[str, Any]


class Report(TypedDict):
    """All of it."""

    format: int
    suite: str
    suite_hash: str
    made_at: str
    version: str
    reference: int
    seeds: list[int]
    streams: list[str]
    learners: list[str]  # as in the leaderboard: the reference, the ranked, the incomplete
    looks: list[int]  # of each learner, the index of its look in `figures.paper_figure`
    selected: list[int]  # learners in colours at first, as in figures; the others are grey
    measurements: list[str]
    notices: list[str]
    about: list[StreamRow]  # by stream
    scores: list[ScoreRow]
    curves: list[CurveRow]
    profiles: list[ProfileRow]
    pairs: list[PairRow]
    explanations: list[ExplanationRow]
    searches: list[SearchRow]
    status: list[StatusRow]
    status_sentences: list[str]  # sentences of the status; the last says what to do
    settings: list[SettingRow]
    costs: list[CostRow]
    machines: list[MachineRow]
    seconds: Number
    commands: list[str]
