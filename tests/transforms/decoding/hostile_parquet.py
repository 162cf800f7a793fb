"""Make Parquet files that are hostile to readers, from sound ones."""

import io
from collections.abc import Callable

import pyarrow as pa
from pyarrow import parquet

_I64 = b"\x16"
_AFTER_FOOTER = 8

# Two rows, "a" and "b" of a column `text`, as Arrow 25.0.1 writes them: a later one may write other
# statistics.
SOUND = (
    b"PAR1\x15\x00\x15 \x15 ,\x15\x04\x15\x00\x15\x06\x15\x06\x1c6\x00(\x01b\x18\x01a\x11\x11\x00"
    b"\x00\x00\x02\x00\x00\x00\x04\x01\x01\x00\x00\x00a\x01\x00\x00\x00b\x15\x04\x19,5\x00\x18\x06"
    b"schema\x15\x02\x00\x15\x0c%\x02\x18\x04text%\x00L\x1c\x00\x00\x00\x16\x04\x19\x1c\x19\x1c&\x00"
    b"\x1c\x15\x0c\x19%\x06\x00\x19\x18\x04text\x15\x00\x16\x04\x16Z\x16Z&\x08<6\x00(\x01b\x18\x01a"
    b"\x11\x11\x00\x19\x1c\x15\x00\x15\x00\x15\x02\x00<\x16\x04\x19\x06\x19&\x00\x04\x00\x00\x00"
    b"\x16Z\x16\x04&\x08\x16Z\x00( parquet-cpp-arrow version 25.0.1\x19\x1c\x1c\x00\x00\x00\x94\x00"
    b"\x00\x00PAR1"
)
# Its histogram of definition levels has one number instead of two: Arrow calls `std::terminate`.
ABORTING = SOUND.replace(b"\x19\x06\x19&\x00\x04", b"\x19\x16\x00\x19\x16\x04")


def write(table: pa.Table, rows: int = 1 << 20, **settings: object) -> bytes:
    """Write a sound file.

    Args:
        table: its content.
        rows: rows in a row group.
        settings: of pyarrow.
    """
    file = io.BytesIO()
    parquet.write_table(table, file, row_group_size=rows, **settings)
    return file.getvalue()


def claim(data: bytes, measure: Callable[[parquet.FileMetaData], int], value: int) -> bytes:
    """Change a number in the footer.

    Args:
        data: a file.
        measure: returns the number, an int64 of the footer.
        value: what `measure` will return.
    """
    start = len(data) - _AFTER_FOOTER - int.from_bytes(data[-8:-4], "little")
    footer = data[start:-_AFTER_FOOTER]
    old, new = (_I64 + _varint(number) for number in (measure(_metadata(data)), value))
    place = -1
    while (place := footer.find(old, place + 1)) >= 0:
        changed = footer[:place] + new + footer[place + len(old) :]
        file = data[:start] + changed + len(changed).to_bytes(4, "little") + b"PAR1"
        try:
            if measure(_metadata(file)) == value:
                return file
        except (OSError, pa.ArrowException):
            continue
    raise AssertionError("the footer does not hold the number")


def _metadata(data: bytes) -> parquet.FileMetaData:
    return parquet.read_metadata(io.BytesIO(data))


def _varint(number: int) -> bytes:
    """Encode an int64 as Thrift's compact protocol does."""
    number = (number << 1) ^ (number >> 63)
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])
