"""Files of kinds that no format reads, by their first bytes, and what to do with each.

Text never begins with one of these signs: it has no NUL, and what is not UTF-8 is rejected. Where
a sign could begin a text, further bytes have to be there.
"""

import re

_UNPACK = "unpack it, and give the files"
_TO_PARQUET = "write it as Parquet or JSON Lines"
_TO_TEXT = "extract its text"
_COMPRESS = "uncompress it, or compress it by gzip, bzip2, xz or zstd"
_LEAVE_OUT = "leave it out by a glob"

# What a file is, and the remedy, for the sign at its beginning.
_SIGNS: dict[bytes, tuple[str, str]] = {
    rb"%PDF-\d": ("a PDF document", _TO_TEXT),
    rb"\{\\rtf\d": ("a document of rich text (RTF)", _TO_TEXT),
    rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": ("a document of Microsoft Office", _TO_TEXT),
    rb"PK(?:\x03\x04|\x05\x06|\x07\x08)": ("a ZIP archive", _UNPACK),
    rb"7z\xbc\xaf\x27\x1c": ("a 7z archive", _UNPACK),
    rb"Rar!\x1a\x07": ("a RAR archive", _UNPACK),
    rb"SQLite format 3\0": ("an SQLite database", _TO_PARQUET),
    rb".{8}DUCK[\0-\xff]\0\0\0": ("a DuckDB database", _TO_PARQUET),
    rb"Obj\x01": ("an Avro file", _TO_PARQUET),
    # Words begin like these three, and text has no NUL.
    rb"ORC(?=.*\0)": ("an ORC file", _TO_PARQUET),
    rb"FEA1(?=.*\0)": ("a Feather file", _TO_PARQUET),
    rb"PARE(?=.*\0)": ("an encrypted Parquet file", "decrypt it"),
    rb"ARROW1\0\0": ("an Arrow IPC file (Feather)", _TO_PARQUET),
    rb"\xff{4}.{4}[\x08-\x40]\0\0\0": ("an Arrow IPC stream", _TO_PARQUET),
    rb"SEQ[\x01-\x06]": ("a Hadoop sequence file", _TO_PARQUET),
    rb"\x89HDF\r\n\x1a\n": ("an HDF5 file", _TO_PARQUET),
    rb"\x93NUMPY": ("a NumPy array", _TO_PARQUET),
    rb"\x80[\x02-\x05]": ("a Python pickle", _TO_PARQUET),
    rb"\x04\x22\x4d\x18|\x02\x21\x4c\x18": ("compressed by LZ4", _COMPRESS),
    rb"\xff\x06\0\0sNaPpY": ("compressed by Snappy", _COMPRESS),
    rb"\x1f[\x9d\xa0]": ("compressed by compress (.Z)", _COMPRESS),
    rb"LZIP\x01": ("compressed by lzip", _COMPRESS),
    rb"\x89LZO\0\r\n\x1a\n": ("compressed by LZO", _COMPRESS),
    rb"\x89PNG\r\n\x1a\n": ("a PNG image", _LEAVE_OUT),
    rb"\xff\xd8\xff": ("a JPEG image", _LEAVE_OUT),
    rb"GIF8[79]a": ("a GIF image", _LEAVE_OUT),
    rb"RIFF.{4}(?:WEBP|WAVE|AVI )": ("an image or a sound (RIFF)", _LEAVE_OUT),
    rb"\x7fELF": ("a program (ELF)", _LEAVE_OUT),
    rb"version https://git-lfs\.github\.com/spec/v\d\noid ": (
        "a pointer of Git LFS, not the file",
        "git lfs pull fetches the files",
    ),
}
_PATTERNS = {re.compile(sign, re.DOTALL): answer for sign, answer in _SIGNS.items()}
_ANY_SIGN = re.compile(b"|".join(b"(?:" + sign + b")" for sign in _SIGNS), re.DOTALL)
# Names of the first files in archives that are documents.
_DOCUMENTS = {
    b"word/": "a document of Word (DOCX)",
    b"xl/": "a table of Excel (XLSX)",
    b"ppt/": "slides of PowerPoint (PPTX)",
    b"application/epub+zip": "an EPUB book",
    b"application/vnd.oasis.opendocument": "a document of OpenDocument",
}
_TAR_HEADER_BYTES = 512
_TAR_SUM = slice(148, 156)


def describe(head: bytes) -> tuple[str, str] | None:
    r"""Return what a file is that no format reads, and the remedy; None if that is not known.

    Args:
        head: its first bytes, uncompressed.

    >>> describe(b"Obj\x01..."), describe(b"Objects in the mirror")
    (('an Avro file', 'write it as Parquet or JSON Lines'), None)
    """
    if _is_tar(head):
        return "a tar archive", _UNPACK
    if not _ANY_SIGN.match(head):
        return None
    found = next((answer for sign, answer in _PATTERNS.items() if sign.match(head)), None)
    if head.startswith(b"PK"):
        document = next((what for name, what in _DOCUMENTS.items() if name in head), None)
        return (document, _TO_TEXT) if found and document else found
    return found


def _is_tar(head: bytes) -> bool:
    """Return whether the sum of the first header is right."""
    header = head[:_TAR_HEADER_BYTES]
    stored = header[_TAR_SUM].strip(b" \0")
    if len(header) < _TAR_HEADER_BYTES or not re.fullmatch(rb"[0-7]{1,7}", stored):
        return False
    others = sum(header) - sum(header[_TAR_SUM])
    return int(stored, 8) == others + ord(" ") * len(header[_TAR_SUM])
