"""How the fields of a line are separated, quoted and escaped: the dialect of CSV and TSV.

With `minimal`, quoting is that of RFC 4180: a field in quotes may hold delimiters, line ends and
doubled quotes. With `none`, quotes are text, and no field holds a line end. An escape makes the
quote, the delimiter or the escape after it text; before anything else it is text itself.
"""

import csv
import dataclasses
import functools
import re
from collections.abc import Iterable, Iterator

AUTO, MINIMAL, NONE = QUOTINGS = ("auto", "minimal", "none")
QUOTE, BACKSLASH = '"', "\\"
# A tab that can be typed in a shell, and copied into one.
SPELLED_TAB = "\\t"
# What shells and programs make of a backslash in quotes.
_SPELLED = {SPELLED_TAB: "\t", 2 * BACKSLASH: BACKSLASH}
# A control character by its code, such as that of Hive's tables.
_SPELLED_CODE = re.compile(r"\\x[01][0-9a-fA-F]")
# Excel's first line, which names the delimiter.
_NAMED_DELIMITER = re.compile(r'"?sep=([^"\r\n\0])"?[\r\n]*', re.IGNORECASE)
_NOT_USABLE = f"{QUOTE}\r\n\0"


@dataclasses.dataclass(frozen=True)
class Dialect:
    """A dialect.

    Attributes:
        delimiter: separates fields; one character.
        has_quotes: whether fields may be quoted.
        escape: one character, or None.
    """

    delimiter: str
    has_quotes: bool = True
    escape: str | None = None

    def rows(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """Parse lines, prepared by `prepare`, as rows in which fields may be quoted.

        Raises:
            csv.Error: a row cannot be parsed.
        """
        return csv.reader(lines, delimiter=self.delimiter, escapechar=self.escape, strict=True)

    def prepare(self, line: str) -> str:
        """Return a line for `rows`, in which an escape that is text is doubled."""
        if self.escape is None or self.escape not in line:
            return line
        twice = 2 * self.escape
        return self._escapes.sub(lambda match: match[0] if match[1] else twice, line)

    def split(self, line: str) -> list[str]:
        """Return the fields of a line in which quotes are text; none of a blank line."""
        line = line.rstrip("\r\n")
        if not line:
            return []
        if self.escape is None or self.escape not in line:
            return line.split(self.delimiter)
        fields = self._fields.findall(line + self.delimiter)
        return [self._escapes.sub(lambda match: match[1] or match[0], one) for one in fields]

    def is_open(self, line: str) -> bool:
        """Return whether a line ends with an escape that would make its line end text."""
        if self.escape is None:
            return False
        line = line.rstrip("\r\n")
        return (len(line) - len(line.rstrip(self.escape))) % 2 == 1

    @functools.cached_property
    def _escapes(self) -> re.Pattern[str]:
        """An escape, with the character that it makes text as a group."""
        return re.compile(f"{re.escape(self.escape or '')}([{self._special}])?")

    @functools.cached_property
    def _fields(self) -> re.Pattern[str]:
        """A field before a delimiter, as a group."""
        escape, delimiter = re.escape(self.escape or ""), re.escape(self.delimiter)
        one = f"[^{escape}{delimiter}]++|{escape}[{self._special}]?"
        return re.compile(f"((?:{one})*+){delimiter}")

    @property
    def _special(self) -> str:
        return "".join(map(re.escape, (self.escape or "", self.delimiter, QUOTE)))


def named_delimiter(line: str) -> str | None:
    r"""Return the delimiter that a first line names, as Excel reads and writes it.

    >>> named_delimiter("sep=;\r\n"), named_delimiter("id;text")
    (';', None)
    """
    match = _NAMED_DELIMITER.fullmatch(line)
    return match[1] if match else None


def character_of(setting: str | None) -> str | None:
    r"""Return the character that a setting means.

    >>> character_of(r"\t"), character_of(r"\x01"), character_of(";")
    ('\t', '\x01', ';')
    """
    if setting is not None and _SPELLED_CODE.fullmatch(setting):
        return chr(int(setting[2:], 16))
    return setting if setting is None else _SPELLED.get(setting, setting)


def check_quoting(quoting: str) -> None:
    """Raise ValueError for an unknown way of quoting."""
    if quoting not in QUOTINGS:
        raise ValueError(f"`csv_quoting` is {quoting!r}; there are {', '.join(QUOTINGS)}")


def check_characters(delimiter: str | None, escape: str | None) -> None:
    """Raise ValueError for a delimiter or an escape that is not one usable character."""
    for name, char in (("csv_delimiter", delimiter), ("csv_escape", escape)):
        meant = character_of(char) or ""
        if char is not None and (len(meant) != 1 or meant in _NOT_USABLE):
            raise ValueError(f"`{name}` is {char!r}; give one character, no quote and no line end")
    if escape is not None and character_of(escape) == character_of(delimiter):
        raise ValueError(f"`csv_escape` and `csv_delimiter` are both {escape!r}")
