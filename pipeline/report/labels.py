"""Make texts and numbers fit for a plot or a line."""

# Some scripts and some emoji need these joiners. Alone they are harmless.
_JOINERS = "\u200c\u200d"


def visible(value: object) -> str:
    r"""Replace invisible characters, and those that change the writing direction, by escapes.

    Each kind of space or line end becomes one space.

    >>> visible("a\tb \u202edrawkcab")
    'a b \\u202edrawkcab'
    """
    return "".join(map(_visible_char, str(value)))


def _visible_char(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    if char.isspace():
        return " "
    return f"\\u{ord(char):04x}" if ord(char) < 0x10000 else f"\\U{ord(char):08x}"


def cut(text: str, limit: int) -> str:
    """Cut a text to a number of characters, and mark the cut.

    >>> cut("wordpiece", 5), cut("word", 5)
    ('word…', 'word')
    """
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def cut_bytes(text: str, limit: int) -> str:
    """Cut a text to a number of bytes of UTF-8, and mark the cut.

    >>> cut_bytes("wordpiece", 7), cut_bytes("word", 7)
    ('word…', 'word')
    """
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[: limit - len("…".encode())].decode("utf-8", "ignore") + "…"


def counted(number: int, noun: str) -> str:
    """Format a number with its noun.

    >>> counted(1, "part"), counted(2000, "part")
    ('1 part', '2,000 parts')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def share(value: float) -> str:
    """Format a share; only exactly 0 is written as 0%.

    >>> share(0), share(0.00001), share(0.0697), share(1)
    ('0%', '<0.01%', '6.97%', '100%')
    """
    if value in (0, 1):
        return f"{value:.0%}"
    return "<0.01%" if value < 0.0001 else f"{value:.2%}"


def duration(seconds: float) -> str:
    """Format seconds, with more digits for small values.

    >>> duration(0.00012), duration(0.0312), duration(3.41), duration(1234.5)
    ('<0.001 s', '0.031 s', '3.4 s', '1,234 s')
    """
    if 0 < seconds < 0.001:
        return "<0.001 s"
    digits = 3 if seconds < 0.1 else 2 if seconds < 1 else 1 if seconds < 100 else 0
    return f"{seconds:,.{digits}f} s"
