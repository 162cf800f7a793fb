import base64
import contextlib
import datetime
import io
import os
import signal
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.transforms.decoding import hostile_parquet
from tests.transforms.decoding.hostile_parquet import write
from transforms.decoding import decoder_process
from transforms.decoding.decoder_process import DecoderProcess
from transforms.decoding.foreign_parquet import FatalDamageError, ForeignParquet, Rows
from transforms.decoding.plain_types import without_dictionaries
from transforms.io.watching import DamagedError, StorageError, watch

# Random texts, so that the file is larger than what is read of it in advance.
TEXTS = [text * 6 for text in np.random.default_rng(3).integers(0, 10**9, 5_000).astype(str)]
LARGE = write(pa.table({"text": TEXTS}), 2_500, use_dictionary=False, compression="none")


@contextlib.contextmanager
def opened(stream: io.BytesIO | bytes, most_row_bytes: int = 1 << 20) -> Iterator[ForeignParquet]:
    stream = io.BytesIO(stream) if isinstance(stream, bytes) else stream
    with contextlib.closing(ForeignParquet(watch(stream), most_row_bytes)) as file:
        file.open()
        yield file


def rows_of(file: ForeignParquet, group: int = 0, columns: tuple[str, ...] = ("text",)) -> Rows:
    return next(file.rows(group, 0, file.group_rows[group], columns, None))


def read_until_error(file: ForeignParquet) -> tuple[list[str], Exception | None]:
    """Read all groups; return the texts before the first error."""
    texts: list[str] = []
    try:
        for group, count in enumerate(file.group_rows):
            for rows in file.rows(group, 0, count, ["text"], None):
                texts += rows.columns.column("text").to_pylist()
    except (DamagedError, StorageError) as error:
        return texts, error
    return texts, None


def test_a_sound_file_is_read_in_order() -> None:
    with opened(LARGE) as file:
        assert file.group_rows == [2_500, 2_500]
        assert file.schema.names == ["text"]
        assert (file.sizes(["text"]) > 100_000).all()
        assert (file.sizes(["other"])[:, 1] == 0).all()
        assert read_until_error(file) == (TEXTS, None)


def test_a_range_of_rows_is_read() -> None:
    with opened(LARGE) as file:
        rows = [rows.columns for rows in file.rows(1, 1000, 2100, ["text"], None)]
    assert pa.Table.from_batches(rows)["text"].to_pylist() == TEXTS[3500:4600]


def test_a_file_that_ends_decoders_is_damaged_and_the_next_is_read() -> None:
    with pytest.raises(DamagedError), opened(hostile_parquet.ABORTING) as file:
        file.sizes(["text"])
    with opened(LARGE) as file:
        assert read_until_error(file) == (TEXTS, None)


def test_rows_that_the_footer_invents_are_an_error_after_those_that_exist() -> None:
    lying = hostile_parquet.claim(LARGE, lambda footer: footer.row_group(1).num_rows, 3 * 10**8)
    with opened(lying) as file:
        texts, error = read_until_error(file)
    assert texts == TEXTS
    assert "claims 300,000,000 rows for a group that has 2,500" in str(error)


@pytest.mark.parametrize("rows", [-1, 2**62, 2**63 - 1])
def test_numbers_of_rows_that_no_file_has_are_damage(rows: int) -> None:
    lying = hostile_parquet.claim(LARGE, lambda footer: footer.row_group(0).num_rows, rows)
    with pytest.raises(DamagedError, match="a number of rows that no file has"), opened(lying):
        pass


@pytest.mark.parametrize("size", [7 << 40, 2**63 - 1, -1])
def test_sizes_that_no_file_has_take_no_memory(size: int) -> None:
    lying = hostile_parquet.claim(
        LARGE, lambda footer: footer.row_group(1).column(0).total_compressed_size, size
    )
    with opened(lying) as file:
        file.sizes(["text"])
        texts, _ = read_until_error(file)
    assert texts[:2500] == TEXTS[:2500]
    assert texts == TEXTS[: len(texts)]


def test_a_page_that_needs_too_much_memory_is_fatal_damage() -> None:
    sound = write(pa.table({"text": ["a" * 9]}), compression="zstd", use_dictionary=False)
    assert sound[4:7] == b"\x15\x00\x15", "a page's header begins with its type and its size"
    two_gib = b"\xfe\xff\xff\xff\x0f"
    with opened(sound) as file:
        stored = int(file.sizes(["text"])[0, 0])
    lying = hostile_parquet.claim(
        sound[:7] + two_gib + sound[8:],
        lambda footer: footer.row_group(0).column(0).total_compressed_size,
        stored + len(two_gib) - 1,
    )
    with opened(lying, most_row_bytes=1) as file:
        texts, error = read_until_error(file)
    assert texts == []
    assert isinstance(error, FatalDamageError)
    assert "needs more memory than it may have: malloc of size" in str(error)


def test_damage_costs_few_rows_before_it() -> None:
    texts = [f"{number:0100}" for number in range(5_000)]
    data = bytearray(write(pa.table({"text": texts}), use_dictionary=False, compression="none"))
    place = data.index(texts[3_333].encode()) - 4
    data[place : place + 4] = b"\xff\xff\xff\x7f"
    with opened(bytes(data)) as file:
        read, error = read_until_error(file)
    assert read == texts[: 3_333 // 16 * 16]
    assert isinstance(error, DamagedError)


class Killing(io.BytesIO):
    """A file that kills its decoder by a signal when bytes of the second group are read."""

    def __init__(self, decoders: list[DecoderProcess], number: int, times: int) -> None:
        super().__init__(LARGE)
        self._decoders, self._number, self._times = decoders, number, times

    def read(self, length: int | None = -1) -> bytes:
        if len(LARGE) // 3 < self.tell() < len(LARGE) - (64 << 10) and self._times:
            self._times -= 1
            os.kill(self._decoders[-1].pid, self._number)
        return super().read(length)


@pytest.fixture
def decoders(monkeypatch: pytest.MonkeyPatch) -> list[DecoderProcess]:
    """Return the decoders that are taken from now on."""
    taken: list[DecoderProcess] = []
    take = decoder_process.take

    def recorded(*, fresh: bool) -> DecoderProcess:
        taken.append(take(fresh=fresh))
        return taken[-1]

    monkeypatch.setattr(decoder_process, "take", recorded)
    return taken


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_decoder_that_dies_once_costs_nothing(
    decoders: list[DecoderProcess], number: int
) -> None:
    with opened(Killing(decoders, number, times=1)) as file:
        assert read_until_error(file) == (TEXTS, None)


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGXCPU])
def test_decoders_that_crash_at_one_place_prove_damage(
    decoders: list[DecoderProcess], number: int
) -> None:
    with opened(Killing(decoders, number, times=2)) as file:
        texts, error = read_until_error(file)
    assert isinstance(error, FatalDamageError)
    assert signal.Signals(number).name in str(error)
    assert texts == TEXTS[:2500]


def test_decoders_that_others_kill_prove_nothing(decoders: list[DecoderProcess]) -> None:
    with opened(Killing(decoders, signal.SIGKILL, times=2)) as file:
        texts, error = read_until_error(file)
    assert isinstance(error, StorageError)
    assert texts == TEXTS[:2500]


def test_a_failing_storage_is_no_damage(decoders: list[DecoderProcess]) -> None:
    class Failing(io.BytesIO):
        def read(self, length: int | None = -1) -> bytes:
            if self.tell() < 1000:
                raise OSError(5, "Input/output error")
            return super().read(length)

    with opened(Failing(LARGE)) as file:
        texts, error = read_until_error(file)
    assert (texts, isinstance(error, StorageError)) == ([], True)
    with opened(LARGE) as file:
        assert read_until_error(file) == (TEXTS, None)
    assert len({decoder.pid for decoder in decoders}) == 1


def test_a_decoder_serves_the_next_file(decoders: list[DecoderProcess]) -> None:
    for _ in range(3):
        with opened(LARGE) as file:
            rows_of(file)
    assert len({decoder.pid for decoder in decoders}) == 1


def test_what_shares_one_value_is_measured_in_all_its_rows() -> None:
    column = pa.DictionaryArray.from_arrays([0, 1, None, 0], ["x" * 1000, "y"])
    with opened(write(pa.table({"text": column}))) as file:
        rows = rows_of(file)
        assert rows.sizes.tolist() == [1000, 1, 0, 1000]
        assert rows.columns.column(0).type == pa.large_string()
    with opened(write(pa.table({"text": column})), most_row_bytes=999) as file:
        rows = rows_of(file)
        assert rows.too_large.tolist() == [True, False, False, True]
        assert rows.columns.column(0).to_pylist() == [None, "y", None, None]


def test_a_row_counts_with_all_that_it_carries_and_keeps_its_id() -> None:
    table = pa.table({"id": ["a", "b"], "text": ["t", "t"], "n": [1, 2], "wide": ["", "w" * 90]})
    with opened(write(table), most_row_bytes=90) as file:
        (rows,) = file.rows(0, 0, 2, table.schema.names, "id")
    assert rows.sizes.tolist() == [10, 0]
    assert rows.too_large.tolist() == [False, True]
    columns = rows.columns.to_pydict()
    assert columns == {"id": ["a", "b"], "text": ["t", None], "n": [1, None], "wide": ["", None]}


def test_rows_come_in_batches_of_bounded_size() -> None:
    column = pa.DictionaryArray.from_arrays([0] * 40, ["x" * (1 << 20)])
    with opened(write(pa.table({"text": column})), most_row_bytes=2 << 20) as file:
        counts = [len(rows.sizes) for rows in file.rows(0, 0, 40, ["text"], None)]
    assert counts == [4] * 10


@pytest.mark.parametrize(
    ("type_", "small", "large"),
    [
        (pa.list_(pa.string()), ["a"], ["b" * 50] * 20),
        (pa.struct([("a", pa.list_(pa.string()))]), {"a": []}, {"a": ["b" * 1000]}),
        (pa.map_(pa.string(), pa.int64()), [("a", 1)], [("b" * 1000, 1)]),
        (pa.list_(pa.dictionary(pa.int8(), pa.string())), ["a"], ["b" * 1000]),
    ],
    ids=str,
)
def test_the_size_of_a_row_counts_the_values_within(
    type_: pa.DataType, small: object, large: object
) -> None:
    column = pa.array([small, None, large, small], type_)
    sink = io.BytesIO()
    parquet.write_table(pa.table({"k": column}), sink)
    file = ForeignParquet(io.BytesIO(sink.getvalue()), 500)
    file.open()
    with contextlib.closing(file):
        (rows,) = file.rows(0, 0, 4, ["k"], None)
        assert int(file.sizes(["k"])[0, 1]) > 0
    assert rows.too_large.tolist() == [False, False, True, False]
    assert rows.columns.column("k").to_pylist()[0] == small
    assert rows.columns.column("k").null_count == 2
    assert rows.sizes[0] < 100


PAIR = pa.list_(pa.float32(), 2)
PAIRS: list[tuple[pa.DataType, list[Any]]] = [
    (PAIR, [[1.0, None], None, [2.0, 3.0]]),
    (PAIR, [None, None]),
    (pa.list_(PAIR), [[[1.0, 2.0], None], None, []]),
    (pa.list_(PAIR, 1), [None, [None], [[1.0, 2.0]]]),
    (pa.struct([("a", PAIR), ("b", pa.int8())]), [{"a": None, "b": 1}, None]),
    (pa.map_(pa.string(), PAIR), [[("a", None), ("b", [1.0, 2.0])], None]),
    (pa.list_(pa.dictionary(pa.int8(), pa.string()), 2), [["x", "y"], None]),
    (pa.list_(pa.duration("s"), 1), [None, [datetime.timedelta(seconds=3)]]),
    (pa.list_(pa.timestamp("us", "Europe/Berlin"), 1), [None, [datetime.datetime(1, 1, 2, 3)]]),
]


@pytest.mark.parametrize(("type_", "values"), PAIRS, ids=str)
def test_lists_of_a_fixed_size_may_have_nulls(type_: pa.DataType, values: list[Any]) -> None:
    """Arrow writes these, and does not read them by itself."""
    table = pa.table({"text": ["a"] * len(values), "pair": pa.array(values, type_)})
    wanted = table["pair"].to_pylist()
    with opened(write(table, 1_000)) as file:
        rows = rows_of(file, columns=("pair", "text"))
    assert rows.columns.column("pair").to_pylist() == wanted
    assert rows.columns.schema.types == [without_dictionaries(type_), pa.large_string()]
    assert not rows.too_large.any()


def test_a_null_far_behind_changes_no_row_before_it() -> None:
    values = [[number, number + 1] for number in range(3_000)]
    values[2_500] = None  # type: ignore[call-overload]
    table = pa.table({"pair": pa.array(values, pa.list_(pa.int64(), 2))})
    with opened(write(table, 2_000)) as file:
        for group, (first, last) in enumerate([(700, 1_900), (100, 1_000)]):
            start = 2_000 * group
            rows = [rows.columns for rows in file.rows(group, first, last, ["pair"], None)]
            read = pa.Table.from_batches(rows)["pair"].to_pylist()
            assert read == values[start + first : start + last]


def test_a_list_of_another_size_than_its_type_is_damage() -> None:
    table = pa.table({"pair": pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int64(), 2))})
    stored, lying = (
        base64.b64encode(pa.schema([("pair", pa.list_(pa.int64(), size))]).serialize())
        for size in (2, 3)
    )
    data = write(table, 1_000).replace(stored, lying)
    with opened(data) as file:
        assert file.schema.field("pair").type == pa.list_(pa.int64(), 3)
        with pytest.raises(DamagedError, match="expected size"):
            rows_of(file, columns=("pair",))
