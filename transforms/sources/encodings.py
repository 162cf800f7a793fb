"""Recognize the encoding of a text by its first bytes: by a mark, by NULs, or by what is no UTF-8.

A text of UTF-16 or UTF-32 without a mark has NULs: in the second byte of each space, line end and
digit (or the first one, in the other byte order), whatever its script. Read as UTF-8 it would be
words with a NUL between all letters, or control characters, and nothing would fail.
"""

import codecs
import re
import unicodedata

from transforms import fields
from transforms.io.line_ends import SAMPLE_BYTES
from transforms.io.transcoding import UTF8

# The mark of each encoding and byte order; that of UTF-32 begins like that of UTF-16.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_WIDE = ("utf-16", "utf-32")
_SPACES = "\t\n\r\f"
# Characters of ASCII that show the byte order: with their bytes exchanged they are rare or none. A
# zero is not among them, since U+3000 is the space of Chinese and Japanese.
_ORDERED = frozenset("\t\n\r 123456789")
# A text has at least one of them in so many characters, and at most one control character.
_MOST_CHARACTERS, _FEWEST_CHARACTERS = 1000, 10
# So many bytes of UTF-16 are never all of ASCII.
_LONGEST_CHANCE = 32
_FEWEST_LINES = 2
_LINE_END = re.compile(rb"[\r\n]")
_ASCII_LETTER, _BEYOND_ASCII = re.compile(rb"[A-Za-z]"), re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
# Older encodings by the languages that they are for: where letters of ASCII are most, and others.
_OF_LATIN = {"cp1252": "Western Europe", "cp1250": "Central Europe"}
_OF_OTHERS = {
    "shift_jis": "Japanese",
    "euc_jp": "Japanese of Unix",
    "gb18030": "Chinese",
    "big5": "traditional Chinese",
    "euc_kr": "Korean",
    "cp1251": "Cyrillic",
    "cp1253": "Greek",
    "cp1255": "Hebrew",
    "cp1256": "Arabic",
    "cp874": "Thai",
}
# Bytes of ASCII that switch to other characters, in Japanese and Korean mail.
_SWITCH = re.compile(rb"\x1b\$(?:[@B]|\([@BDOQ]|[()][AC])")
_SWITCHED = ("iso-2022-jp", "iso-2022-kr", "iso-2022-jp-2", "iso-2022-jp-3")


def encoding_of(head: bytes) -> str | None:
    r"""Return the encoding that a mark or NULs show; None for UTF-8 and for what is no text.

    Args:
        head: the first bytes of a file.

    >>> encoding_of("a".encode("utf-16")), encoding_of("ab".encode("utf-16-be"))
    ('utf-16', 'utf-16-be')
    """
    marked = _of_mark(head)
    if marked:
        return marked[: len("utf-16")]
    # Latin text in UTF-32 has three NULs in four bytes.
    if not 0 < 4 * head.count(b"\0") <= 3 * len(head) + 4 or _is_utf8(head):
        return None
    return next((name for name in _MARKS.values() if _fits(head, name)), None)


def problem_of(head: bytes, encoding: str) -> str | None:
    """Return why the first bytes of a text cannot be in an encoding, with the remedy, or None.

    Args:
        head: the first bytes of a file; the last line may be cut.
        encoding: the configured encoding.
    """
    problem = problem_of_wide(head, encoding)
    if problem or encoding == UTF8:
        return problem or _problem_of_utf8(head)
    if encoding_of(head) is None and _is_surely_utf8(head, encoding):
        return f"is UTF-8, not {encoding}: read it without `encoding`, in a job of its own"
    return None


def problem_of_wide(head: bytes, encoding: str) -> str | None:
    """Return why first bytes must be UTF-16, UTF-32 or ISO 2022, with the remedy, or None.

    Args:
        head: the first bytes of a file.
        encoding: the configured encoding.
    """
    shown = encoding_of(head)
    if shown is None and encoding == UTF8 and _SWITCH.search(head):
        shown = next((name for name in _SWITCHED if _decodes(head, name)), None)
    if shown is None or _agree(shown, _of_mark(head), encoding):
        return None
    return f"is in another encoding: `encoding` {shown}"


def problem_of_text(what: str, text: str, encoding: str) -> str | None:
    """Return why a text is rejected, with the remedy; None if it is not.

    Args:
        what: how messages name the text.
        text: bytes that could not be decoded are lone surrogates.
        encoding: the configured encoding.
    """
    if "\0" in text:
        return describe_nul(what)
    return describe_undecoded(what, encoding) if fields.has_surrogate(text) else None


def describe_nul(what: str) -> str:
    """Return why a text with a NUL is rejected: it may be UTF-16, and then all of it is noise."""
    return f"{what} has a NUL, which no text has: `encoding` utf-16-le may read it"


def describe_undecoded(what: str, encoding: str) -> str:
    """Return why a text that is not in the configured encoding is rejected."""
    remedy = "; `encoding` names another" * (encoding == UTF8)
    return f"{what} is not {encoding.upper()}{remedy}"


def _of_mark(head: bytes) -> str | None:
    return next((name for mark, name in _MARKS.items() if head.startswith(mark)), None)


def _agree(shown: str, marked: str | None, encoding: str) -> bool:
    """Return whether an encoding reads what was recognized, in the right byte order."""
    if encoding in _WIDE:
        return marked is not None and shown == encoding
    return encoding == (marked or shown)


def _is_utf8(head: bytes) -> bool:
    """Return whether bytes are UTF-8 with few control characters."""
    try:
        text = codecs.getincrementaldecoder(UTF8)("strict").decode(head)
    except UnicodeDecodeError:
        return False
    return _controls(text) * _FEWEST_CHARACTERS < len(text)


def _controls(text: str) -> int:
    return sum(char < " " and char not in _SPACES for char in text)


def _fits(head: bytes, encoding: str) -> bool:
    """Return whether bytes are a text of UTF-16 or UTF-32, in a byte order."""
    try:
        text = codecs.getincrementaldecoder(encoding)("strict").decode(head)
    except UnicodeDecodeError:
        return False
    strange = _controls(text) + sum(unicodedata.category(char) in ("Cn", "Co") for char in text)
    if not text or "\0" in text or strange * _FEWEST_CHARACTERS > len(text):
        return False
    of_latin = sum(ord(char) < 256 for char in text)
    if encoding.startswith("utf-32") or 2 * of_latin >= len(text):
        return True
    ordered = sum(char in _ORDERED for char in text)
    exchanged = sum(chr(ord(char) >> 8) in _ORDERED for char in text if not ord(char) & 255)
    return ordered > exchanged and ordered * _MOST_CHARACTERS >= len(text)


def _problem_of_utf8(head: bytes) -> str | None:
    """Return the problem of a text most of whose lines beyond ASCII are in an older encoding.

    A damaged line of UTF-8 is rejected alone. Therefore at least two lines must not be UTF-8, they
    must be most of the lines beyond ASCII, and one older encoding must have all their bytes.
    """
    lines = _beyond_ascii(head)
    others = [line for line in lines if not _decodes(line, UTF8)]
    if len(others) < _FEWEST_LINES or 2 * len(others) <= len(lines):
        return None
    text = b"\n".join(others)
    is_latin = len(_BEYOND_ASCII.findall(text)) <= len(_ASCII_LETTER.findall(text))
    if not is_latin and _CONTROL.search(text):
        return None
    known = _OF_LATIN if is_latin else {**_OF_OTHERS, **_OF_LATIN}
    found = [f"{name} for {language}" for name, language in known.items() if _decodes(text, name)]
    return f"is not UTF-8: `encoding` {', '.join(found)}" if found else None


def _is_surely_utf8(head: bytes, encoding: str) -> bool:
    """Return whether bytes are UTF-8 and would be other characters in an encoding."""
    if encoding.startswith(_WIDE):
        return len(head) >= _LONGEST_CHANCE and b"\0" not in head and _is_utf8(head)
    return len(_beyond_ascii(head)) >= _FEWEST_LINES and _is_utf8(head)


def _beyond_ascii(head: bytes) -> list[bytes]:
    """Return the lines that are not ASCII, without one that the end of the sample cuts."""
    lines = _LINE_END.split(head)
    if len(head) >= SAMPLE_BYTES:
        lines.pop()
    return [line for line in lines if not line.isascii()]


def _decodes(text: bytes, encoding: str) -> bool:
    """Return whether bytes are in an encoding; the last character may be cut in a whole sample."""
    try:
        codecs.getincrementaldecoder(encoding)().decode(text, len(text) < SAMPLE_BYTES)
    except UnicodeDecodeError:
        return False
    return True
