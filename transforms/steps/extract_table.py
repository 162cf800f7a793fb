"""ExtractTable: from a BigQuery table to JSON Lines files, which a job then reads."""

import dataclasses
import datetime
import decimal
import json
from collections.abc import Mapping
from typing import Any

import apache_beam as beam
from apache_beam.io.gcp.bigquery import ReadFromBigQuery
from apache_beam.utils.timestamp import Timestamp


def row_to_json(row: Mapping[str, Any]) -> str:
    """Serialize a row as JSON: timestamps and dates in ISO 8601, decimals and the like as text.

    NaN stays, and so do bytes that are not UTF-8, as lone surrogates: a reader of JSON rejects both
    by name where they are asked for.

    >>> import datetime, decimal
    >>> row_to_json({"day": datetime.date(2026, 1, 2), "price": decimal.Decimal("1.10")})
    '{"day":"2026-01-02","price":"1.10"}'
    """
    return json.dumps(row, default=_as_text, separators=(",", ":"))


def _as_text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="surrogateescape")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, Timestamp):
        rfc3339: str = value.to_rfc3339()
        return rfc3339
    return format(value, "f") if isinstance(value, decimal.Decimal) else str(value)


@dataclasses.dataclass
class ExtractTable(beam.PTransform):
    """Write some columns of a table to files, one line for each row; return the files' paths.

    The order of rows is undefined. Beam's reader uses the Storage API
    (https://cloud.google.com/bigquery/docs/reference/storage).

    Attributes:
        table: as `PROJECT:DATASET.TABLE`.
        columns: the columns to read.
        prefix: the start of the files' paths.
    """

    table: str
    columns: tuple[str, ...]
    prefix: str

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[str]:
        rows = begin | "ReadTable" >> ReadFromBigQuery(
            method=ReadFromBigQuery.Method.DIRECT_READ,
            table=self.table,
            selected_fields=list(self.columns),
        )
        paths: beam.PCollection[str] = (
            rows
            | "ToJson" >> beam.Map(row_to_json)
            | "WriteLines" >> beam.io.WriteToText(self.prefix, file_name_suffix=".jsonl")
        )
        return paths
