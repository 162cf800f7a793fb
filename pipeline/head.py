"""`head`: the first records of a job, for people."""

import itertools
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from pipeline import reader
from pipeline.manifest import load_manifest
from transforms import examples, features, rejects
from transforms.features import DOCUMENT_FEATURES, SEQUENCE_OUTPUT

_SHOWN_VALUES = 4
_SHOWN_IDS = 12


def head(folder: str, count: int) -> Iterator[str]:
    """Give lines that show the first records of each family.

    Raises:
        ValueError: the job is not finished.
    """
    manifest = load_manifest(folder)
    paths = [file["path"] for part in manifest["parts"] for file in part["files"]]
    for family in (examples.POOLED, examples.SEQUENCE):
        if not any(path.startswith(f"{family}/") for path in paths):
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
    id_ = rejects.detail(record["id"][0].decode())
    yield f"  {id_}  ({record[features.NUM_TOKENS][0]} tokens{told})"
    for name, value in record.items():
        if name in DOCUMENT_FEATURES:
            yield f"    {name} [{len(value)}] = {_vector(value)}  norm {np.linalg.norm(value):.4f}"
        elif name == SEQUENCE_OUTPUT:
            rows = np.asarray(value).reshape(record[features.NUM_TOKENS][0], -1)
            yield f"    {name} {list(rows.shape)}, first row = {_vector(rows[0])}"
        elif name in (features.INPUT_IDS, features.SEGMENT_IDS):
            yield f"    {name} = {_shortened(map(str, value))}"
        elif name == features.TOKENS:
            yield f"    {name} = {_shortened(rejects.detail(token.decode()) for token in value)}"
        elif name == features.OFFSETS:
            ranges = np.reshape(value, [-1, 2])
            yield f"    {name} = {_shortened(f'{start}:{end}' for start, end in ranges)}"
        elif name not in ("id", *features.ACCOUNT):
            yield f"    {name} = {', '.join(rejects.detail(v.decode()) for v in value) or '(none)'}"


def _shortened(values: Iterable[str]) -> str:
    shown = list(itertools.islice(values, _SHOWN_IDS + 1))
    return " ".join(shown[:_SHOWN_IDS]) + (" …" if len(shown) > _SHOWN_IDS else "")


def _vector(values: np.ndarray) -> str:
    shown = " ".join(f"{value:+.4f}" for value in values[:_SHOWN_VALUES])
    return f"[{shown} …]" if len(values) > _SHOWN_VALUES else f"[{shown}]"
