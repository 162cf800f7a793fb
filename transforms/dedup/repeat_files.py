"""The table of repeated documents in an output folder, and the receipt that commits it."""

import contextlib
import dataclasses
import json
import threading
from collections.abc import Sequence

import pyarrow as pa

from transforms import checked_json
from transforms.dedup.repeat_table import RepeatTable, TablePiece, read_piece
from transforms.io import storage
from transforms.receipts import WrittenFile

FOLDER = "repeats"
TABLE_FILE = f"{FOLDER}/table.json"


@dataclasses.dataclass(frozen=True)
class TableReceipt:
    """What the table came to; it is written last, and a table without it is made again.

    Attributes:
        run: fingerprint of the run.
        left_out: repeated documents for which there was no room.
        files: its pieces, in the order of their digests.
    """

    run: str
    left_out: int
    files: tuple[WrittenFile, ...]

    @property
    def documents(self) -> int:
        """How many documents it has."""
        return sum(file.records for file in self.files)

    def to_json(self) -> str:
        """Serialize; `from_json` reads it back."""
        return json.dumps(dataclasses.asdict(self), indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "TableReceipt":
        """Read what `to_json` wrote.

        Raises:
            ValueError: the text was cut short, or is of another shape.
        """
        value = checked_json.loads(text)
        return cls(
            run=checked_json.text(value, "run"),
            left_out=checked_json.whole(value, "left_out"),
            files=tuple(WrittenFile.from_json(one) for one in checked_json.items(value, "files")),
        )


def write_receipt(folder: str, receipt: TableReceipt) -> None:
    """Commit a table."""
    storage.write_text(folder, TABLE_FILE, receipt.to_json())


def load_receipt(folder: str) -> TableReceipt | None:
    """Read the receipt of the table; None where there is none.

    Raises:
        ValueError: it is damaged, or a link.
    """
    storage.check_no_links(folder, [FOLDER, TABLE_FILE])
    text = storage.read_text(storage.join(folder, TABLE_FILE))
    try:
        return None if text is None else TableReceipt.from_json(text)
    except ValueError as error:
        raise ValueError(f"{TABLE_FILE} is damaged: {error}") from error


def problem(folder: str, file: WrittenFile) -> str | None:
    """Say why a piece is not the one that the receipt tells of; None where it is."""
    if not _is_piece(file.path):
        return f"{file.path!r} is no name of a piece"
    try:
        storage.check_no_links(folder, [FOLDER, file.path])
        path = storage.within(folder, file.path)
        size, _ = storage.identify(path)
        if size != file.bytes:
            return f"{file.path} has {size} bytes, not {file.bytes}"
        if storage.hash_file(path) != file.sha256:
            return f"{file.path} has changed"
    except (OSError, ValueError) as error:
        return f"{file.path}: {error}"
    return None


def _is_piece(path: str) -> bool:
    return path.startswith(f"{FOLDER}/") and path.count("/") == 1 and path.endswith(".arrow")


def clear(folder: str, run: str) -> TableReceipt | None:
    """Give the receipt of a table of this run that is whole; else delete what is not to be taken.

    Pieces of a table that was not committed stay, for the same job to go on with: each is written
    as a whole, under a name that tells what it holds.

    Raises:
        OSError: the folder cannot be written.
    """
    try:
        receipt = load_receipt(folder)
    except ValueError:
        withdraw(folder)
        return None
    if receipt is None:
        return None
    damaged = [file.path for file in receipt.files if problem(folder, file)]
    if receipt.run == run and not damaged:
        _delete(folder, *set(_names(folder)) - {TABLE_FILE, *(f.path for f in receipt.files)})
        return receipt
    _delete(folder, TABLE_FILE, *(path for path in damaged if _is_piece(path)))
    return None


def withdraw(folder: str) -> None:
    """Delete a table that was proved wrong, its receipt first.

    Raises:
        OSError: the folder cannot be written.
    """
    _delete(folder, *_names(folder))


def is_committed(folder: str) -> bool:
    """Whether there is a receipt of a table that can be read."""
    try:
        return load_receipt(folder) is not None
    except ValueError:
        return False


def _names(folder: str) -> list[str]:
    listed = storage.list_folder(storage.join(folder, FOLDER))
    return [TABLE_FILE, *(path for path in (f"{FOLDER}/{n}" for n in listed) if _is_piece(path))]


def _delete(folder: str, *paths: str) -> None:
    """Delete files, and what else is in their place, in the table's own folder."""
    storage.check_no_links(folder, [FOLDER])
    for path in paths:
        storage.delete_file(storage.join(folder, path))


def load_piece(folder: str, path: str, features: Sequence[str], hidden_size: int) -> TablePiece:
    """Read a piece; of a local file by mapping it, so that processes share the memory.

    Raises:
        ValueError: it is something else.
    """
    storage.check_no_links(folder, [FOLDER, path])
    whole = storage.within(folder, path)
    if "://" not in folder:
        return read_piece(pa.memory_map(whole), features, hidden_size)
    with contextlib.closing(storage.open_for_reading(whole)) as stream:
        return read_piece(pa.py_buffer(stream.read()), features, hidden_size)


def load_table(folder: str, features: Sequence[str], hidden_size: int) -> RepeatTable:
    """Read the table of a folder.

    Raises:
        ValueError: there is none, or it is not what its receipt tells.
    """
    receipt = load_receipt(folder)
    if receipt is None:
        raise ValueError(f"{folder} has no {TABLE_FILE}")
    return _read(folder, receipt, features, hidden_size)


def _read(
    folder: str, receipt: TableReceipt, features: Sequence[str], hidden_size: int
) -> RepeatTable:
    pieces = []
    for file in receipt.files:
        why = problem(folder, file)
        if why:
            raise ValueError(why)
        piece = load_piece(folder, file.path, features, hidden_size)
        if len(piece.digests) != file.records:
            raise ValueError(f"{file.path} has {len(piece.digests)} rows, not {file.records}")
        pieces.append(piece)
    return RepeatTable(tuple(pieces))


# The table that this process read last, by its folder and receipt: all threads use the one.
_READ: dict[tuple[object, ...], RepeatTable] = {}
_READING = threading.Lock()


def shared_table(folder: str, features: Sequence[str], hidden_size: int) -> RepeatTable:
    """Read the table of a folder once a process; see `load_table`."""
    with _READING:
        key = (folder, load_receipt(folder), tuple(features), hidden_size)
        if key not in _READ:
            _READ.clear()
            try:
                _READ[key] = load_table(folder, features, hidden_size)
            except ValueError as error:
                raise ValueError(
                    f"{error}: delete {folder}/{FOLDER}, and the same command makes it anew"
                ) from error
        return _READ[key]
