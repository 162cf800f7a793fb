"""Embed the texts of many elements at once: those of a bundle, or those of a limited time."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import apache_beam as beam
from apache_beam.typehints import typehints
from apache_beam.utils.timestamp import Timestamp
from apache_beam.utils.windowed_value import WindowedValue

from transforms.elements.element_forms import ElementForm
from transforms.elements.embedder import Rejected, Vectors, shared_embedder
from transforms.elements.text_config import TextConfig
from transforms.encode import EncodeConfig
from transforms.sources.record_fields import Record

# Elements that are embedded at once: more need less padding and take more memory.
MAX_ELEMENTS = 512
_MAX_CHARACTERS = 256 << 10
REJECTED = "rejected"


class EmbedElements(beam.PTransform):
    """Embed elements, in the outputs `embedded` and `rejected` of the form's elements.

    Timestamps and windows stay. Elements are collected within a bundle; or, in streams whose
    bundles are small, over bundles: `max_latency_seconds` is the longest that an element waits for
    others of its window.
    """

    def __init__(
        self,
        config: TextConfig,
        encode: EncodeConfig,
        form: ElementForm,
        max_latency_seconds: float | None,
    ) -> None:
        super().__init__()
        self._arguments = config, encode, form
        self._form = form
        self._max_latency = max_latency_seconds

    def expand(self, elements: beam.PCollection[Any]) -> Any:
        embedded, rejected = self._form.output_types(elements.element_type)
        fn = _EmbedBundle(*self._arguments)
        if self._max_latency is not None:
            fn = _EmbedBatch(*self._arguments)
            elements = elements | "Batch" >> _BatchInTime(self._max_latency)
        return elements | "Embed" >> beam.ParDo(fn).with_output_types(
            embedded, rejected=rejected
        ).with_outputs(REJECTED, main="embedded")


def check_latency(max_latency_seconds: float | None) -> None:
    """Check the longest time that an element waits.

    Raises:
        ValueError: it is not positive.
    """
    if max_latency_seconds is not None and not max_latency_seconds > 0:
        raise ValueError(
            f"`max_latency_seconds` is {max_latency_seconds}: give seconds over 0, or leave it out"
        )


class _BatchInTime(beam.PTransform):
    """Collect elements of a window over bundles, as lists of elements with their timestamps.

    Each thread of a worker fills a batch of its own.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def expand(self, elements: beam.PCollection[Any]) -> beam.PCollection[Any]:
        timed = typehints.Tuple[int, typehints.Tuple[elements.element_type, int]]
        return (
            elements
            | "Timestamps" >> beam.Map(_with_timestamp).with_output_types(timed)
            | "Group" >> beam.GroupIntoBatches.WithShardedKey(MAX_ELEMENTS, self._seconds)
        )


def _with_timestamp(
    element: Any, timestamp: Any = beam.DoFn.TimestampParam
) -> tuple[int, tuple[Any, int]]:
    return 0, (element, timestamp.micros)


class _Pending(NamedTuple):
    value: WindowedValue
    records: Sequence[Record]


class _EmbedBundle(beam.DoFn):
    """Collects elements of a bundle, and embeds them together."""

    def __init__(self, config: TextConfig, encode: EncodeConfig, form: ElementForm) -> None:
        self._text = config
        self._encode = encode
        self._form = form

    def setup(self) -> None:
        self._embedder = shared_embedder(self._text, self._encode)

    def start_bundle(self) -> None:
        self._pending: list[_Pending] = []
        self._characters = 0

    def process(
        self,
        element: Any,
        timestamp: Any = beam.DoFn.TimestampParam,
        window: Any = beam.DoFn.WindowParam,
        pane: Any = beam.DoFn.PaneInfoParam,
    ) -> Iterator[Any]:
        yield from self._add(WindowedValue(element, timestamp, (window,), pane))

    def finish_bundle(self) -> Iterator[Any]:
        yield from self._flush()

    def _add(self, value: WindowedValue) -> Iterator[Any]:
        records = self._form.records(value.value)
        self._pending.append(_Pending(value, records))
        self._characters += sum(len(record.text) for record in records)
        if len(self._pending) >= MAX_ELEMENTS or self._characters >= _MAX_CHARACTERS:
            yield from self._flush()

    def _flush(self) -> Iterator[Any]:
        pending, self._pending, self._characters = self._pending, [], 0
        records = [record for one in pending for record in one.records]
        results = iter(self._embedder.embed_records(records).vectors)
        for value, texts in pending:
            yield self._output(value, [next(results) for _ in texts])

    def _output(self, value: WindowedValue, results: Sequence[Vectors | Rejected]) -> Any:
        vectors = [result for result in results if not isinstance(result, Rejected)]
        if len(vectors) == len(results):
            return value.with_value(self._form.embedded(value.value, vectors))
        why = next(result for result in results if isinstance(result, Rejected))
        rejected = value.with_value(self._form.rejected(value.value, why))
        return beam.pvalue.TaggedOutput(REJECTED, rejected)


class _EmbedBatch(_EmbedBundle):
    """Embeds batches of elements with timestamps."""

    def process(  # type: ignore[override]
        self, batch: tuple[Any, Iterable[tuple[Any, int]]], window: Any = beam.DoFn.WindowParam
    ) -> Iterator[Any]:
        for element, micros in batch[1]:
            yield from self._add(WindowedValue(element, Timestamp(micros=micros), (window,)))
        yield from self._flush()
