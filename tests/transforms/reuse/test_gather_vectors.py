from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.transforms.parts import make_tokenized
from transforms import metrics
from transforms.dedup.repeat_table import hash_documents
from transforms.documents import header_of, with_header
from transforms.embedding.embed import PartEmbeddings
from transforms.embedding.part_embeddings import add_embeddings, take_sequences
from transforms.receipts import Receipt
from transforms.records import dtypes
from transforms.records.record_config import RecordConfig
from transforms.reuse import digest_files, gather_vectors, vector_table
from transforms.reuse.gather_vectors import StoredVectors, VectorsOfPart, gather
from transforms.vector_widths import VectorWidths
from transforms.write import write_part

FEATURES = ("mean", "max")
WIDTH = 5


def embedded(documents: list[list[int] | None], start: int) -> pa.RecordBatch:
    """Make a part of embeddings, whose vectors follow from the first ids of the documents."""
    part = make_tokenized(documents, start)
    sequences, is_valid = take_sequences(part)
    firsts = sequences.input_ids[sequences.offsets[:-1]].astype(np.float32)[:, np.newaxis]
    vectors = {name: firsts / (3 + n) + np.arange(WIDTH) for n, name in enumerate(FEATURES)}
    computed = PartEmbeddings({name: np.float32(x) for name, x in vectors.items()}, {})
    made = add_embeddings(part, is_valid, sequences, computed)
    rejected = documents.count(None)
    counts = {metrics.DOCUMENTS: len(documents), metrics.REJECTED: rejected}
    counts[metrics.EMBEDDED] = len(documents) - rejected
    return with_header(made, header_of(part).measured(**counts))


def store(folder: Path, records: RecordConfig) -> tuple[StoredVectors, list[Receipt]]:
    """Write two parts; one document is in both, and one is rejected."""
    parts = [embedded([[7, 1], None, [8, 2, 3]], 0), embedded([[7, 1], [9]], 3)]
    receipts = [write_part(part, str(folder), records, keep_digests=True) for part in parts]
    return StoredVectors(str(folder), records, VectorWidths(WIDTH), FEATURES), receipts


def sources(receipts: list[Receipt], machines: str = "aa") -> list[VectorsOfPart]:
    files = [digest_files.vectors_file(receipt) for receipt in receipts]
    return [
        VectorsOfPart(receipt.name, file, machine)
        for receipt, file, machine in zip(receipts, files, machines, strict=True)
        if file
    ]


def look_up(table: str, ids: list[list[int]]) -> list[tuple[int, dict[str, list[float]]]]:
    """Return the piece and the vectors of documents; -1 if the table lacks one."""
    loaded = vector_table.load_table(table)
    sequences, _ = take_sequences(make_tokenized(ids))
    numbers, rows = loaded.look_up(hash_documents(sequences))
    targets = {name: np.zeros([len(ids), WIDTH], np.float32) for name in FEATURES}
    loaded.copy_vectors(numbers, rows, targets)
    return [
        (number, {name: vectors[row].tolist() for name, vectors in targets.items()})
        for row, number in enumerate(numbers.tolist())
    ]


@pytest.mark.parametrize(
    ("format_", "compression"), [("tfrecord", "gzip"), ("parquet", "none"), ("tfrecord", "none")]
)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8"])
def test_the_table_has_the_stored_vectors(
    tmp_path: Path, dtype: str, format_: str, compression: str
) -> None:
    records = RecordConfig(FEATURES, dtype=dtype, format=format_, compression=compression)
    stored, receipts = store(tmp_path / "out", records)
    table = str(tmp_path / "table")
    assert gather(stored, sources(receipts, "ab"), table) == gather_vectors.Gathered(4)
    found = look_up(table, [[9], [8, 2, 3], [5]])
    assert [piece for piece, _ in found] == [1, 0, -1]
    for (_, vectors), first in zip(found[:2], (9.0, 8.0), strict=True):
        for number, name in enumerate(FEATURES):
            vector = np.float32(np.float32([[first]]) / (3 + number) + np.arange(WIDTH))
            expected = dtypes.widen(dtypes.narrow(vector, dtype))[0]
            assert vectors[name] == expected.tolist()


def test_a_document_of_two_parts_is_one_row(tmp_path: Path) -> None:
    stored, receipts = store(tmp_path / "out", RecordConfig(FEATURES))
    assert gather(stored, sources(receipts), str(tmp_path / "table")).rows == 3


def _change(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def _link(path: Path) -> None:
    path.symlink_to(path.rename(path.with_name("elsewhere")))


@pytest.mark.parametrize("damage", [_change, Path.unlink, _link])
@pytest.mark.parametrize("kind", ["vectors", "digests"])
def test_nothing_is_taken_from_a_part_with_a_damaged_file(
    tmp_path: Path, kind: str, damage: Callable[[Path], None]
) -> None:
    out, table = tmp_path / "out", str(tmp_path / "table")
    stored, receipts = store(out, RecordConfig(FEATURES))
    first = receipts[0].name
    paths = {"vectors": receipts[0].files[0].path, "digests": digest_files.path_of(first)}
    damage(out / paths[kind])
    assert gather(stored, sources(receipts), table) == gather_vectors.Gathered(2, (first,))
    assert [piece for piece, _ in look_up(table, [[8, 2, 3], [9]])] == [-1, 0]


def test_pieces_have_a_limited_number_of_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather_vectors, "_PIECE_BYTES", 1)
    stored, receipts = store(tmp_path / "out", RecordConfig(FEATURES))
    table = str(tmp_path / "table")
    assert gather(stored, sources(receipts), table).rows == 4
    assert len(vector_table.load_table(table).pieces) == 2
