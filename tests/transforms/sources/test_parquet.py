import datetime
import decimal
import gzip
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.transforms.decoding import hostile_parquet
from tests.transforms.decoding.hostile_parquet import write
from transforms.documents import Source, Split
from transforms.sources import base, opening
from transforms.sources.base import ReadConfig

FORMAT = base.find("parquet")
ZIPPED = Source("a.parquet.gz", 99, "1", "parquet", compression="gzip")


def cut(data: bytes, config: ReadConfig) -> list[Split]:
    source = Source("a.parquet", len(data), "1", "parquet")
    return FORMAT.cut(source, lambda: io.BytesIO(data), config)


def read(data: bytes, config: ReadConfig) -> tuple[dict[str, list], list[tuple[int, int]]]:
    columns: dict[str, list] = {}
    ranges = []
    for split in cut(data, config):
        lasts = []
        for part in FORMAT.read(split, io.BytesIO(data), config):
            ranges.append((part.start, part.end))
            lasts.append(part.last)
            for name, values in part.documents.to_pydict().items():
                columns.setdefault(name, []).extend(values)
        assert lasts == [False] * (len(lasts) - 1) + [True]
    return columns, ranges


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=400), min_size=1),
    st.integers(1, 30),
    st.booleans(),
)
def test_every_row_is_read_once_in_order(texts: list[str], group: int, packed: bool) -> None:
    column = pa.array(texts)
    table = pa.table({"text": column.dictionary_encode() if packed else column})
    config = ReadConfig(part_bytes=1024)
    rows, ranges = read(write(table, group, compression="zstd"), config)
    assert [text.decode() for text in rows["text"]] == [t * bool(t.strip()) for t in texts]
    assert rows["id"] == [f"a.parquet:{number}" for number in range(len(texts))]
    check_ranges(ranges, len(texts))
    assert rows["reason"] == [None if text.strip() else "empty" for text in texts]


def test_parts_hold_about_as_many_bytes_as_they_should() -> None:
    texts = ["x" * 100] * 3000
    rows, ranges = read(write(pa.table({"text": texts})), ReadConfig(part_bytes=10_000))
    assert len(rows["text"]) == 3000
    assert {end - start for start, end in ranges} == {100}


def test_scalars_keep_their_types() -> None:
    moment = datetime.datetime(2026, 5, 4, 3, 2, 1, 7, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "text": pa.array(["a", "b"]),
            "id": pa.array([7, 8], pa.int32()),
            "small": pa.array([1, None], pa.int8()),
            "half": pa.array([0.5, 2.0], pa.float32()),
            "yes": pa.array([True, None]),
            "at": pa.array([moment, None], pa.timestamp("ns", tz="Asia/Tokyo")),
            "day": pa.array([moment.date(), None]),
            "raw": pa.array([b"\xff", None], pa.binary(1)),
            "name": pa.array(["é", None]).dictionary_encode(),
        }
    )
    data = write(table)
    names = ("small", "half", "yes", "at", "day", "raw", "name")
    plain = ReadConfig(id_field="id", keep_fields=names)
    (split,) = cut(data, plain)
    columns, types = FORMAT.sample_fields(split, io.BytesIO(data), plain)[:2]
    assert columns == ("text", "id", *names)
    assert types == ("int64", "exact_float32", "bool", "timestamp", "date", "bytes", "string")
    typed = tuple(f"{name}:{type_}" for name, type_ in zip(names, types, strict=True))
    rows, _ = read(data, ReadConfig(id_field="id", keep_fields=typed))
    assert rows["id"] == ["7", "8"]
    first = [rows[f"fields.{name}"][0] for name in names]
    assert first == [1, 0.5, True, moment, moment.date(), b"\xff", "é"]
    assert [rows[f"fields.{name}"][1] for name in names] == [None, 2.0, *[None] * 5]


def test_what_no_type_holds_is_kept_as_text() -> None:
    table = pa.table(
        {
            "text": ["a", "b"],
            "large": pa.array([2**63, 1], pa.uint64()),
            "price": pa.array([decimal.Decimal("1.50"), None]),
            "time": pa.array([datetime.time(1, 2, 3), None], pa.time32("s")),
            "span": pa.array([datetime.timedelta(seconds=2), None], pa.duration("ms")),
        }
    )
    data = write(table)
    names = ("large", "price", "time", "span")
    plain = ReadConfig(id_field="large", keep_fields=names)
    (split,) = cut(data, plain)
    assert FORMAT.sample_fields(split, io.BytesIO(data), plain).types == ("string",) * 4
    rows, _ = read(data, plain)
    assert rows["reason"] == [None, None]
    assert rows["id"] == [str(2**63), "1"]
    assert [rows[f"fields.{name}"][0] for name in names] == [
        str(2**63),
        "1.50",
        "01:02:03.000",
        "PT2S",
    ]
    assert [rows[f"fields.{name}"][1] for name in names] == ["1", None, None, None]


@pytest.mark.parametrize("type_", [pa.binary(), pa.large_binary(), pa.binary_view()])
@pytest.mark.parametrize("packed", [False, True])
def test_text_that_is_stored_as_bytes_is_read(type_: pa.DataType, packed: bool) -> None:
    column = pa.array(["é".encode(), b"\xff", None, b"the cat"], type_)
    packed = packed and type_ != pa.binary_view()
    column = column.dictionary_encode() if packed else column
    table = pa.table({"text": column, "id": column, "b": column})
    rows, _ = read(write(table), ReadConfig(text_b_field="b", part_bytes=1024))
    assert rows["text"] == ["é".encode(), b"", b"", b"the cat"]
    assert rows["text_b"] == rows["text"]
    assert rows["reason"] == [None, "not_utf8", "wrong_type", None]
    ids, _ = read(write(table), ReadConfig(id_field="id"))
    assert ids["id"] == ["é", "a.parquet:1", "a.parquet:2", "the cat"]


def test_a_value_that_does_not_fit_its_type_rejects_its_row_alone() -> None:
    table = pa.table({"text": ["a", "b", "c"], "n": ["1", "two", None]})
    rows, _ = read(write(table), ReadConfig(keep_fields=("n:int64",)))
    assert rows["reason"] == [None, "wrong_type", None]
    assert rows["fields.n"] == [1, None, None]
    large = pa.table({"text": ["a", "b"], "n": pa.array([1, 2**63], pa.uint64())})
    assert read(write(large), ReadConfig(keep_fields=("n:int64",)))[0]["reason"][1] == "wrong_type"


def test_bad_rows_are_rejected_and_the_next_ones_read() -> None:
    raw = pa.array([b"fine", b"\xff", b"fine", b"fine", b"fine"]).view(pa.string())
    table = pa.table({"text": raw, "id": ["a", "b", None, "", "e"], "b": ["x"] * 4 + [None]})
    rows, _ = read(write(table), ReadConfig(id_field="id", text_b_field="b"))
    assert rows["reason"] == [None, "not_utf8", "wrong_type", "wrong_type", None]
    assert rows["id"] == ["a", "b", "a.parquet:2", "a.parquet:3", "e"]
    assert rows["text_b"] == [b"x", b"", b"", b"", b""]
    null, _ = read(write(pa.table({"text": pa.array(["a", None])})), ReadConfig())
    assert null["reason"] == [None, "wrong_type"]
    large, _ = read(write(pa.table({"text": ["a", "b" * 50]})), ReadConfig(max_document_bytes=9))
    assert large["reason"] == [None, "too_large"]


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"text_field": "body"}, "`text_field`: a.parquet has no column 'body'; it has text, list"),
        ({"text_field": "list"}, "`text_field`: column 'list' of a.parquet is list<.*, not text"),
        ({"text_field": "number"}, "column 'number' of a.parquet is double, not text"),
        ({"id_field": "list"}, "`id_field`: column 'list' .* is list<.*, not text or integers"),
        ({"keep_fields": ("twice",)}, "`keep_fields`: column 'twice' .*, not a type of records"),
    ],
)
def test_columns_that_cannot_be_read_are_refused_by_name(settings_: dict, message: str) -> None:
    same = pa.StructArray.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    table = pa.table({"text": ["a"], "list": [["a"]], "number": [1.5], "twice": same})
    with pytest.raises(ValueError, match=message):
        cut(write(table), ReadConfig(**settings_))


def test_a_damaged_file_is_one_rejected_document() -> None:
    rows, ranges = read(b"no parquet", ReadConfig())
    assert (rows["reason"], ranges) == (["unreadable"], [(0, 1)])
    assert rows["detail"][0].startswith("the file cannot be read: ")


def test_a_sound_file_that_could_not_be_cut_is_read_whole() -> None:
    data = write(pa.table({"text": [str(number) for number in range(50)]}), 20)
    source = Source("a.parquet", len(data), "1", "parquet")
    config = ReadConfig(part_bytes=1024)
    parts = list(FORMAT.read(Split(source, 0, None), io.BytesIO(data), config))
    assert [text for part in parts for text in part.documents.column("text").to_pylist()] == [
        str(number).encode() for number in range(50)
    ]
    assert [part.last for part in parts] == [False] * (len(parts) - 1) + [True]
    check_ranges([(part.start, part.end) for part in parts], 50)


def test_a_footer_that_is_damaged_after_the_plan_costs_each_split_itself() -> None:
    source = Source("a.parquet", 10, "1", "parquet")
    for split in (Split(source, 0, 20), Split(source, 20, 50), Split(source, 0, None)):
        (part,) = FORMAT.read(split, io.BytesIO(b"no parquet"), ReadConfig())
        assert (part.start, part.end, part.last) == (split.start, split.end or 1, True)
        assert part.documents.column("position").to_pylist() == [split.start]


def test_damage_within_is_one_rejected_document_for_the_rest_of_its_row_group() -> None:
    texts = [str(number) for number in np.random.default_rng(3).integers(0, 10**9, 20_000)]
    table = pa.table({"text": texts})
    small = {"data_page_size": 4096, "compression": "zstd", "use_dictionary": False}
    data = bytearray(write(table, 10_000, **small))
    place = len(data) * 3 // 8
    data[place : place + 64] = b"\0" * 64
    rows, ranges = read(bytes(data), ReadConfig(part_bytes=4096))
    lost = rows["reason"].index("unreadable")
    assert 0 < lost < 10_000
    assert [text.decode() for text in rows["text"]] == [*texts[:lost], "", *texts[10_000:]]
    assert f"{10_000 - lost:,} rows from here on cannot be read" in rows["detail"][lost]
    check_ranges(ranges, 20_000)


def check_ranges(ranges: list[tuple[int, int]], end: int) -> None:
    """Check that ranges follow each other from 0 to an end."""
    assert [end for _, end in ranges[:-1]] == [start for start, _ in ranges[1:]]
    assert (ranges[0][0], ranges[-1][1]) == (0, end)


def test_a_file_that_ends_its_decoder_is_one_rejected_document() -> None:
    assert read(hostile_parquet.SOUND, ReadConfig())[0]["text"] == [b"a", b"b"]
    rows, ranges = read(hostile_parquet.ABORTING, ReadConfig())
    assert (rows["reason"], ranges) == (["unreadable"], [(0, 1)])


@pytest.mark.parametrize("claimed", [2_600, 3 * 10**8, 10**15])
@pytest.mark.parametrize("group", [0, 1])
def test_rows_that_a_footer_invents_are_one_rejected_document(claimed: int, group: int) -> None:
    texts = [str(number) for number in range(5_000)]
    data = hostile_parquet.claim(
        write(pa.table({"text": texts}), 2_500),
        lambda footer: footer.row_group(group).num_rows,
        claimed,
    )
    for config in (ReadConfig(part_bytes=1024), ReadConfig(part_bytes=1 << 20)):
        rows, ranges = read(data, config)
        end = 2_500 + 2_500 * group
        assert [text.decode() for text in rows["text"]] == [*texts[:end], "", *texts[end:]]
        assert rows["reason"][end] == "unreadable"
        assert f"claims {claimed:,} rows for a group that has 2,500" in rows["detail"][end]
        assert rows["id"][end] == f"a.parquet:{end}"
        check_ranges(ranges, 2_500 + claimed)


def test_rows_that_are_claimed_and_damaged_are_one_rejected_document() -> None:
    texts = [f"{number:020}" for number in range(5_000)]
    sound = write(pa.table({"text": texts}), 2_500, use_dictionary=False, compression="none")
    data = bytearray(
        hostile_parquet.claim(sound, lambda footer: footer.row_group(1).num_rows, 3 * 10**8)
    )
    place = data.index(texts[3_000].encode()) - 4
    data[place : place + 4] = b"\xff\xff\xff\x7f"
    rows, ranges = read(bytes(data), ReadConfig())
    assert len(rows["text"]) < 3_001
    assert rows["reason"] == [None] * (len(rows["text"]) - 1) + ["unreadable"]
    assert [text.decode() for text in rows["text"][:-1]] == texts[: len(rows["text"]) - 1]
    check_ranges(ranges, 2_500 + 3 * 10**8)


def test_compressed_parquet_is_one_rejected_document() -> None:
    data = write(pa.table({"text": ["a"]}))
    stream = opening.readable(io.BytesIO(gzip.compress(data)), ZIPPED, ReadConfig())
    assert FORMAT.cut(ZIPPED, lambda: io.BytesIO(gzip.compress(data)), ReadConfig()) == [
        Split(ZIPPED, 0, None)
    ]
    (part,) = FORMAT.read(Split(ZIPPED, 0, None), stream, ReadConfig())
    assert part.documents.column("detail").to_pylist() == [
        "the file cannot be read: it is gzip: uncompress it, Parquet compresses its columns"
    ]


def test_the_bytes_of_a_part_are_those_of_all_that_it_carries() -> None:
    table = pa.table(
        {
            "text": ["t" * 10] * 400,
            "id": [f"{number:010}" for number in range(400)],
            "second": ["s" * 20] * 400,
            "wide": pa.array(["w" * 60]).take(pa.array([0] * 400)).dictionary_encode(),
        }
    )
    config = ReadConfig(
        id_field="id", text_b_field="second", keep_fields=("wide:string",), part_bytes=10_000
    )
    rows, ranges = read(write(table), config)
    assert rows["fields.wide"] == ["w" * 60] * 400
    assert {end - start for start, end in ranges} == {100}


def test_a_row_that_carries_too_much_is_rejected_alone() -> None:
    wide = ["w" * 100, None, "w" * 101, "w"]
    table = pa.table({"text": ["t"] * 4, "id": ["a", "b", "c", "d"], "wide": wide})
    config = ReadConfig(id_field="id", keep_fields=("wide:string",), max_document_bytes=102)
    rows, _ = read(write(table), config)
    assert rows["reason"] == [None, None, "too_large", None]
    assert rows["id"] == ["a", "b", "c", "d"]
    assert rows["fields.wide"] == [*wide[:2], None, "w"]


def test_a_failing_disk_is_no_damage() -> None:
    class Failing(io.BytesIO):
        def read(self, *_: object) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        FORMAT.cut(Source("a", 9, "1", "parquet"), lambda: Failing(b"x" * 99), ReadConfig())


def test_a_beginning_is_read_alone() -> None:
    data = write(pa.table({"text": [str(n) for n in range(5000)]}), 1000)
    split = cut(data, ReadConfig(part_bytes=1024))[2]
    few = Split(split.source, split.start, split.start + 10, stored=9)
    (part,) = FORMAT.read(few, io.BytesIO(data), ReadConfig())
    assert part.documents.column("text").to_pylist() == [
        str(split.start + n).encode() for n in range(10)
    ]


def test_flags_for_text_are_refused() -> None:
    with pytest.raises(ValueError, match="`encoding` is for text"):
        FORMAT.check(ReadConfig(encoding="cp1252"))
