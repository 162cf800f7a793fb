"""Strict JSON: decode files that anybody may have written into declared types, by msgspec.

msgspec refuses NaN, Infinity, numbers that no float holds, halves of surrogate pairs and values of
another type than the declared one. Structs here also refuse fields that they do not declare.
"""

from typing import Annotated, Any, TypeVar

import msgspec

from transforms import escaping

_T = TypeVar("_T")
Json = str | bytes

# Counts, sizes and positions fit an int64.
Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
# A time span or a time since 1970, in seconds: at most some 3,000 years.
Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e11)]
# A cosine; rounding may carry it a little over 1.
Cosine = Annotated[float, msgspec.Meta(ge=-1.001, le=1.001)]

# Characters of an error message: names in a hostile file may be long.
_MOST_SHOWN = 200
_ANY = msgspec.json.Decoder()


def decode(text: Json, decoder: "msgspec.json.Decoder[_T]") -> _T:
    """Decode JSON.

    Raises:
        ValueError: the text is malformed, nested too deeply, or of another shape. The message is
            one line that names the field.
    """
    try:
        return decoder.decode(text)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    except ValueError as error:
        raise ValueError(escaping.one_line(error)[:_MOST_SHOWN]) from error


def decode_any(text: Json) -> Any:
    """Decode JSON of any shape; raise as `decode` does."""
    return decode(text, _ANY)
