"""What a glob matches: as in Beam, but a wildcard does not match the beginning of a hidden name."""

import fnmatch
import re
from collections.abc import Iterable, Sequence

# The first characters of names that other programs give to their own files: .DS_Store, _SUCCESS.
HIDDEN = (".", "_")
# Matches in every folder below.
DEEP = "**"

_WILDCARDS = "[*?"
# As `FileSystem.translate_pattern` of Beam, which takes seconds to import, translates them.
_WILDCARDS_OF_BEAM = {"**": ".*", "*": r"[^/\\]*", "?": "."}
_TOKEN = re.compile(r"\*\*|\*|\?|\[!?\]?[^\]]*\]|[^*?\[]+|\[", re.DOTALL)
# Fails at the first character of a hidden name.
_VISIBLE = r"(?!(?<![^/])[._])"


def literal_of(glob: str) -> str:
    """Return the beginning of a glob before its first wildcard; the glob if it has none.

    >>> literal_of("data/2026-*/a.txt")
    'data/2026-'
    """
    return re.split(f"[{re.escape(_WILDCARDS)}]", glob, maxsplit=1)[0]


def base_of(glob: str) -> str:
    """Return the folder that the literal beginning of a glob spells out, with a slash at its end.

    >>> base_of("data/2026-*/a.txt"), base_of("*.txt")
    ('data/', '')
    """
    literal = literal_of(glob)
    return literal[: literal.rfind("/") + 1]


def all_matches(glob: str) -> re.Pattern[str]:
    """Compile a glob as Beam does, so that it matches hidden names too."""
    return _compile(map(_translate_token, _TOKEN.findall(glob)))


def visible_matches(glob: str) -> re.Pattern[str]:
    """Compile a glob whose wildcards do not match the first character of a hidden name.

    >>> matches = visible_matches("in/*/.h*").match
    >>> bool(matches("in/a/.hid")), bool(matches("in/.a/.hid")), bool(matches("in/a/b"))
    (True, False, False)
    """
    return _compile(map(_translate_visible, _TOKEN.findall(glob)))


def _compile(translated: Iterable[str]) -> re.Pattern[str]:
    return re.compile("(?ms)" + "".join(translated) + r"\Z")


def _translate_visible(token: str) -> str:
    if token == DEEP:
        return f"(?:{_VISIBLE}.)*{_VISIBLE}"
    translated = _translate_token(token)
    # A bracket that is not closed is a character like others.
    is_literal = token[0] not in _WILDCARDS or translated.startswith(r"\[")
    return translated if is_literal else _VISIBLE + translated


def _translate_token(token: str) -> str:
    if token[0] == "[":
        # Beam lets `[z-a]` and `[[]` through, of which re makes an error and a warning.
        return fnmatch.translate(token).removeprefix("(?s:").rpartition(")")[0]
    return _WILDCARDS_OF_BEAM.get(token) or re.escape(token)


def patterns_below(name: str, patterns: Sequence[str]) -> Sequence[str]:
    """Return the patterns of what matches in a folder; none if nothing in it can match.

    Args:
        name: of the folder.
        patterns: one for its name, and one for each level below.

    >>> patterns_below("b", ["[ab]", "*.txt"]), patterns_below("b", ["*.txt"])
    (['*.txt'], [])
    >>> patterns_below("by", ["b**", "c"]), patterns_below("c", ["b**", "c"])
    (['**', 'c'], [])
    >>> patterns_below(".d", ["**", "c"]), patterns_below(".d", ["**", ".[cd]", "e"])
    ([], ['**', '.[cd]', 'e'])
    """
    before, deep, _ = patterns[0].partition(DEEP)
    below = [DEEP, *patterns[1:]] if deep else list(patterns[1:])
    # Where ** may match nothing, a later pattern may spell a hidden name of this level.
    candidates = [before + deep, *(patterns[1:] if deep and not before else [])]
    return below if any(_may_be_below(name, pattern) for pattern in candidates) else []


def _may_be_below(name: str, pattern: str) -> bool:
    """Whether a pattern of a level matches the name of a folder, hidden or not."""
    if name.startswith(HIDDEN) and not pattern.startswith(name[0]):
        return False
    before, deep, _ = pattern.partition(DEEP)
    return bool(all_matches(before + deep).match(name))
