"""Read a suite from its file, and check it."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from plasticity_bench import data
from plasticity_bench.errors import BadInputError, MissingDataError, StreamError, did_you_mean
from plasticity_bench.evaluation.protocol import Diagnostic, Protocol
from plasticity_bench.networks import NetworkSpec, built_once
from plasticity_bench.shipped import suite_names
from plasticity_bench.standard_output import kept_for_data
from plasticity_bench.streams import DatasetStream, Stream, make_stream
from plasticity_bench.streams.validation import checked_task
from plasticity_bench.suite.contenders import Contender, contender
from plasticity_bench.suite.document import read_document
from plasticity_bench.suite.suite import Suite, SuiteStream
from plasticity_bench.suite.suite_file import (
    CurvatureEntry,
    MeasureEntry,
    StreamEntry,
    SuiteFile,
    TuningEntry,
    validated,
)
from plasticity_bench.suite.yaml_source import Document, Location, located


def load_suite(path_or_name: str, with_data: bool = True) -> Suite:
    """Return a suite, checked.

    Args:
        path_or_name: a YAML file, or the name of a suite that comes with the package.
        with_data: as of `suite_of`.

    Raises:
        BadInputError: as `read_document` and `suite_of`.
    """
    return suite_of(read_document(path_or_name), with_data)


@kept_for_data()
def suite_of(document: Document, with_data: bool = True) -> Suite:
    """Return the suite that a document describes, checked.

    Args:
        document: of a suite.
        with_data: whether to make a task of each stream, for which its data must be there.

    Raises:
        BadInputError: one sentence that names file, line and key, if anything in it is wrong.
        MissingDataError: as `check_data`.
    """
    file = validated(document)
    with located(document) as at:
        suite = _suite(file, at)
        if with_data:
            check_data(suite.streams)
            for index, entry in enumerate(suite.streams):
                at.path = ("streams", index)
                check_first_task(entry.id, entry.stream)
    return suite


def check_data(streams: Iterable[SuiteStream]) -> None:
    """Check that the data sets of streams are on this machine.

    Raises:
        MissingDataError: if some are not.
    """
    made_of = [entry.stream for entry in streams]
    names = [data.source(s.dataset).name for s in made_of if isinstance(s, DatasetStream)]
    if missing := data.missing(names):
        raise MissingDataError(missing)


def _suite(file: SuiteFile, at: Location) -> Suite:
    streams = []
    for index, entry in enumerate(file.streams):
        at.path = ("streams", index)
        streams.append(_stream_run(entry))
    at.path = ("streams",)
    _check_labels(streams)
    tuning_streams = _tuning_streams(file.tuning, at, streams)
    others = tuning_streams if file.tuning.streams else ()
    protocol = _protocol(file, at, [*streams, *others])
    contenders = []
    for index, learner in enumerate(file.learners):
        at.path = ("learners", index)
        contenders.append(contender(learner, [suite_stream.label for suite_stream in streams]))
    at.path = ("learners",)
    _check_labels(contenders)
    labels = [contender.label for contender in contenders]
    at.path = ("reference",)
    if file.reference not in labels:
        hint = did_you_mean(file.reference, labels)
        raise BadInputError(f"the reference {file.reference!r} is not a learner. {hint}")
    return Suite(
        file.suite,
        tuple(streams),
        tuple(contenders),
        file.reference,
        protocol,
        file.seeds,
        file.description,
        file.tuning,
        tuning_streams,
        file.paper,
    )


def _protocol(file: SuiteFile, at: Location, streams: Sequence[SuiteStream]) -> Protocol:
    """The protocol; where the file gives no number of examples, no task has too few."""
    sizes = list(map(_smallest_task, streams))
    measure = file.measure

    def examples(entry: MeasureEntry | CurvatureEntry) -> int:
        is_given = "examples" in entry.model_fields_set
        return entry.examples if is_given else min(entry.examples, *sizes)

    protocol = Protocol(
        curvature_every=measure.curvature.every,
        curvature_examples=examples(measure.curvature),
        reveal_boundaries=file.reveal_boundaries,
        diagnostics=tuple(
            Diagnostic(
                name=chosen.name,
                every=chosen.every or measure.every,
                examples=chosen.examples or examples(measure),
            )
            for chosen in measure.diagnostics
        ),
    )
    at.path = ("measure", "diagnostics")
    _check_once([diagnostic.name for diagnostic in protocol.diagnostics])
    scored = len(file.streams)
    for index, (suite_stream, size) in enumerate(zip(streams, sizes, strict=True)):
        of_scored = index < scored
        at.path = ("streams", index) if of_scored else ("tuning", "streams", index - scored)
        _check_examples(protocol, suite_stream, size)
    return protocol


def _check_examples(protocol: Protocol, suite_stream: SuiteStream, smallest: int) -> None:
    asked = [("curvature", "measure.curvature.examples", protocol.curvature_examples)]
    asked += [(d.name, "measure.examples", d.examples) for d in protocol.diagnostics]
    for name, key, examples in asked:
        if examples > smallest:
            raise BadInputError(
                f"{name} is to be measured on {examples} examples, but a task of "
                f"{suite_stream.id} has {smallest}. Lower {key}, or make tasks larger.",
                key="id",
            )


def _smallest_task(suite_stream: SuiteStream) -> int:
    return min(map(suite_stream.stream.size, range(suite_stream.stream.num_tasks)))


def _check_once(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise BadInputError(f"{name} is listed twice.")


def _stream_run(entry: StreamEntry) -> SuiteStream:
    stream = make_stream(entry.id, **entry.parameters)
    keys = entry.network.model_dump()
    network = built_once(NetworkSpec.of(keys, stream.input_shape, stream.num_outputs))
    name = entry.id.rpartition(":")[-1]
    return SuiteStream(entry.label or name.rpartition("/")[-1], name, stream, network)


def _tuning_streams(
    tuning: TuningEntry,
    at: Location,
    scored: Sequence[SuiteStream],
) -> tuple[SuiteStream, ...]:
    """The streams that settings are tried on; their data sets are needed by `tune` only."""
    streams = []
    for index, entry in enumerate(tuning.streams):
        at.path = ("tuning", "streams", index)
        streams.append(_stream_run(entry))
    at.path = ("tuning", "streams")
    _check_labels(streams)
    labels = [suite_stream.label for suite_stream in scored]
    for label in [suite_stream.label for suite_stream in streams if tuning.per_stream]:
        if label not in labels:
            raise BadInputError(
                f"with per_stream, settings found on {label!r} are for the suite's stream of "
                f"that label, but there is none. {did_you_mean(label, labels)}"
            )
    return tuple(streams or scored)


def check_first_task(name: str, stream: Stream) -> None:
    """Make one task, so that an error in a user's stream shows before anything runs.

    Raises:
        BadInputError: if it cannot be made, or is no task of the stream.
    """
    try:
        checked_task(stream, 0, 0)
    except StreamError as error:
        problem = str(error).removeprefix(f"Stream {type(stream).__name__}: ")
        raise BadInputError(f"Stream {name}: {problem}", "id") from error


def _check_labels(things: Sequence[SuiteStream] | Sequence[Contender]) -> None:
    labels = [thing.label for thing in things]
    for label in labels:
        if labels.count(label) > 1:
            raise BadInputError(f"two are called {label!r}: give one a `label` of its own.")


def suite_named(name: str) -> Suite:
    """Return the shipped suite of a name; its data need not be on this machine.

    Args:
        name: with or without the namespace: plasticity/quick-v1, quick-v1.

    Raises:
        BadInputError: if there is none.
    """
    documents = [read_document(shipped) for shipped in suite_names()]
    by_name = {document.value["suite"]: document for document in documents}
    by_name |= {full.rpartition("/")[-1]: document for full, document in by_name.items()}
    if name not in by_name:
        raise BadInputError(f"No suite that comes with the package is {name!r}. Give --suite FILE.")
    return suite_of(by_name[name], with_data=False)


def suite_of_results(folder: Path, given: str | None) -> Suite:
    """Return the suite that a results folder is of.

    Args:
        folder: its name is the suite's name and hash.
        given: a suite's file or name, if it does not come with the package.

    Raises:
        BadInputError: if there is none, or it has changed since.
    """
    name, _, hash8 = folder.resolve().name.partition("@")
    suite = load_suite(given, with_data=False) if given else suite_named(name)
    if f"{name}@{hash8}" != suite.directory_name:
        raise BadInputError(
            f"{folder} does not hold results of {suite.name} as it is now, which are in "
            f"{suite.directory_name}. Run the suite again."
        )
    return suite
