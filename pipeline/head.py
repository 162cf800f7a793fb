"""`head`: the first records of a job, for people."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from pipeline import reader
from transforms import features, rejects
from transforms.features import DOCUMENT_FEATURES, TOKEN_FEATURES
from transforms.records.record_config import FAMILIES

_SHOWN_VALUES = 4
_SHOWN_IDS = 12


def head(folder: str, count: int) -> Iterator[str]:
    """Give lines that show the first records of each family.

    Raises:
        ValueError: the job is not finished.
    """
    for family in FAMILIES:
        if not reader.list_files(folder, family):
            continue
        yield f"{family}/"
        for record in itertools.islice(
            reader.iterate_records(folder, family), min(count, sys.maxsize)
        ):
            yield from _show(record)


def _show(record: dict[str, Any]) -> Iterator[str]:
    unknown = record[features.NUM_UNKNOWN][0]
    told = f", {unknown} unknown" if unknown else ""
    told += ", truncated" if record[features.TRUNCATED][0] else ""
    id_ = _text(record["id"][0])
    yield f"  {id_}  ({record[features.NUM_TOKENS][0]} tokens{told})"
    for name, value in record.items():
        if name in DOCUMENT_FEATURES:
            yield f"    {name} [{len(value)}] = {_vector(value)}  norm {np.linalg.norm(value):.4f}"
        elif name in TOKEN_FEATURES:
            rows = np.asarray(value).reshape(record[features.NUM_TOKENS][0], -1)
            yield f"    {name} {list(rows.shape)}, first row = {_vector(rows[0])}"
        elif name in (features.INPUT_IDS, features.SEGMENT_IDS):
            yield f"    {name} = {_shortened(map(str, value))}"
        elif name == features.TOKENS:
            yield f"    {name} = {_shortened(map(_text, value))}"
        elif name == features.OFFSETS:
            ranges = np.reshape(value, [-1, 2])
            yield f"    {name} = {_shortened(f'{start}:{end}' for start, end in ranges)}"
        elif name not in ("id", *features.ACCOUNT):
            yield f"    {rejects.detail(name)} = {', '.join(map(_shown, value)) or '(none)'}"


def _shown(value: Any) -> str:
    return _text(value) if isinstance(value, bytes) else str(value)


def _text(value: bytes) -> str:
    return rejects.detail(value.decode(errors="replace"))


def _shortened(values: Iterable[str]) -> str:
    shown = list(itertools.islice(values, _SHOWN_IDS + 1))
    return " ".join(shown[:_SHOWN_IDS]) + (" …" if len(shown) > _SHOWN_IDS else "")


def _vector(values: np.ndarray) -> str:
    shown = " ".join(f"{value:+.4f}" for value in values[:_SHOWN_VALUES])
    return f"[{shown} …]" if len(values) > _SHOWN_VALUES else f"[{shown}]"
