"""The fields of a template that are cut into windows, and those that each window repeats."""

import dataclasses
from collections.abc import Sequence

from transforms.templates.text_template import TextTemplate

# What separates words in every tokenizer of BERT.
_SPACES = " \t\n\r"


@dataclasses.dataclass(frozen=True)
class CutFields:
    """The fields that are cut: a composed text is a head, these with what is between them, a tail.

    Attributes:
        first, end: their numbers, the last one excluded. Head and tail, which each window has, are
            the other fields and the literals before and behind these.
    """

    first: int
    end: int


def find_cut_fields(template: TextTemplate, repeated: Sequence[str]) -> CutFields:
    """Return the fields that are cut, if each window repeats some others.

    >>> find_cut_fields(TextTemplate(("a", "b", "c"), ("", " ", " ", "")), ["a"])
    CutFields(first=1, end=3)

    Raises:
        ValueError: the template lacks a field, or has none to cut; a repeated field is between
            others; or no white space separates what is cut, whose wordpieces would be others.
    """
    unknown = next((name for name in repeated if name not in template.names), None)
    if unknown is not None:
        raise ValueError(
            f"`repeat_fields` has {unknown!r}; `text_template` has {', '.join(template.names)}"
        )
    if len(set(repeated)) < len(repeated):
        raise ValueError("`repeat_fields` names a field twice; name each field once")
    cut = [number for number, name in enumerate(template.names) if name not in repeated]
    if not cut:
        raise ValueError(
            "`repeat_fields` has all fields of `text_template`; leave out the one to cut"
        )
    found = CutFields(cut[0], cut[-1] + 1)
    _check_order(template, repeated, found)
    _check_borders(template, found)
    return found


def _check_order(template: TextTemplate, repeated: Sequence[str], cut: CutFields) -> None:
    for name in template.names[cut.first : cut.end]:
        if name in repeated:
            raise ValueError(
                f"`repeat_fields` has {name!r}, which is between fields that are cut: put it at "
                "the beginning or the end of `text_template`"
            )


def _check_borders(template: TextTemplate, cut: CutFields) -> None:
    head, tail = template.literals[cut.first], template.literals[cut.end]
    remedy = "with `repeat_fields`, put a space or \\n there in `text_template`"
    if (head or cut.first) and head[-1:] not in tuple(_SPACES):
        raise ValueError(f"no space is before {{{template.names[cut.first]}}}: {remedy}")
    if (tail or cut.end < len(template.names)) and tail[:1] not in tuple(_SPACES):
        raise ValueError(f"no space is behind {{{template.names[cut.end - 1]}}}: {remedy}")
