"""What COPY takes is what PostgreSQL shows."""

from datetime import UTC, date, datetime

import psycopg
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stores import copy_rows

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)))
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))
COLUMNS = {
    "a": (pa.string(), TEXT),
    "b": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "c": (pa.float64(), st.floats(allow_nan=False)),
    "d": (pa.float32(), st.floats(width=32, allow_nan=False)),
    "e": (pa.bool_(), st.booleans()),
    "f": (pa.binary(), st.binary()),
    "g": (pa.timestamp("us", tz="UTC"), MOMENTS),
    "h": (pa.date32(), st.dates(date(1, 1, 1))),
}
ROWS = st.lists(st.tuples(*(st.none() | values for _, values in COLUMNS.values())), max_size=5)


def test_rows_come_out_as_they_went_in(postgres: str) -> None:
    types = {name: type_ for name, (type_, _) in COLUMNS.items()}
    declared = ", ".join(f"{name} {copy_rows.postgres_type(t)}" for name, t in types.items())
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("SET timezone TO 'UTC'")
        connection.execute(f"CREATE TEMPORARY TABLE t ({declared}, n serial)")

        @settings(max_examples=30)
        @given(ROWS)
        def check(rows: list[tuple[object, ...]]) -> None:
            columns = [[row[n] for row in rows] for n in range(len(types))]
            arrays = [pa.array(c, t) for c, t in zip(columns, types.values(), strict=True)]
            batch = pa.RecordBatch.from_arrays(arrays, list(types))
            with connection.cursor() as cursor:
                with cursor.copy(f"COPY t ({', '.join(types)}) FROM STDIN (FORMAT BINARY)") as copy:
                    copy.write(copy_rows.encode_rows(batch.slice(0)))
                found = cursor.execute(
                    "SELECT a, b, c, d::float8, e, f, g, h FROM t ORDER BY n"
                ).fetchall()
                cursor.execute("TRUNCATE t")
            assert found == rows

        check()


def test_vectors_and_slices(postgres: str) -> None:
    values = pa.array([float(n) / 4 for n in range(9)], pa.float32())
    batch = pa.record_batch(
        {
            "v": pa.FixedSizeListArray.from_arrays(values, 3),
            "w": pa.FixedSizeListArray.from_arrays(values.cast(pa.float16()), 3),
        }
    ).slice(1)
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute("CREATE TEMPORARY TABLE t (v vector(3), w halfvec(3))")
        with connection.cursor() as cursor:
            with cursor.copy("COPY t FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(copy_rows.encode_rows(batch))
            found = cursor.execute("SELECT v::text, w::text FROM t").fetchall()
    assert found == [("[0.75,1,1.25]",) * 2, ("[1.5,1.75,2]",) * 2]


def test_lists_are_jsonb(postgres: str) -> None:
    lists = {
        "a": pa.array([["x", 'é"\\'], [], None], pa.list_(pa.string())),
        "b": pa.array([[1, -(2**62)], [3], []], pa.list_(pa.int64())),
        "c": pa.array([[b"\xff"], [], []], pa.list_(pa.binary())),
        "d": pa.array([[date(2024, 1, 2)], [], []], pa.list_(pa.date32())),
    }
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE TEMPORARY TABLE t (a jsonb, b jsonb, c jsonb, d jsonb)")
        with connection.cursor() as cursor:
            with cursor.copy("COPY t FROM STDIN (FORMAT BINARY)") as copy:
                copy.write(copy_rows.encode_rows(pa.record_batch(lists)))
            found = cursor.execute("SELECT * FROM t").fetchall()
    assert found == [
        (["x", 'é"\\'], [1, -(2**62)], ["/w=="], ["2024-01-02"]),
        ([], [3], [], []),
        (None, [], [], []),
    ]
