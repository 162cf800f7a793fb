"""Turn rows of a Parquet file into documents."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import documents, fields, rejects
from transforms.fields.utf8_columns import decode_utf8
from transforms.rejects import Reason
from transforms.sources import ids, path_keys
from transforms.sources.base import ReadConfig
from transforms.sources.kept_columns import keep_column
from transforms.sources.parquet_schema import is_text
from transforms.sources.template_columns import has_texts, texts_of_column
from transforms.templates.blank_texts import are_blank
from transforms.templates.composing import compose, no_text
from transforms.templates.text_template import EMPTY

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
    document_ids = _ids(rows, config, documents.record_ids(path, positions.tolist()), checks)
    texts = _first_texts(rows, config, checks)
    text_b = None
    if config.text_b_field:
        text_b = _texts(rows, config.text_b_field, checks, second=True)
    kept = _kept(rows, path, config, checks)
    reasons, details = rejects.first_reasons(checks)
    valid = np.array([reason is None for reason in reasons], bool)
    blank = pa.scalar("", pa.large_string())
    text, places = pc.if_else(valid, texts[0], blank), None
    if config.template is not None:
        composed = compose(config.template, texts, valid)
        text, places = composed.text, composed.places.to_column()
    return documents.documents_batch(
        ids=document_ids,
        positions=positions,
        text=text,
        text_b=text_b and pc.if_else(valid, text_b, blank),
        reasons=reasons,
        details=details,
        fields=kept,
        places=places,
    )


def _kept(
    rows: pa.RecordBatch, path: str, config: ReadConfig, checks: _Checks
) -> dict[str, pa.Array]:
    missing = [field for field in config.kept if field.name not in rows.schema.names]
    columns, problem = path_keys.columns(path, missing, rows.num_rows)
    if problem:
        checks.append((np.ones(rows.num_rows, bool), Reason.WRONG_TYPE, str(problem)))
    for field in config.kept:
        if field.name in columns:
            continue
        column = rows.column(field.name)
        if column.null_count == rows.num_rows:
            columns[field.name] = fields.column([None] * rows.num_rows, field)
            continue
        columns[field.name], problems = keep_column(column, field)
        checks += [(wrong, Reason.WRONG_TYPE, why) for wrong, why in problems]
    return {field.name: columns[field.name] for field in config.kept}


def _ids(rows: pa.RecordBatch, config: ReadConfig, places: list[str], checks: _Checks) -> list[str]:
    if config.id_field is None:
        return places
    own = ids.to_ids(rows.column(config.id_field))
    wrong = np.array([id_ is None for id_ in own], bool)
    checks.append((wrong, Reason.WRONG_TYPE, ids.no_id(config.id_field)))
    return [id_ or place for id_, place in zip(own, places, strict=True)]


def _first_texts(
    rows: pa.RecordBatch, config: ReadConfig, checks: _Checks
) -> list[pa.LargeStringArray]:
    """Return the text of each field of the first text."""
    if config.template is None:
        return [_texts(rows, config.text_field, checks, second=False)]
    texts = [_part_of_text(rows, name, config, checks) for name in config.text_fields]
    blanks = np.logical_and.reduce([are_blank(text) for text in texts])
    checks.append((blanks, Reason.EMPTY, no_text(config.text_fields)))
    return texts


def _part_of_text(
    rows: pa.RecordBatch, name: str, config: ReadConfig, checks: _Checks
) -> pa.LargeStringArray:
    """Return the text of a field of a template."""
    if name not in rows.schema.names:
        return pa.array([""] * rows.num_rows, pa.large_string())
    column = rows.column(name)
    if not has_texts(column.type):
        # The statistics of the file claimed that there is no value.
        wrong = column.is_valid().to_numpy(zero_copy_only=False)
        checks.append((wrong, Reason.WRONG_TYPE, f"field {name!r} holds a {column.type}"))
        column = pa.nulls(len(column))
    found = texts_of_column(column)
    if config.template_missing != EMPTY:
        checks.append((found.missing, Reason.WRONG_TYPE, f"field {name!r} holds a null"))
    checks.append((found.not_utf8, Reason.NOT_UTF8, f"field {name!r} is not UTF-8"))
    checks.append((found.not_text, Reason.WRONG_TYPE, f"field {name!r} holds NaN or an infinity"))
    return found.texts


def _texts(
    rows: pa.RecordBatch, name: str, checks: _Checks, *, second: bool
) -> pa.LargeStringArray:
    column = rows.column(name)
    null = pc.is_null(column).to_numpy(zero_copy_only=False)
    if not is_text(column.type):
        # The statistics of the file claimed that there is no value.
        checks.append((~null, Reason.WRONG_TYPE, f"field {name!r} holds a {column.type}"))
        column = pa.nulls(len(column), pa.large_binary())
    raw = pc.fill_null(pc.cast(column, pa.large_binary()), b"")
    text, valid = decode_utf8(raw)
    if not second:
        checks.append((null, Reason.WRONG_TYPE, f"field {name!r} holds a null"))
    checks.append((~valid, Reason.NOT_UTF8, f"field {name!r} is not UTF-8"))
    if not second:
        blank = pc.equal(pc.binary_length(pc.utf8_trim_whitespace(text)), 0)
        empty = blank.to_numpy(zero_copy_only=False)
        checks.append((empty, Reason.EMPTY, no_text([name])))
    return text
