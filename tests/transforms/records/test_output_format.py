"""A format is found by its file, and a new one needs no line elsewhere."""

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plug_in_folders import forget
from tests.transforms.embedded_documents import WIDTHS, batch_of
from transforms.records import formats, output_format, record_files
from transforms.records.record_config import RecordConfig

# A format in one file: JSON Lines of ids, whose schema is the name of the family.
NEW_FORMAT = '''
"""Ids as lines."""

import pyarrow as pa

from transforms.records.output_format import Compression, OutputFormat


class Reader:
    vectors = {}

    def read(self, stream):
        ids = stream.read().decode().splitlines()
        yield pa.RecordBatch.from_pydict({"id": pa.array([[i.encode()] for i in ids])})


class IdsFormat(OutputFormat):
    schema_file = "schema.txt"
    compressions = {"none": Compression(".ids", 1)}
    reads_in_order = True

    def encode(self, batch, family, content, compression):
        yield "\\n".join(batch.column("id").to_pylist()).encode(), batch.num_rows

    def schema_content(self, family, content, widths):
        return family.encode()

    def is_schema_of(self, schema, family, content, widths):
        return schema == family.encode()

    def reader(self, family, content, widths):
        return Reader()

    def reader_of(self, schema, family):
        return Reader()


FORMAT = IdsFormat()
'''


@pytest.fixture
def ids_format(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "ids.py").write_text(NEW_FORMAT)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    forget(output_format.registry, monkeypatch)
    yield
    sys.modules.pop("transforms.records.formats.ids", None)


@pytest.mark.usefixtures("ids_format")
def test_a_new_format_is_one_file() -> None:
    assert sorted(output_format.names()) == ["ids", "parquet", "tfrecord"]
    config = RecordConfig(("mean",), format="ids")
    assert (config.ending, config.schema_file) == (".ids", "schema.txt")
    assert ".ids" in record_files.endings()
    assert "schema.txt" in record_files.schema_files()
    ((block, count),) = record_files.encode(batch_of(3), "pooled", config)
    assert count == 3
    schema = record_files.schema_content("pooled", config, WIDTHS)
    assert record_files.schema_problem(schema, "pooled", config, WIDTHS) is None
    for reader in (
        record_files.reader("pooled", config, WIDTHS),
        record_files.reader_of("schema.txt", schema, "pooled"),
    ):
        (batch,) = reader.read(io.BytesIO(block))
        ids = [value.decode() for (value,) in batch.column("id").to_pylist()]
        assert ids == batch_of(3).column("id").to_pylist()
    with pytest.raises(ValueError, match="`compression` is 'gzip'; for ids there are none"):
        RecordConfig(("mean",), format="ids", compression="gzip")


def test_an_unknown_format_or_compression_is_refused() -> None:
    with pytest.raises(ValueError, match="`output_format` is 'csv'; there are parquet, tfrecord"):
        RecordConfig(("mean",), format="csv")
    with pytest.raises(ValueError, match="`compression` is 'zstd'; for tfrecord there are none, g"):
        RecordConfig(("mean",), compression="zstd")
    with pytest.raises(ValueError, match="no output format 'csv'; there are parquet, tfrecord"):
        output_format.find("csv")


def test_file_names_show_how_much_a_file_can_hold() -> None:
    assert record_files.endings() == (".parquet", ".tfrecord", ".tfrecord.gz")
    assert record_files.most_expansion("pooled/a.tfrecord") == 1
    assert record_files.most_expansion("pooled/a.tfrecord.gz") == 1100
    assert record_files.most_expansion("pooled/a.parquet") == 1 << 15
    assert record_files.most_expansion("pooled/a") == 1


@pytest.mark.parametrize("name", ["tfrecord", "parquet"])
@pytest.mark.parametrize("family", ["pooled", "sequence"])
def test_a_schema_file_is_recognized(name: str, family: str) -> None:
    config = RecordConfig(("mean", "sequence_output"), format=name)
    schema = record_files.schema_content(family, config, WIDTHS)
    assert record_files.schema_problem(schema, family, config, WIDTHS) is None
    other = "sequence" if family == "pooled" else "pooled"
    problem = record_files.schema_problem(schema, other, config, WIDTHS)
    assert problem is not None
    damaged = record_files.schema_problem(b"{", family, config, WIDTHS) or ""
    assert damaged.startswith("cannot be read: ")
