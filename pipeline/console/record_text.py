"""Describe a record in a few short lines."""

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from transforms import features, rejects
from transforms.features import DOCUMENT_FEATURES, TOKEN_FEATURES

_SHOWN_VALUES = 4
_SHOWN_IDS = 12


def to_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines about one record, with the first values of its vectors.

    Args:
        record: as `reader.iterate_records` yields it.
    """
    unknown = record[features.NUM_UNKNOWN][0]
    notes = f", {unknown} [UNK]" if unknown else ""
    notes += ", truncated" if record[features.TRUNCATED][0] else ""
    id_ = _text(record["id"][0])
    yield f"  {id_}  ({record[features.NUM_TOKENS][0]} tokens{notes})"
    for name, value in record.items():
        if name in DOCUMENT_FEATURES:
            yield f"    {name} [{len(value)}] = {_vector(value)}  norm {np.linalg.norm(value):.4f}"
        elif name in TOKEN_FEATURES:
            rows = np.asarray(value).reshape(record[features.NUM_TOKENS][0], -1)
            yield f"    {name} {list(rows.shape)}, first row = {_vector(rows[0])}"
        elif name in (features.INPUT_IDS, features.SEGMENT_IDS, features.FIELDS_OF_TOKENS):
            yield f"    {name} = {_shortened(map(str, value))}"
        elif name == features.TOKENS:
            yield f"    {name} = {_shortened(map(_text, value))}"
        elif name == features.OFFSETS:
            ranges = np.reshape(value, [-1, 2])
            yield f"    {name} = {_shortened(f'{start}:{end}' for start, end in ranges)}"
        elif name not in ("id", *features.ACCOUNT):
            yield f"    {rejects.detail(name)} = {', '.join(map(_shown, value)) or '(none)'}"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    return _text(value) if isinstance(value, bytes) else str(value)


def _text(value: bytes) -> str:
    return rejects.detail(value.decode(errors="backslashreplace"))


def _shortened(values: Iterable[str]) -> str:
    shown = list(itertools.islice(values, _SHOWN_IDS + 1))
    return " ".join(shown[:_SHOWN_IDS]) + (" …" if len(shown) > _SHOWN_IDS else "")


def _vector(values: np.ndarray) -> str:
    shown = " ".join(f"{value:+.4f}" for value in values[:_SHOWN_VALUES])
    return f"[{shown} …]" if len(values) > _SHOWN_VALUES else f"[{shown}]"
