import dataclasses
import io
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.transforms.embedded_documents import CONFIG, HIDDEN, WIDTHS, batch_of
from transforms import columns
from transforms.records import example_reader, examples, parquet_records, record_files
from transforms.records.parquet_reader import ParquetReader
from transforms.records.record_config import RecordConfig

PARQUET = dataclasses.replace(CONFIG, format="parquet", about='{"model": "m"}')
DTYPES = ("float32", "float16", "bfloat16", "int8")


def encoded(batch: pa.RecordBatch, family: str, config: RecordConfig = PARQUET) -> bytes:
    return b"".join(block for block, _ in record_files.encode(batch, family, config))


def decoded(content: bytes, family: str, config: RecordConfig = PARQUET) -> list[dict]:
    reader = record_files.reader(family, config, WIDTHS)
    return [row for batch in reader.read(io.BytesIO(content)) for row in batch.to_pylist()]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_parquet_is_read_back_as_tfrecords_are(family: str, dtype: str) -> None:
    batch = batch_of(9).slice(2, 5)
    ours = dataclasses.replace(PARQUET, dtype=dtype)
    theirs = dataclasses.replace(CONFIG, dtype=dtype)
    (block,) = examples.serialize(batch, family, theirs)
    schema = examples.schema(family, theirs, WIDTHS)
    expected = example_reader.parse(block.to_pylist(), schema).to_pylist()
    content = encoded(batch, family, ours)
    rows = decoded(content, family, ours)
    # tf.Example tells an absent value by null, a list of Arrow by its length.
    assert [{k: v or [] for k, v in row.items()} for row in expected] == rows
    assert [n for _, n in record_files.encode(batch, family, ours)] == [5, 0]


def test_other_readers_see_lists_of_a_fixed_size_and_what_the_job_was() -> None:
    file = parquet.ParquetFile(io.BytesIO(encoded(batch_of(4), "pooled")))
    schema = file.schema_arrow
    assert schema.field("mean").type == pa.list_(pa.float32(), HIDDEN)
    assert schema.metadata[b"beam_bert"] == b'{"model": "m"}'
    assert schema.names == [
        *("id", "num_tokens", "num_wordpieces", "num_unknown", "truncated"),
        *("pooled_output", "mean", "k"),
    ]
    table = file.read().to_pydict()
    assert table["id"] == ["dök-0", "dök-1", "dök-2", "dök-3"]
    assert table["truncated"] == [True, False, True, False]
    assert table["mean"][1] == [-3.0, -4.0, -5.0]
    assert table["k"] == [None, "v1", "v2", None]
    tokens = parquet.read_table(io.BytesIO(encoded(batch_of(4), "sequence"))).to_pydict()
    assert tokens["tokens"][1] == ["##ö1", "##ö2"]
    assert tokens["offsets"][1] == [[2, 3], [4, 5]]
    assert np.shape(tokens["sequence_output"][3]) == (4, HIDDEN)


def test_int8_has_the_scale_beside_and_bfloat16_its_bits() -> None:
    config = dataclasses.replace(PARQUET, dtype="int8")
    table = parquet.read_table(io.BytesIO(encoded(batch_of(4), "pooled", config)))
    values = np.array(table["mean"].to_pylist()) * np.array(table["mean_scale"])[:, np.newaxis]
    np.testing.assert_allclose(values, -np.arange(12.0).reshape(4, 3), atol=11 / 254)
    config = dataclasses.replace(PARQUET, dtype="bfloat16")
    table = parquet.read_table(io.BytesIO(encoded(batch_of(4), "pooled", config)))
    bits = np.array(table["mean"].to_pylist(), np.uint32) << 16
    np.testing.assert_array_equal(bits.view(np.float32), -np.arange(12.0).reshape(4, 3))
    assert table.schema.field("mean").metadata[b"dtype"] == b"bfloat16"


@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_slices_become_row_groups_and_equal_parts_equal_bytes(
    family: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = encoded(batch_of(50), family)
    assert whole == encoded(batch_of(50), family)
    monkeypatch.setattr(columns, "_SLICE_BYTES", 2000)
    pieces = encoded(batch_of(50), family)
    assert parquet.ParquetFile(io.BytesIO(pieces)).num_row_groups > 3
    assert decoded(pieces, family) == decoded(whole, family)


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_compressed_files_hold_the_same(compression: str) -> None:
    config = dataclasses.replace(PARQUET, compression=compression)
    content = encoded(batch_of(500), "sequence", config)
    assert len(content) < len(encoded(batch_of(500), "sequence")) * 0.9
    assert decoded(content, "sequence", config) == decoded(
        encoded(batch_of(500), "sequence"), "sequence"
    )


def test_gzipped_tfrecords_hold_the_same_and_are_the_same_bytes() -> None:
    config = dataclasses.replace(CONFIG, compression="gzip")
    content = encoded(batch_of(300), "sequence", config)
    plain = encoded(batch_of(300), "sequence", CONFIG)
    assert len(content) < len(plain) * 0.9
    assert content == encoded(batch_of(300), "sequence", config)
    assert decoded(content, "sequence", config) == decoded(plain, "sequence", CONFIG)
    for cut in (5, 100, len(content) - 1):
        with pytest.raises(ValueError, match=r"."):
            decoded(content[:cut], "sequence", config)
    damaged = content[:200] + bytes([content[200] ^ 255]) + content[201:]
    with pytest.raises(ValueError, match=r"."):
        decoded(damaged, "sequence", config)


def test_a_long_plain_record_is_not_taken_for_gzip() -> None:
    """Its length begins with the two bytes that gzip begins with."""
    config = RecordConfig(("mean",), keep_fields=("k",))
    batch = batch_of(2).slice(1)
    size = len(encoded(batch, "pooled", config)) - 16
    for more in range(35615 - size - 12, 35615 - size + 12):
        kept = pa.array(["x" * more])
        longer = batch.set_column(batch.schema.get_field_index("fields.k"), "fields.k", kept)
        content = encoded(longer, "pooled", config)
        if content[:2] == b"\x1f\x8b":
            break
    assert content[:2] == b"\x1f\x8b"
    (row,) = decoded(content, "pooled", config)
    assert row["k"] == [b"x" * more]


def test_damaged_and_strange_parquet_is_told() -> None:
    content = encoded(batch_of(4), "pooled")
    others = {
        "damaged Parquet": [content[:-9], content[:100], b"", b"PAR1" * 4],
        "its columns are not those": [encoded(batch_of(4), "sequence")],
    }
    for why, several in others.items():
        for one in several:
            with pytest.raises(ValueError, match=why):
                decoded(one, "pooled")


def fields(family: str) -> list[pa.Field]:
    return list(parquet_records.schema(family, PARQUET, WIDTHS))


def renamed(columns: list[pa.Field], name: str, **changes: object) -> list[pa.Field]:
    kept = [field for field in columns if field.name != name]
    changed = next(field for field in columns if field.name == name)
    for change, value in changes.items():
        changed = getattr(changed, f"with_{change}")(value)
    return [*kept, changed]


@pytest.mark.parametrize(
    ("family", "change"),
    [
        ("pooled", lambda all_: all_[1:]),
        ("pooled", lambda all_: [*all_, all_[0]]),
        ("pooled", lambda all_: renamed(all_, "id", type=pa.int64())),
        ("pooled", lambda all_: renamed(all_, "mean", type=pa.list_(pa.float64(), 3))),
        ("pooled", lambda all_: renamed(all_, "mean", metadata={"dtype": "int8"})),
        ("pooled", lambda all_: renamed(all_, "mean", metadata={"dtype": "x"})),
        ("pooled", lambda all_: renamed(all_, "mean", metadata={})),
        ("pooled", lambda all_: renamed(all_, "k", type=pa.struct([]))),
        ("pooled", lambda all_: all_[:5]),
        ("sequence", lambda all_: renamed(all_, "input_ids", type=pa.list_(pa.string()))),
        ("sequence", lambda all_: [*all_, pa.field("k", pa.list_(pa.struct([])))]),
        ("sequence", lambda all_: [f for f in all_ if f.name != "sequence_output"]),
    ],
)
def test_schemas_that_are_none_of_ours_are_refused(family: str, change: object) -> None:
    columns: Sequence[pa.Field] = fields(family)
    ParquetReader(pa.schema(columns), family)
    with pytest.raises(ValueError, match=r"it is not the schema|has a type that no vector has"):
        ParquetReader(pa.schema(change(columns)), family)
