"""TFRecord files of tf.Example: an example a document.

Positions are the first bytes of the records' frames, of the uncompressed file.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from transforms.documents import Source, Split
from transforms.io import tfrecord_framing
from transforms.io.decompressing import DamagedError
from transforms.io.transcoding import UTF8
from transforms.rejects import Reason
from transforms.sources import record_fields
from transforms.sources.base import ReadConfig, ReadPart, Seen
from transforms.sources.ranges import into_ranges
from transforms.sources.record_fields import Record, rejected

_FRAME_BYTES = 16
# So many examples tell the types of fields.
_SAMPLE = 256


class TfrecordFormat:
    """TFRecord (https://www.tensorflow.org/tutorials/load_data/tfrecord)."""

    extensions = (".tfrecord", ".tfrecords")
    is_text = False
    can_start_anywhere = False

    def check(self, config: ReadConfig) -> None:
        """Refuse what is for text."""
        record_fields.check_no_separator(config)
        if config.encoding != UTF8:
            raise ValueError("--encoding is for text; TFRecords hold UTF-8: leave it out")

    def cut(self, source: Source, *_: object) -> list[Split]:
        """Leave it whole: only reading tells where a record begins."""
        return [Split(source, 0, None)] if source.size else []

    def read(self, split: Split, stream: BinaryIO, config: ReadConfig) -> Iterator[ReadPart]:
        """Give the parts of a split."""
        for part in into_ranges(_examples(stream), split, config.part_bytes):
            found = [_record(record, config) for record in part.records]
            batch = record_fields.to_documents(found, part.positions, split.source.path, config)
            yield ReadPart(part.start, part.end, part.last, batch)

    def look(self, _: Split, stream: BinaryIO, config: ReadConfig) -> Seen:
        """Look at the examples that the file begins with."""
        head = [record for _, record in itertools.islice(_examples(stream), _SAMPLE)]
        read = [_features(record) for record in head if isinstance(record, bytes)]
        found = [features for features in read if features is not None]
        # In an example they have no order.
        names = sorted({name for features in found for name in features})
        types = record_fields.types_of([_wanted(features, config) for features in found], config)
        return Seen(tuple(names), types)


def _examples(stream: BinaryIO) -> Iterator[tuple[int, bytes | Record]]:
    """Give the records with their positions; what damage loses is one that is rejected."""
    position = 0
    try:
        for record in tfrecord_framing.read_records(stream):
            yield position, record
            position += len(record) + _FRAME_BYTES
    except (ValueError, DamagedError) as error:
        why = f"the file is damaged from here on: {error}"
        yield position, rejected(Reason.UNREADABLE, why)


def _record(record: bytes | Record, config: ReadConfig) -> Record:
    if isinstance(record, Record):
        return record
    if len(record) > config.max_document_bytes:
        return rejected(Reason.TOO_LARGE, f"over {config.max_document_bytes} bytes")
    features = _features(record)
    if features is None:
        return rejected(Reason.BAD_EXAMPLE, "the record is no tf.Example")
    return record_fields.from_mapping(_wanted(features, config), config)


def _features(record: bytes) -> Mapping[str, Any] | None:
    """Take an example apart; None of what is none.

    One by one, as each may be damaged in its own way.
    """
    from tensorflow.core.example import example_pb2

    try:
        features: Mapping[str, Any] = example_pb2.Example.FromString(record).features.feature
    except Exception:  # protobuf's DecodeError differs by implementation
        return None
    return features


def _wanted(features: Mapping[str, Any], config: ReadConfig) -> dict[str, Any]:
    """Take out the values of the features that are wanted."""
    wanted = {*config.fields.values(), *(field.name for field in config.kept)}
    return {name: _value(features[name]) for name in wanted if name in features}


def _value(feature: Any) -> Any:
    """Give the one value of a feature; a list of several, None of none."""
    kind = feature.WhichOneof("kind")
    values = list(getattr(feature, kind).value) if kind else []
    values = [_text(value) if isinstance(value, bytes) else value for value in values]
    return values[0] if len(values) == 1 else (values or None)


def _text(value: bytes) -> str | bytes:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


FORMAT = TfrecordFormat()
