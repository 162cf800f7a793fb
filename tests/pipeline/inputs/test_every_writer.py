"""What every writer writes is read as it was, or a message says why not."""

import datetime
import decimal
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.inputs import field_types, plan
from pipeline.options.embed_config import InputConfig
from tests.pipeline.inputs import table_writers
from tests.pipeline.inputs.table_writers import Row, Write
from transforms.groups.read_split import read_unchanged
from transforms.sources.base import ReadConfig

TYPES = {
    "n": "int64",
    "x": "float64",
    "flag": "bool",
    "word": "string",
    "day": "date",
    "at": "timestamp",
    "price": "string",
}
# Quotes, separators, escapes, line ends of all sorts, what spreadsheets and terminals obey, and
# letters of several scripts, one of them beyond 16 bits.
ALPHABET = "ab 'é\u0301猫ש\u0645😀\",;\t|\\\n\r\u2028\u0085\x0b\x0c\x1c\x7f\ufeff\u200e=#{[0"
PLAIN = "ab 'é猫ש😀\",;|\\\x7f=#{[0"
# Before Python 3.13, its `csv` leaves a carriage return unquoted where lines end with \\n.
CARRIAGE_RETURN = "a carriage return outside quotes"
PANDAS_CSV = rf"{CARRIAGE_RETURN}|field 'n' holds '-?\d+\.0', no int64"
EXAMPLES = settings(deadline=None, max_examples=20)


@st.composite
def tables(draw: st.DrawFn, characters: str = ALPHABET) -> list[Row]:
    """Draw a table whose ids differ, and are all text or all integers.

    Integers, floats and times are such that pandas holds them, which turns integers into floats.
    """
    words = st.text(PLAIN, min_size=1, max_size=6)
    numbers = st.integers(-(2**53) + 1, 2**53 - 1)
    ids = draw(
        st.lists(numbers, min_size=1, max_size=5, unique=True)
        | st.lists(words.filter(str.strip), min_size=1, max_size=5, unique=True)
    )
    first = datetime.datetime(1700, 1, 1)
    values = {
        "text": st.text(characters, max_size=12) | st.none(),
        "n": numbers | st.none(),
        "x": st.integers(-(2**20), 2**20).map(lambda eighths: eighths / 8) | st.none(),
        "flag": st.booleans() | st.none(),
        "word": words | st.none(),
        "day": st.dates(first.date(), datetime.date(2200, 1, 1)) | st.none(),
        "at": st.datetimes(first, first.replace(2200)).map(_utc) | st.none(),
        "price": st.integers(-(10**9), 10**9).map(_price) | st.none(),
    }
    drawn = [draw(st.fixed_dictionaries(values)) for _ in ids]
    # Hypothesis may draw the keys of a dictionary in any order.
    rows = [{name: row[name] for name in values} for row in drawn]
    return [{"id": id_, **row} for id_, row in zip(ids, rows, strict=True)]


def _utc(moment: datetime.datetime) -> datetime.datetime:
    return moment.replace(tzinfo=datetime.UTC)


def _price(cents: int) -> decimal.Decimal:
    return decimal.Decimal(cents).scaleb(-2)


def documents_of(folder: Path, typed: bool, **settings_: object) -> list[dict[str, Any]]:
    """Read the documents of a folder as a job does, without Beam."""
    kept = tuple(f"{name}:{type_}" if typed else name for name, type_ in TYPES.items())
    read = ReadConfig(id_field="id", keep_fields=kept, **settings_)
    config = InputConfig((str(folder),), "auto", read)
    splits = plan.make_plan(config)
    config = field_types.with_types(config, splits)
    parts = (part for split in splits for part in read_unchanged(split, config.read, "run"))
    return [row for part in parts for row in part.to_pylist()]


def check(rows: Sequence[Row], documents: Sequence[dict[str, Any]], excuses: str) -> None:
    """Check the documents of rows.

    Args:
        rows: what was written.
        documents: what was read.
        excuses: a pattern of details of rejections that the writer, and not the reader, causes.
    """
    assert len(documents) == len(rows)
    for row, document in zip(rows, documents, strict=True):
        if document["reason"] is None:
            assert document["text"].decode() == row["text"]
            assert document["id"] == str(row["id"])
            for name in TYPES:
                assert is_same(document[f"fields.{name}"], row[name]), (name, row, document)
        elif not (is_blank(row["text"]) and document["reason"] in ("empty", "wrong_type")):
            why = document["detail"]
            assert excuses, why
            assert re.search(excuses, why), why


def is_blank(text: str | None) -> bool:
    return text is None or not text.strip()


def is_same(kept: Any, value: Any) -> bool:
    """Return whether a kept value is that of the table, in its own type or written as text."""
    if value is None or kept is None or kept == "":
        return value is None and not kept
    if isinstance(value, bool):
        return kept == value or str(kept).lower() == str(value).lower()
    if isinstance(value, int | float | decimal.Decimal):
        return decimal.Decimal(str(kept)) == decimal.Decimal(str(value))
    if isinstance(value, str):
        return str(kept) == value
    if not isinstance(kept, str):
        return kept == value
    if isinstance(value, datetime.datetime):
        moment = datetime.datetime.fromisoformat(kept)
        return (moment if moment.tzinfo else _utc(moment)) == value
    return datetime.datetime.fromisoformat(kept).date() == value


def round_trip(
    rows: Sequence[Row], name: str, write: Write, typed: bool, excuses: str, **settings_: object
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(rows, Path(folder) / name)
        try:
            documents = documents_of(Path(folder), typed, **settings_)
        except UsageError as error:
            if not (excuses and re.search(excuses, str(error))):
                raise
            return
    check(rows, documents, excuses)


def params(writers: dict[str, Write], excuses: dict[str, str]) -> pytest.MarkDecorator:
    values = [
        pytest.param(write, excuses.get(name, ""), id=name) for name, write in writers.items()
    ]
    return pytest.mark.parametrize(("write", "excuses"), values)


@params(table_writers.PARQUET, {})
@EXAMPLES
@given(rows=tables(), typed=st.booleans())
def test_parquet(write: Write, excuses: str, rows: list[Row], typed: bool) -> None:
    round_trip(rows, "a.parquet", write, typed, excuses)


@params(table_writers.CSV, {"csv, \\n": CARRIAGE_RETURN, "pandas": PANDAS_CSV})
@EXAMPLES
@given(rows=tables(), typed=st.booleans())
def test_csv(write: Write, excuses: str, rows: list[Row], typed: bool) -> None:
    round_trip(rows, "a.csv", write, typed, excuses)


@params(table_writers.TSV, {"pandas": PANDAS_CSV})
@EXAMPLES
@given(rows=tables(), typed=st.booleans())
def test_tsv(write: Write, excuses: str, rows: list[Row], typed: bool) -> None:
    round_trip(rows, "a.tsv", write, typed, excuses, csv_quoting="minimal")


@EXAMPLES
@given(rows=tables(PLAIN), typed=st.booleans())
def test_plain_tsv(rows: list[Row], typed: bool) -> None:
    round_trip(rows, "a.tsv", table_writers.write_plain_tsv, typed, "")


@params(table_writers.JSONL, {})
@EXAMPLES
@given(rows=tables(), typed=st.booleans())
def test_jsonl(write: Write, excuses: str, rows: list[Row], typed: bool) -> None:
    round_trip(rows, "a.jsonl", write, typed, excuses)


@params(table_writers.TFRECORD, dict.fromkeys(table_writers.TFRECORD, "field 'flag' is no bool"))
@EXAMPLES
@given(rows=tables(), typed=st.booleans())
def test_tfrecord(write: Write, excuses: str, rows: list[Row], typed: bool) -> None:
    round_trip(rows, "a.tfrecord", write, typed, excuses)


@pytest.mark.slow
@EXAMPLES
@given(shards=st.lists(tables(), min_size=2, max_size=5), typed=st.booleans())
def test_shards_of_several_writers(shards: list[list[Row]], typed: bool) -> None:
    def write(_: Sequence[Row], folder: Path) -> None:
        folder.mkdir()
        for number, rows in enumerate(shards):
            write_shard = list(table_writers.PARQUET.values())[-1 - number]
            write_shard(rows, folder / f"{number}.parquet")

    round_trip([row for rows in shards for row in rows], "table", write, typed, "")
