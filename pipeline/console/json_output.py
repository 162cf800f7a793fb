"""The JSON that commands print with `--json`: one shape for all of them.

docs/json-output.md has the keys of each command. Keys may be added; a key that changes its meaning
or is removed raises `VERSION`.
"""

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np

from transforms.io import redaction

VERSION = 1


def to_json(command: str, fields: Mapping[str, Any]) -> str:
    r"""Return the JSON document that a command prints, over several lines.

    Args:
        command: its name.
        fields: numbers, texts, dataclasses, and collections of them. Secrets in texts are redacted.

    >>> print(to_json("status", {"parts": 2, "seconds_left": float("inf")}))
    {
     "version": 1,
     "command": "status",
     "parts": 2,
     "seconds_left": null
    }
    """
    return json.dumps(_document(command, redacted(plain(fields))), indent=1, allow_nan=False)


def to_json_line(command: str, fields: Mapping[str, Any]) -> str:
    """Return a JSON document in one line, with every word of its texts: they are a corpus's."""
    return json.dumps(_document(command, plain(fields)), allow_nan=False)


def _document(command: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"version": VERSION, "command": command, **fields}


def plain(value: Any) -> Any:
    """Convert a value to what JSON has; a number that is not finite becomes null.

    >>> plain({"vector": np.float32([0.5, np.nan]), "names": ("a", "b")})
    {'vector': [0.5, None], 'names': ['a', 'b']}
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, msgspec.Struct):
        return plain(msgspec.structs.asdict(value))
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def redacted(value: Any) -> Any:
    """Redact the secrets of all texts within a value of JSON.

    >>> redacted({"unread": ["s3://bucket/a?X-Amz-Signature=abc"]})
    {'unread': ['s3://bucket/a?X-Amz-Signature=REDACTED']}
    """
    if isinstance(value, str):
        return redaction.redact(value)
    if isinstance(value, dict):
        return {key: redacted(one) for key, one in value.items()}
    return [redacted(one) for one in value] if isinstance(value, list) else value
