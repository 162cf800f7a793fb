"""Turn rows of a Parquet file into documents."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import documents, rejects
from transforms.fields import KeptField
from transforms.rejects import Reason
from transforms.sources.base import ReadConfig
from transforms.sources.kept_columns import keep_column
from transforms.sources.text import decode_utf8

# For each reason to reject documents: the rows, the reason, its detail.
_Checks = list[tuple[np.ndarray, Reason, str]]


def rows_to_documents(
    rows: pa.RecordBatch, too_large: np.ndarray, start: int, path: str, config: ReadConfig
) -> pa.RecordBatch:
    """Make documents of rows, one for every row, rejected or not.

    Args:
        rows: the columns to read; text and bytes with lengths of 64 bits, no dictionaries.
        too_large: bool [rows], the rows to reject for their size; their values may be null.
        start: number of the first row in its file.
        path: the file.
        config: names the columns to read.
    """
    positions = np.arange(start, start + rows.num_rows)
    limit = f"over {config.max_document_bytes} bytes"
    checks: _Checks = [(too_large, Reason.TOO_LARGE, limit)]
    places = documents.record_ids(path, positions.tolist())
    ids = _ids(rows, config, places, checks)
    text = _texts(rows, config.text_field, checks, second=False)
    text_b = None
    if config.text_b_field:
        text_b = _texts(rows, config.text_b_field, checks, second=True)
    kept = {}
    for field in config.kept:
        kept[field.name], wrong = keep_column(rows.column(field.name), field)
        checks.append((wrong, Reason.WRONG_TYPE, _not_of_type(field)))
    reasons, details = rejects.first_reasons(checks)
    valid = pa.array([reason is None for reason in reasons])
    blank = pa.scalar("", pa.large_string())
    return documents.documents_batch(
        ids=ids,
        positions=positions,
        text=pc.if_else(valid, text, blank),
        text_b=text_b and pc.if_else(valid, text_b, blank),
        reasons=reasons,
        details=details,
        fields=kept,
    )


def _not_of_type(field: KeptField) -> str:
    return f"field {field.name!r} is no {field.type}; `keep_fields` {field.name}:string keeps text"


def _ids(rows: pa.RecordBatch, config: ReadConfig, places: list[str], checks: _Checks) -> list[str]:
    if config.id_field is None:
        return places
    text, valid = decode_utf8(pc.fill_null(_raw(rows.column(config.id_field)), b""))
    ids = text.to_pylist()
    wrong = ~valid | np.array([not id_ for id_ in ids], bool)
    detail = f"field {config.id_field!r} is no id: give a string or an integer"
    checks.append((wrong, Reason.WRONG_TYPE, detail))
    return [id_ or place for id_, place in zip(ids, places, strict=True)]


def _texts(
    rows: pa.RecordBatch, name: str, checks: _Checks, *, second: bool
) -> pa.LargeStringArray:
    column = _raw(rows.column(name))
    null = pc.is_null(column).to_numpy(zero_copy_only=False)
    raw = pc.fill_null(column, b"")
    text, valid = decode_utf8(raw)
    blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(text)), 0)
    if not second:
        checks.append((null, Reason.WRONG_TYPE, f"field {name!r} holds a null"))
    checks.append((~valid, Reason.NOT_UTF8, f"field {name!r} is not UTF-8"))
    if not second:
        empty = blank.to_numpy(zero_copy_only=False)
        checks.append((empty, Reason.EMPTY, f"field {name!r} has no text"))
    return text


def _raw(column: pa.Array) -> pa.LargeBinaryArray:
    """Return a column of text, bytes or integers as bytes; integers in decimal."""
    if pa.types.is_integer(column.type):
        column = pc.cast(column, pa.large_string())
    return pc.cast(column, pa.large_binary())
