"""Columns of kept fields: from values to Arrow, and to the bytes of a tf.Example."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from transforms.fields.kept_field import KeptField


def column(values: Sequence[Any], field: KeptField) -> pa.Array:
    """Build the column of a field from values that `keep` has returned."""
    return pa.array(values, field.arrow)


def as_bytes(values: pa.Array) -> pa.Array:
    """Convert a column of text, bytes, timestamps or dates to bytes; the last two in ISO 8601.

    >>> as_bytes(pa.array([0, None], pa.timestamp("us", tz="UTC"))).to_pylist()
    [b'1970-01-01T00:00:00.000000Z', None]
    """
    if pa.types.is_timestamp(values.type):
        values = pc.strftime(values, "%Y-%m-%dT%H:%M:%SZ")
    if pa.types.is_date(values.type):
        values = values.cast(pa.large_string())
    return values.cast(pa.large_binary())
