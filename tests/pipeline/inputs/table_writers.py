"""Write one table in every input format, with every library that people write it with."""

import csv
import datetime
import decimal
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pandas as pd
import polars as pl
import pyarrow as pa
import tensorflow as tf
from pyarrow import csv as arrow_csv
from pyarrow import parquet

# The columns of every table. `id` is text or an integer, as the table has it.
ARROW = {
    "text": pa.string(),
    "n": pa.int64(),
    "x": pa.float64(),
    "flag": pa.bool_(),
    "word": pa.string(),
    "day": pa.date32(),
    "at": pa.timestamp("us", tz="UTC"),
    "price": pa.decimal128(12, 2),
}
Row = Mapping[str, Any]
Write = Callable[[Sequence[Row], Path], None]


def to_arrow(rows: Sequence[Row]) -> pa.Table:
    """Make an Arrow table of rows."""
    of_text = isinstance(rows[0]["id"], str)
    types = {"id": pa.string() if of_text else pa.int64(), **ARROW}
    arrays = [pa.array([row[name] for row in rows], type_) for name, type_ in types.items()]
    return pa.Table.from_arrays(arrays, list(types))


def to_pandas(rows: Sequence[Row]) -> pd.DataFrame:
    """Make a frame as people do: integers and nulls together become floats."""
    return pd.DataFrame({name: [row[name] for row in rows] for name in rows[0]})


def to_polars(rows: Sequence[Row]) -> pl.DataFrame:
    return pl.from_arrow(to_arrow(rows))


def _copy(rows: Sequence[Row], path: Path, options: str) -> None:
    """Write a file with DuckDB."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("rows", to_arrow(rows))
        connection.execute(f"COPY rows TO '{path}' ({options})")


def to_cells(row: Row) -> dict[str, Any]:
    """Return the cells of a row as Python's own writers see them."""
    return {name: "" if value is None else _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value) if isinstance(value, decimal.Decimal) else value


def _with_csv(**settings: Any) -> Write:
    def write(rows: Sequence[Row], path: Path) -> None:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), **settings)
            writer.writeheader()
            writer.writerows(map(to_cells, rows))

    return write


def _with_json(dump: Callable[[Any], bytes]) -> Write:
    def write(rows: Sequence[Row], path: Path) -> None:
        lines = [dump({name: _plain(value) for name, value in row.items()}) for row in rows]
        path.write_bytes(b"".join(line + b"\n" for line in lines))

    return write


def _pandas_json(rows: Sequence[Row], path: Path) -> None:
    frame = to_pandas(rows)
    frame["price"] = [None if row["price"] is None else str(row["price"]) for row in rows]
    options = {"date_format": "iso", "date_unit": "us", "force_ascii": False}
    frame.to_json(path, orient="records", lines=True, **options)


def to_example(row: Row) -> bytes:
    """Serialize a row as tf.Example; nulls are features without a value."""
    example = tf.train.Example()
    for name, value in row.items():
        feature = example.features.feature[name]
        if value is None:
            continue
        plain = _plain(value)
        if isinstance(plain, str):
            feature.bytes_list.value.append(plain.encode())
        elif isinstance(plain, float):
            feature.float_list.value.append(plain)
        else:
            feature.int64_list.value.append(int(plain))
    return example.SerializeToString()


def _with_tensorflow(compression: str) -> Write:
    def write(rows: Sequence[Row], path: Path) -> None:
        with tf.io.TFRecordWriter(str(path), compression) as writer:
            for row in rows:
                writer.write(to_example(row))

    return write


def write_plain_tsv(rows: Sequence[Row], path: Path) -> None:
    """Write a TSV as most programs do: quotes are text, and no cell has a tab or a line end."""
    lines = ["\t".join(rows[0]), *("\t".join(map(str, to_cells(row).values())) for row in rows)]
    path.write_text("".join(f"{line}\n" for line in lines), "utf-8", newline="")


PARQUET: dict[str, Write] = {
    "pyarrow": lambda rows, path: parquet.write_table(to_arrow(rows), path),
    "pyarrow, small groups": lambda rows, path: parquet.write_table(
        to_arrow(rows), path, row_group_size=2, compression="zstd", version="1.0"
    ),
    "pandas": lambda rows, path: to_pandas(rows).to_parquet(path),
    "polars": lambda rows, path: to_polars(rows).write_parquet(path),
    "duckdb": lambda rows, path: _copy(rows, path, "FORMAT parquet"),
}
CSV: dict[str, Write] = {
    "csv": _with_csv(),
    "csv, \\n": _with_csv(lineterminator="\n"),
    "csv, all quoted": _with_csv(quoting=csv.QUOTE_ALL),
    "pandas": lambda rows, path: to_pandas(rows).to_csv(path, index=False),
    "polars": lambda rows, path: to_polars(rows).write_csv(path),
    "duckdb": lambda rows, path: _copy(rows, path, "FORMAT csv, HEADER"),
    "pyarrow": lambda rows, path: arrow_csv.write_csv(_castable(rows), path),
}
TSV: dict[str, Write] = {
    "csv": _with_csv(dialect="excel-tab"),
    "pandas": lambda rows, path: to_pandas(rows).to_csv(path, index=False, sep="\t"),
    "polars": lambda rows, path: to_polars(rows).write_csv(path, separator="\t"),
    "duckdb": lambda rows, path: _copy(rows, path, "FORMAT csv, HEADER, DELIMITER '\t'"),
}
JSONL: dict[str, Write] = {
    "json": _with_json(lambda row: json.dumps(row).encode()),
    "json, unescaped": _with_json(lambda row: json.dumps(row, ensure_ascii=False).encode()),
    "orjson": _with_json(orjson.dumps),
    "pandas": _pandas_json,
    "polars": lambda rows, path: to_polars(rows).write_ndjson(path),
    "duckdb": lambda rows, path: _copy(rows, path, "FORMAT json"),
}
TFRECORD: dict[str, Write] = {
    "tensorflow": _with_tensorflow(""),
    "tensorflow, gzip": _with_tensorflow("GZIP"),
    "tensorflow, zlib": _with_tensorflow("ZLIB"),
}


def _castable(rows: Sequence[Row]) -> pa.Table:
    """Return a table of the types that Arrow's CSV writer writes."""
    table = to_arrow(rows)
    return table.set_column(
        table.schema.get_field_index("price"), "price", table["price"].cast(pa.string())
    )
