"""The types of the fields that records are to carry, where the user does not tell them."""

import contextlib
import dataclasses
from collections.abc import Sequence

from pipeline.options import InputConfig
from pipeline.plan import sample
from transforms import features, fields
from transforms.documents import Split
from transforms.read import open_split
from transforms.sources import base, opening
from transforms.sources.decompressing import DamagedError


def with_types(config: InputConfig, splits: Sequence[Split]) -> InputConfig:
    """Give each kept field a type: its own, or that of its values in a sample of the corpus.

    The same plan gives the same types. What cannot be read is passed over.
    """
    kept = config.read.kept
    if not all(field.type for field in kept):
        seen = [_types(split, config) for split in sample(splits)]
        by_field = zip(*(types for types in seen if types), strict=True)
        found = [fields.common_type(types) for types in by_field] or [features.STRING] * len(kept)
        kept = tuple(
            field if field.type else dataclasses.replace(field, type=type_)
            for field, type_ in zip(kept, found, strict=True)
        )
    read = dataclasses.replace(config.read, keep_fields=tuple(map(str, kept)))
    return dataclasses.replace(config, read=read)


def _types(split: Split, config: InputConfig) -> list[str]:
    source = split.source
    with (
        contextlib.suppress(OSError, ValueError, DamagedError),
        contextlib.closing(open_split(split)) as raw,
    ):
        stream = opening.readable(raw, source, config.read)
        return base.find(source.format).field_types(split, stream, config.read)
    return []
