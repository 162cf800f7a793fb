"""Fields that are wanted, held against a sample of the corpus: that they are there, their types."""

import contextlib
import dataclasses
import difflib
from collections.abc import Iterable, Sequence

from pipeline.console import quiet
from pipeline.errors import UsageError
from pipeline.inputs.bigquery_names import SCHEME
from pipeline.inputs.plan import sample
from pipeline.options.embed_config import InputConfig
from transforms import features, fields, rejects
from transforms.documents import Split
from transforms.io.decompressing import DamagedError
from transforms.read import open_split
from transforms.sources import base, opening
from transforms.sources.base import ReadConfig, SampledFields

_SHOWN_FIELDS = 12


def with_types(config: InputConfig, splits: Sequence[Split]) -> InputConfig:
    """Give each kept field a type: its own, or that of its values in a sample of the corpus.

    The same plan gives the same types. What cannot be read is passed over.

    Raises:
        UsageError: no record of the sample has a field that is wanted. A kept field whose type is
            told may be one that few records have.
    """
    chosen = sample(splits)
    seen = [_look(split, config) for split in chosen]
    # Rows of a table may leave out a field that they have no value for.
    told = [own for split, own in zip(chosen, seen, strict=True) if not _is_of_table(split)]
    _check_fields(config.read, dict.fromkeys(name for own in told for name in own.names))
    kept = config.read.kept
    by_field = zip(*(own.types for own in seen if own.types), strict=True)
    found = [fields.common_type(types) for types in by_field] or [features.STRING] * len(kept)
    kept = tuple(
        field if field.type else dataclasses.replace(field, type=type_)
        for field, type_ in zip(kept, found, strict=True)
    )
    read = dataclasses.replace(config.read, keep_fields=tuple(map(str, kept)))
    return dataclasses.replace(config, read=read)


def _look(split: Split, config: InputConfig) -> SampledFields:
    source = split.source
    if base.find(source.format).needs_tensorflow:
        # Its reader imports it, with all that it has to say then.
        quiet.import_tensorflow()
    with (
        contextlib.suppress(OSError, ValueError, DamagedError),
        contextlib.closing(open_split(split)) as raw,
    ):
        stream = opening.readable(raw, source, config.read)
        return base.find(source.format).sample_fields(split, stream, config.read)
    return SampledFields()


def _is_of_table(split: Split) -> bool:
    return split.source.path.startswith(SCHEME)


def _check_fields(config: ReadConfig, there: Iterable[str]) -> None:
    """Refuse fields that no record has; where no record could be read, all may be there."""
    names = list(there)
    untyped = [field.name for field in config.kept if not field.type]
    wanted = [*config.fields.items(), *(("keep_fields", name) for name in untyped)]
    for setting, name in wanted:
        if names and name not in names:
            raise UsageError(_missing(f"--{setting}", name, names))


def _missing(flag: str, name: str, names: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    guess = f": did you mean {near[0]!r}?" if near else ""
    shown = ", ".join(names[:_SHOWN_FIELDS]) + ", ..." * (len(names) > _SHOWN_FIELDS)
    rare = f"; one that few have needs its type: {name}:string" * (flag == "--keep_fields")
    return (
        f"{flag}: no record of a sample has a field {name!r}{rejects.detail(guess)}\n"
        f"They have {rejects.detail(shown)}{rare}"
    )
