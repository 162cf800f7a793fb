"""Escape text of any origin for printing, so that it cannot control a terminal."""

import re

# Control characters of terminals (C0, DEL, C1), characters that some programs treat as line breaks,
# characters that change the direction of writing, and surrogates, which cannot be encoded.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def one_line(text: object) -> str:
    r"""Replace each control character by its JSON escape.

    One line of JSON keeps its value, because such characters occur only in its strings.

    >>> print(one_line("red \x1b[31m, and \u202edrawkcab\n"))
    red \u001b[31m, and \u202edrawkcab\u000a
    """
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", str(text))


def lines(text: object) -> str:
    """Escape each line like `one_line`, and keep the line breaks."""
    return "\n".join(map(one_line, str(text).split("\n")))
