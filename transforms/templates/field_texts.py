"""Values of fields as the texts that a template composes."""

import math
from typing import Any

import numpy as np

from transforms import fields
from transforms.features import STRING
from transforms.fields import JsonNumber, KeptField

# Between the values of a list.
SEPARATOR = ", "
_TEXT = KeptField("", STRING)
_SCALARS = (str, bool, int, float, JsonNumber)


def text_of(value: Any) -> str:
    """Return the text of a value as a format has read it.

    Text is as it is. Integers and booleans are as JSON writes them, floats with the fewest digits
    that are the same number. The values of a list are joined by a comma and a space, without nulls.

    >>> text_of(["a", None, 1.5]), text_of(True)
    ('a, 1.5', 'true')

    Raises:
        WrongTypeError: it is a null, an object, bytes, a list in a list, NaN or an infinity.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return SEPARATOR.join(map(_scalar, (one for one in value if one is not None)))
    return _scalar(value)


def text_of_single(value: Any) -> str:
    """Return the text of a value whose floats are those of 32 bits; see `text_of`.

    >>> text_of_single(0.10000000149011612)
    '0.1'
    """
    values = value if isinstance(value, list) else [value]
    short = [float(str(np.float32(one))) if isinstance(one, float) else one for one in values]
    return text_of(short if isinstance(value, list) else short[0])


def _scalar(value: Any) -> str:
    infinite = isinstance(value, float) and not math.isfinite(value)
    literal = isinstance(value, JsonNumber) and not value.is_finite
    if infinite or literal or not isinstance(value, _SCALARS):
        raise fields.WrongTypeError("no text")
    return value if isinstance(value, str) else str(fields.keep(value, _TEXT))
