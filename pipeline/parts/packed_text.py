"""Hashes and paths of files in fewer bytes, as they are in the columns of receipts."""

import re

# What the first byte says: the hex digits of a hash as bytes, or any text.
_HEX, _TEXT = b"\0", b"\1"
_HASH = re.compile("[0-9a-f]{64}")
# What the first character says: the name of the part in place of `_NAME`, or the path as it is.
_PATTERN, _PATH = "*", "="
_NAME = "\0"


def pack_hash(text: str) -> bytes:
    """Return the bytes of a SHA-256 in hex digits, and of any other text; see `unpack_hash`."""
    if _HASH.fullmatch(text):
        return _HEX + bytes.fromhex(text)
    return _TEXT + text.encode()


def pack_digest(digest: bytes) -> bytes:
    """Return what `pack_hash` returns of the hex digits of a digest of 32 bytes."""
    return _HEX + digest


def unpack_hash(packed: bytes) -> str:
    """Return the text that `pack_hash` packed.

    >>> unpack_hash(pack_hash("ab" * 32)) == "ab" * 32, unpack_hash(pack_hash("AB"))
    (True, 'AB')
    """
    return packed[1:].hex() if packed[:1] == _HEX else packed[1:].decode()


def pack_path(path: str, name: str) -> str:
    """Return the path of a file, without the name of its part if its file name has that."""
    folder, slash, file = path.partition("/")
    if not slash or not name or name not in file or _NAME in path:
        return _PATH + path
    return f"{_PATTERN}{folder}/{file.replace(name, _NAME)}"


def unpack_path(packed: str, name: str) -> str:
    """Return the path that `pack_path` packed.

    >>> len(pack_path("pooled/a-1.tfrecord", "a-1"))
    18
    >>> unpack_path(pack_path("pooled/a-1.tfrecord", "a-1"), "a-1")
    'pooled/a-1.tfrecord'
    """
    return packed[1:].replace(_NAME, name) if packed[:1] == _PATTERN else packed[1:]


def pieces_of(packed: str) -> list[str]:
    """Return the text of a packed path before, between and after the names of its part.

    >>> pieces_of(pack_path("pooled/a-1.tfrecord", "a-1")), pieces_of(pack_path("x", "a-1"))
    (['pooled/', '.tfrecord'], ['x'])
    """
    return packed[1:].split(_NAME) if packed[:1] == _PATTERN else [packed[1:]]


def folder_of(packed: str) -> str:
    """Return the first folder of a packed path."""
    return packed[1:].partition("/")[0]
