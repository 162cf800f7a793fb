import io
import pickle
import sqlite3
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, orc, parquet

from transforms.sources.foreign_files import describe

TABLE = pa.table({"id": range(50), "text": [f"the cat {number}" for number in range(50)]})


def what(head: bytes) -> str:
    found = describe(head[:4096])
    return found[0] if found else ""


@pytest.mark.parametrize("compression", ["uncompressed", "zlib", "snappy", "zstd", "lz4"])
@pytest.mark.parametrize("rows", [0, 1, 50])
def test_orc_is_recognized(rows: int, compression: str) -> None:
    file = io.BytesIO()
    orc.write_table(TABLE[:rows], file, compression=compression)
    assert what(file.getvalue()) == "an ORC file"


def test_the_files_of_arrow_are_recognized() -> None:
    for new, name in (
        (ipc.new_file, "an Arrow IPC file (Feather)"),
        (ipc.new_stream, "an Arrow IPC stream"),
    ):
        file = io.BytesIO()
        with new(file, TABLE.schema) as writer:
            writer.write_table(TABLE)
        assert what(file.getvalue()) == name
    file = io.BytesIO()
    feather.write_feather(TABLE, file)
    assert what(file.getvalue()) == "an Arrow IPC file (Feather)"


@pytest.mark.parametrize("format_", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_is_recognized(format_: int) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=format_) as archive:
        info = tarfile.TarInfo("é" * 20 + ".txt")
        info.size = 7
        archive.addfile(info, io.BytesIO(b"a line\n"))
    assert what(file.getvalue()) == "a tar archive"
    # The first tar had no magic bytes.
    assert what(file.getvalue().replace(b"ustar", b"\0\0\0\0\0")) in ("a tar archive", "")
    assert what(b"a" * 4096) == ""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.txt", "a ZIP archive"),
        ("word/document.xml", "a document of Word (DOCX)"),
        ("xl/workbook.xml", "a table of Excel (XLSX)"),
        ("ppt/presentation.xml", "slides of PowerPoint (PPTX)"),
    ],
)
def test_zip_and_the_documents_in_it_are_recognized(name: str, expected: str) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "a")
    assert what(file.getvalue()) == expected


def test_a_book_is_recognized_by_its_first_file() -> None:
    for mime, expected in (
        ("epub+zip", "an EPUB book"),
        ("vnd.oasis.opendocument.text", "a document of OpenDocument"),
    ):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("mimetype", f"application/{mime}")
        assert what(file.getvalue()) == expected


def test_databases_and_arrays_are_recognized(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a") as database:
        database.execute("create table a (text)")
    assert what((tmp_path / "a").read_bytes()) == "an SQLite database"
    file = io.BytesIO()
    np.save(file, np.zeros(3))
    assert what(file.getvalue()) == "a NumPy array"
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert what(pickle.dumps([{"text": "a"}], protocol)) == "a Python pickle"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"%PDF-1.4\n", "a PDF document"),
        (b"{\\rtf1\\ansi", "a document of rich text (RTF)"),
        (b"Obj\x01\x04\x14avro.codec", "an Avro file"),
        (b"\x04\x22\x4d\x18\x60", "compressed by LZ4"),
        (b"\xff\x06\0\0sNaPpY", "compressed by Snappy"),
        (b"\x1f\x9d\x90", "compressed by compress (.Z)"),
        (b"LZIP\x01", "compressed by lzip"),
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4",
            "a pointer of Git LFS, not the file",
        ),
    ],
)
def test_other_signs_are_recognized(head: bytes, expected: str) -> None:
    assert what(head) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            b"",
            b"ORC\nORCA whales",
            b"ORCA",
            b"Objects",
            b"PARE",
            b"FEA1",
            b"PK",
            b"SEQUEL",
            b"GIF",
        ),
        *(b"%PDF", b"version https://git-lfs.github.com/ is a page", b"{\\rt", b"LZIP", b"0" * 600),
    ],
)
def test_text_is_not_taken_for_another_file(text: bytes) -> None:
    assert describe(text) is None


def test_formats_that_are_read_are_not_foreign() -> None:
    file = io.BytesIO()
    parquet.write_table(TABLE, file)
    assert describe(file.getvalue()) is None
