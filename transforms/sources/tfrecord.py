"""TFRecord files of tf.Example: each example is a document.

A position is the first byte of a record's frame in the uncompressed file.
"""

import functools
import itertools
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from transforms import fields
from transforms.documents import Source, Split
from transforms.features import EXACT_FLOAT32
from transforms.fields import KeptField, nested_values
from transforms.io import tfrecord_framing
from transforms.io.transcoding import UTF8
from transforms.io.watching import DamagedError
from transforms.rejects import Reason
from transforms.sources import ids, record_fields
from transforms.sources.base import Format, ReadConfig, ReadPart, SampledFields
from transforms.sources.ranges import into_ranges
from transforms.sources.record_fields import Record, rejected
from transforms.templates.field_texts import text_of_single

_FRAME_BYTES = 16
# Of the length of a record, which is less than 2 GiB.
_UPPER_BYTES, _NOTHING = slice(4, 8), bytes(4)
# The types of fields are taken from this many examples, or fewer if they are large.
_SAMPLE = 256


class TfrecordFormat(Format):
    """TFRecord (https://www.tensorflow.org/tutorials/load_data/tfrecord)."""

    endings = (".tfrecord", ".tfrecords")
    needs_tensorflow = True

    def check(self, config: ReadConfig) -> None:
        """Refuse settings of plain text."""
        record_fields.check_no_separator(config)
        if config.encoding != UTF8:
            raise ValueError("`encoding` is for text; TFRecords are UTF-8: leave it out")

    def has_magic(self, head: bytes) -> bool:
        """Return whether a record's length and its checksum come first."""
        # Few files have the upper bytes of a length of a record, which need no checksum.
        return head[_UPPER_BYTES] == _NOTHING and tfrecord_framing.is_head(head)

    def cut(self, source: Source, *_: object) -> list[Split]:
        """Return the file as one split: only reading shows where a record begins."""
        return [Split(source, 0, None)] if source.size else []

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Read the parts of a split."""
        examples = _examples(stream, config.max_document_bytes)
        for part in into_ranges(examples, split, config.part_bytes):
            records = [_record(record, config) for record in part.records]
            batch = record_fields.to_documents(records, part.positions, split.source.path, config)
            yield ReadPart(part.start, part.end, part.last, batch)

    def sample_fields(self, _: Split, stream: BinaryIO, config: ReadConfig) -> SampledFields:
        """Read names and types from the examples at the beginning of the file."""
        most = config.max_document_bytes
        head = itertools.islice(_examples(stream, most), _SAMPLE)
        near = itertools.takewhile(lambda example: example[0] < most, head)
        parsed = (_features(record) for _, record in near if isinstance(record, bytes))
        sampled = record_fields.sample(
            filter(None, parsed), config, _type_of, _keep, nested_values.singles_as_lists
        )
        # The features of an example have no order.
        return sampled._replace(names=tuple(sorted(sampled.names)))


def _examples(stream: BinaryIO, most_bytes: int) -> Iterator[tuple[int, bytes | Record]]:
    """Read the records with their positions; damage yields one rejected record for the rest."""
    position = 0
    too_large = rejected(Reason.TOO_LARGE, f"over {most_bytes} bytes")
    try:
        for length, record in tfrecord_framing.read_up_to(stream, most_bytes):
            yield position, too_large if record is None else record
            position += length + _FRAME_BYTES
    except (ValueError, DamagedError) as error:
        why = f"the file is damaged from here on: {error}"
        yield position, rejected(Reason.UNREADABLE, why)


def _record(record: bytes | Record, config: ReadConfig) -> Record:
    if isinstance(record, Record):
        return record
    features = _features(record)
    if features is None:
        return rejected(Reason.BAD_EXAMPLE, "the record is no tf.Example")
    # A float of a tf.Example has 32 bits.
    to_id = functools.partial(ids.to_id, rounded_from=ids.ROUNDED_SINGLE)
    return record_fields.from_mapping(
        _wanted(features, config), config, to_id=to_id, to_text=text_of_single
    )


def _features(record: bytes) -> Mapping[str, Any] | None:
    """Parse an example; return None if the bytes are not a tf.Example.

    Examples are parsed one by one, because each may be damaged in a different way.
    """
    from tensorflow.core.example import example_pb2

    try:
        features: Mapping[str, Any] = example_pb2.Example.FromString(record).features.feature
    except Exception:  # the class of protobuf's DecodeError depends on its implementation
        return None
    return features


def _wanted(features: Mapping[str, Any], config: ReadConfig) -> dict[str, Any]:
    """Return the values of the features to read; a feature that is kept as a list is a list."""
    wanted = {name for _, name in config.columns}
    values = {name: _value(features[name]) for name in wanted if name in features}
    for field in config.kept:
        if field.nested is not None and field.name in features:
            values[field.name] = _values(features[field.name])
    return values


def _value(feature: Any) -> Any:
    """Return the value of a feature: one value, a list of several, or None for no value."""
    values = _values(feature)
    return values[0] if values and len(values) == 1 else (values or None)


def _values(feature: Any) -> list[Any] | None:
    """Return the values of a feature; None if it has no kind."""
    kind = feature.WhichOneof("kind")
    if not kind:
        return None
    values = getattr(feature, kind).value
    return [_text(value) if isinstance(value, bytes) else value for value in values]


def _type_of(feature: Any) -> str:
    """Return the type of a feature's value; `""` for no value."""
    value = _value(feature)
    if isinstance(value, float):
        return EXACT_FLOAT32
    if isinstance(value, list) and isinstance(value[0], float):
        return nested_values.list_of(EXACT_FLOAT32, not_null=True)
    return "" if value is None else fields.type_of(value)


def _keep(feature: Any, field: KeptField) -> Any:
    return fields.keep(_value(feature), field)


def _text(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


FORMAT = TfrecordFormat()
