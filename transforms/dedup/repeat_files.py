"""The table of repeated documents in an output folder, and the receipt that commits it."""

import contextlib
import json
import threading
from collections.abc import Sequence

import msgspec
import pyarrow as pa

from transforms import strict_json
from transforms.dedup.repeat_table import RepeatTable, TablePiece, read_piece
from transforms.io import storage
from transforms.receipts import WrittenFile
from transforms.strict_json import Count, Json
from transforms.vector_widths import VectorWidths

FOLDER = "repeats"
TABLE_FILE = f"{FOLDER}/table.json"


class TableReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The receipt of the table. It is written last: a table without a receipt is computed again.

    Attributes:
        run: fingerprint of the run.
        left_out: number of repeated documents for which there was no room.
        files: the pieces of the table, in the order of their digests.
    """

    run: str
    left_out: Count
    files: tuple[WrittenFile, ...]

    @property
    def documents(self) -> int:
        """The number of documents in the table."""
        return sum(file.records for file in self.files)

    def to_json(self) -> str:
        """Serialize; `from_json` reads the result."""
        return json.dumps(msgspec.to_builtins(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: Json) -> "TableReceipt":
        """Read the result of `to_json`.

        Raises:
            ValueError: the text is truncated or has another shape.
        """
        return strict_json.decode(text, _DECODER)


_DECODER = msgspec.json.Decoder(TableReceipt)


def write_receipt(folder: str, receipt: TableReceipt) -> None:
    """Write the receipt, which commits the table."""
    storage.write_text(folder, TABLE_FILE, receipt.to_json())


def load_receipt(folder: str) -> TableReceipt | None:
    """Read the receipt of the table; return None if there is none.

    Raises:
        ValueError: it is damaged or a link.
        OSError: it cannot be read.
    """
    storage.check_no_links(folder, [FOLDER, TABLE_FILE])
    text = storage.read_text(storage.join(folder, TABLE_FILE))
    try:
        return None if text is None else TableReceipt.from_json(text)
    except ValueError as error:
        raise ValueError(f"{TABLE_FILE} is damaged: {error}") from error


def problem(folder: str, file: WrittenFile) -> str | None:
    """Describe how a piece differs from its receipt; return None if it does not.

    Raises:
        OSError: the piece cannot be read, so that nothing is known about it.
    """
    if not _is_piece(file.path):
        return f"{file.path!r} is not the name of a piece"
    try:
        storage.check_no_links(folder, [FOLDER, file.path])
        path = storage.within(folder, file.path)
    except ValueError as error:
        return f"{file.path}: {error}"
    size = storage.size_of(path)
    if size is None:
        return f"{file.path}: the file is missing"
    if size != file.bytes:
        return f"{file.path} has {size} bytes, not {file.bytes}"
    if storage.hash_file(path) != file.sha256:
        return f"{file.path} has changed"
    return None


def _is_piece(path: str) -> bool:
    return path.startswith(f"{FOLDER}/") and path.count("/") == 1 and path.endswith(".arrow")


def clear(folder: str, run: str) -> TableReceipt | None:
    """Return the receipt of this run's table if the table is undamaged, else delete what is wrong.

    Pieces of a table without a receipt stay, so that the same job can use them: each was written
    atomically, and its name depends on its content.

    Raises:
        OSError: the folder cannot be read or written.
    """
    try:
        receipt = load_receipt(folder)
    except ValueError:
        invalidate_table(folder)
        return None
    if receipt is None:
        return None
    damaged = [file.path for file in receipt.files if problem(folder, file)]
    if receipt.run == run and not damaged:
        _delete(folder, *set(_names(folder)) - {TABLE_FILE, *(f.path for f in receipt.files)})
        return receipt
    _delete(folder, TABLE_FILE, *(path for path in damaged if _is_piece(path)))
    return None


def invalidate_table(folder: str) -> None:
    """Delete a wrong table, its receipt first.

    Raises:
        OSError: the folder cannot be written.
    """
    _delete(folder, *_names(folder))


def is_committed(folder: str) -> bool:
    """Whether the folder has a table with a valid receipt, and the pieces that the receipt names.

    Only pieces that were changed after the receipt are read.

    Raises:
        OSError: the folder cannot be read.
    """
    try:
        receipt = load_receipt(folder)
    except ValueError:
        return False
    listed = storage.list_folder(storage.join(folder, FOLDER))
    table = listed.get(TABLE_FILE.rpartition("/")[2])
    if receipt is None or table is None:
        return False
    for file in receipt.files:
        piece = listed.get(file.path.rpartition("/")[2])
        if piece is None or piece.size_in_bytes != file.bytes:
            return False
        later = piece.last_updated_in_seconds > table.last_updated_in_seconds
        if later and problem(folder, file):
            return False
    return True


def _names(folder: str) -> list[str]:
    listed = storage.list_folder(storage.join(folder, FOLDER))
    return [TABLE_FILE, *(path for path in (f"{FOLDER}/{n}" for n in listed) if _is_piece(path))]


def _delete(folder: str, *paths: str) -> None:
    """Delete files, or links in their place, in the folder of the table."""
    storage.check_no_links(folder, [FOLDER])
    for path in paths:
        storage.delete_file(storage.join(folder, path))


def load_piece(folder: str, path: str, features: Sequence[str], widths: VectorWidths) -> TablePiece:
    """Read a piece. A local file is mapped, so that processes share its memory.

    Raises:
        ValueError: the file is not a piece with these features.
    """
    storage.check_no_links(folder, [FOLDER, path])
    full_path = storage.within(folder, path)
    if "://" not in folder:
        return read_piece(pa.memory_map(full_path), features, widths)
    with contextlib.closing(storage.open_for_reading(full_path)) as stream:
        return read_piece(pa.py_buffer(stream.read()), features, widths)


def load_table(folder: str, features: Sequence[str], widths: VectorWidths) -> RepeatTable:
    """Read the table of a folder.

    Raises:
        ValueError: there is no table, or it differs from its receipt.
        OSError: a file cannot be read.
    """
    receipt = load_receipt(folder)
    if receipt is None:
        raise ValueError(f"{folder} has no {TABLE_FILE}")
    return _read(folder, receipt, features, widths)


def _read(
    folder: str, receipt: TableReceipt, features: Sequence[str], widths: VectorWidths
) -> RepeatTable:
    pieces = []
    for file in receipt.files:
        difference = problem(folder, file)
        if difference:
            raise ValueError(difference)
        piece = load_piece(folder, file.path, features, widths)
        if len(piece.digests) != file.records:
            raise ValueError(f"{file.path} has {len(piece.digests)} rows, not {file.records}")
        pieces.append(piece)
    return RepeatTable(tuple(pieces))


# The last table that this process read, by folder and receipt; all threads share it.
_READ: dict[tuple[object, ...], RepeatTable] = {}
_READING = threading.Lock()


def shared_table(folder: str, features: Sequence[str], widths: VectorWidths) -> RepeatTable:
    """Read the table of a folder once per process; see `load_table`."""
    with _READING:
        key = (folder, load_receipt(folder), tuple(features), widths)
        if key not in _READ:
            _READ.clear()
            try:
                _READ[key] = load_table(folder, features, widths)
            except ValueError as error:
                raise ValueError(
                    f"{error}: delete {folder}/{FOLDER}, and the same command computes it again"
                ) from error
        return _READ[key]
