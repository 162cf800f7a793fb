"""The metrics of a job: one table, from which Prometheus' and OpenTelemetry's are made.

Sums are over the receipts of all finished parts, of earlier calls too, so that they go on where an
earlier process ended. They are gauges: damaged parts are taken out of them, and a system takes a
counter that becomes smaller for one that began again at 0. Source for names and units:
https://prometheus.io/docs/practices/naming/
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping

from pipeline.status import Status
from transforms import metrics
from transforms.features import NUM_TOKENS, NUM_UNKNOWN, NUM_WORDPIECES, TRUNCATED

RUNNING, DONE, FAILED, INTERRUPTED = STATES = ("running", "done", "failed", "interrupted")

_SECONDS, _BYTES = "seconds", "bytes"
# The ending of the names of seconds in receipts.
_OF_STAGE = "_seconds"


@dataclasses.dataclass(frozen=True)
class JobSample:
    """The state of a job at one time.

    Attributes:
        folder: the output folder.
        state: one of `STATES`.
        started, updated: UNIX times of the start of this call, and of this sample.
        build: what computes: `version`, `engine`, `precision`.
        status: the progress; None before the plan is known.
    """

    folder: str
    state: str
    started: float
    updated: float
    build: Mapping[str, str]
    status: Status | None = None


# A value, and the labels that distinguish it from the others of its metric.
Value = tuple[Mapping[str, str], float]


@dataclasses.dataclass(frozen=True)
class Metric:
    """One metric, a gauge.

    Attributes:
        name: its words, without a prefix.
        help: one sentence.
        values: returns the values of a sample; none if they are not known.
        unit: `seconds`, `bytes`, or empty.
    """

    name: str
    help: str
    values: Callable[[JobSample], Iterable[Value]]
    unit: str = ""


def values_of(metric: Metric, sample: JobSample) -> Iterator[Value]:
    """Yield the values of a metric; each has also the label `output`, the folder of the job."""
    for labels, value in metric.values(sample):
        yield {"output": sample.folder, **labels}, value


def _count(name: str) -> Callable[[JobSample], Iterable[Value]]:
    """Return a function of a sample that returns one of the counts of receipts."""
    return lambda sample: [({}, sample.status.counts.get(name, 0))] if sample.status else []


def _fact(read: Callable[[Status], float | None]) -> Callable[[JobSample], Iterable[Value]]:
    """Return a function of a sample that returns a number of its status, if it is known."""

    def values(sample: JobSample) -> Iterable[Value]:
        value = None if sample.status is None else read(sample.status)
        return [] if value is None else [({}, value)]

    return values


def _each(
    label: str, read: Callable[[Status], Mapping[str, float]]
) -> Callable[[JobSample], Iterable[Value]]:
    """Return a function of a sample that returns a value for each name of a mapping."""
    return lambda sample: (
        [({label: name.removesuffix(_OF_STAGE)}, value) for name, value in named.items()]
        if (named := read(sample.status) if sample.status else {})
        else []
    )


METRICS = (
    Metric(
        "build_info",
        "Version, engine and precision of the job; always 1.",
        lambda sample: [(sample.build, 1)],
    ),
    Metric(
        "job_state",
        "1 for the state of the last call of the job, 0 for the other states.",
        lambda sample: [({"state": state}, int(state == sample.state)) for state in STATES],
    ),
    Metric(
        "start_time_seconds",
        "UNIX time at which the last call of the job began.",
        lambda sample: [({}, sample.started)],
        _SECONDS,
    ),
    Metric(
        "last_update_time_seconds",
        "UNIX time of these values.",
        lambda sample: [({}, sample.updated)],
        _SECONDS,
    ),
    Metric("parts_done", "Parts that are finished.", _fact(lambda status: status.parts)),
    Metric(
        "parts_expected",
        "Parts of the whole job, if that is known.",
        _fact(lambda status: status.expected_parts),
    ),
    Metric(
        "input_bytes",
        "Stored bytes of the input.",
        _fact(lambda status: status.input_bytes),
        _BYTES,
    ),
    Metric(
        "input_done_bytes",
        "Stored bytes of the input that are embedded, those of running parts included.",
        _fact(lambda status: status.input_bytes_done),
        _BYTES,
    ),
    Metric(
        "input_unread",
        "Files and folders that could not be read when the job was planned.",
        _fact(lambda status: len(status.unread)),
    ),
    Metric(
        "tokens_per_second",
        "Speed over the last ten minutes of work.",
        _fact(lambda status: status.tokens_per_second),
    ),
    Metric(
        "time_left_seconds",
        "Time left at that speed, if it is known.",
        _fact(lambda status: status.seconds_left),
        _SECONDS,
    ),
    Metric(
        "documents",
        "Documents of finished parts, embedded or rejected.",
        _count(metrics.DOCUMENTS),
    ),
    Metric("documents_embedded", "Documents with vectors.", _count(metrics.EMBEDDED)),
    Metric(
        "documents_rejected",
        "Documents without vectors, by reason.",
        _each("reason", lambda status: status.reasons),
    ),
    Metric(
        "documents_truncated",
        "Documents that were cut at the maximal length.",
        _count(TRUNCATED),
    ),
    Metric("wordpieces", "Wordpieces of embedded documents.", _count(NUM_WORDPIECES)),
    Metric("wordpieces_unknown", "Wordpieces that are [UNK].", _count(NUM_UNKNOWN)),
    Metric("tokens", "Tokens of embedded documents.", _count(NUM_TOKENS)),
    Metric(
        "tokens_computed",
        "Tokens that the model computed.",
        _count(metrics.COMPUTED_TOKENS),
    ),
    Metric(
        "positions_computed",
        "Positions that the model computed: tokens and padding.",
        _count(metrics.PADDED_TOKENS),
    ),
    Metric("batches", "Batches that the model computed.", _count(metrics.BATCHES)),
    Metric(
        "files_written",
        "Files of records and of rejected documents, by folder.",
        _each("folder", lambda status: status.files),
    ),
    Metric(
        "written_bytes",
        "Bytes of these files, by folder.",
        _each("folder", lambda status: status.bytes),
        _BYTES,
    ),
    Metric(
        "stage_seconds",
        "Time of all workers, by stage.",
        _each("stage", lambda status: status.seconds),
        _SECONDS,
    ),
)
