r"""A template of texts: fields in braces, and the text between them.

Importing this is cheap: flags are parsed with it.
"""

import dataclasses
import functools
import re

# What becomes of a record that lacks a field of the template.
REJECT, EMPTY = MISSING_FIELDS = ("reject", "empty")

# What a template has: an escaped brace, a field, a lone brace, an escape of a shell, other text.
_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|\\[\\nt]|[^{}\\]+|\\")
_ESCAPES = {"{{": "{", "}}": "}", r"\n": "\n", r"\t": "\t", r"\\": "\\"}
_SPELLED = str.maketrans({char: spelled for spelled, char in _ESCAPES.items()})


@dataclasses.dataclass(frozen=True)
class TextTemplate:
    r"""How a text is composed of fields.

    Attributes:
        names: the fields, in order, each once.
        literals: the texts before the fields, and the one behind the last field; one more than
            there are fields.

    >>> template = TextTemplate(("title", "text"), ("", "\n", ""))
    >>> str(template)
    '{title}\\n{text}'
    """

    names: tuple[str, ...]
    literals: tuple[str, ...]

    def __str__(self) -> str:
        """Return the template as `parse_template` reads it, in one line."""
        first, *others = (literal.translate(_SPELLED) for literal in self.literals)
        pairs = zip(self.names, others, strict=True)
        return first + "".join(f"{{{name}}}{literal}" for name, literal in pairs)


@functools.lru_cache(maxsize=16)
def parse_template(text: str) -> TextTemplate:
    r"""Parse a template such as `{title}\n{text}`.

    `{{` and `}}` are braces. A backslash and an n or t, as a shell passes them, are a line end and
    a tab; two backslashes are one; another backslash is text.

    >>> parse_template(r"{title}:\t{{{dc:text}}}")
    TextTemplate(names=('title', 'dc:text'), literals=('', ':\t{', '}'))

    Raises:
        ValueError: a brace has no other one, or the template has no field, or one twice.
    """
    names: list[str] = []
    literals = [""]
    for piece in _PIECE.finditer(text):
        if piece[1] is not None:
            names.append(piece[1])
            literals.append("")
        elif piece[0] in ("{", "}"):
            remedy = "close each field, and write {{ or }} for a brace of the text"
            raise ValueError(f"`text_template` {text!r} has a lone {piece[0]}: {remedy}")
        else:
            literals[-1] += _ESCAPES.get(piece[0], piece[0])
    _check_names(text, names)
    return TextTemplate(tuple(names), tuple(literals))


def _check_names(text: str, names: list[str]) -> None:
    if not names:
        raise ValueError(f"`text_template` {text!r} has no field: write one as {{name}}")
    if "" in names:
        raise ValueError(f"`text_template` {text!r} has {{}} without a name: name the field")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"`text_template` {text!r} has {{{twice}}} twice: name each field once")
