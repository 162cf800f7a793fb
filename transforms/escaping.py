"""Text of any origin, made fit to be printed: nothing in it can steer a terminal."""

import re

# What terminals obey (C0, DEL, C1), what other programs take for the end of a line, what turns the
# direction of writing around, and halves of surrogate pairs, which cannot be written at all.
_CONTROLS = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def one_line(text: object) -> str:
    r"""Put in the place of each control character its escape, as JSON has it.

    JSON on one line stays the JSON of the same value: such characters stand only in its strings.

    >>> print(one_line("red \x1b[31m, and \u202edrawkcab\n"))
    red \u001b[31m, and \u202edrawkcab\u000a
    """
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", str(text))


def lines(text: object) -> str:
    """Do the same line by line; the ends of lines stay."""
    return "\n".join(map(one_line, str(text).split("\n")))
