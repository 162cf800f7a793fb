"""Check the named fields against a sample of the corpus, and find the types of kept fields."""

import contextlib
import dataclasses
import difflib
import functools
from collections.abc import Iterable, Sequence

from pipeline.console import quiet
from pipeline.errors import UsageError
from pipeline.inputs import sampling
from pipeline.inputs.bigquery_names import SCHEME
from pipeline.options.embed_config import InputConfig
from transforms import features, fields, rejects
from transforms.documents import Split
from transforms.io.watching import DamagedError
from transforms.read import open_split
from transforms.sources import base, opening
from transforms.sources.base import ReadConfig, SampledFields

_SHOWN_FIELDS = 12


def with_types(config: InputConfig, splits: Sequence[Split]) -> InputConfig:
    """Set the type of each kept field: the given type, or that of its values in a sample.

    The same plan gives the same types, if its files can be read.

    Raises:
        UsageError: no record of the sample has a named field. A kept field with a given type may be
            missing, because few records may have it.
    """
    read = sampling.read_each(splits, functools.partial(_sample_fields, config=config))
    samples = [fields_ for _, fields_ in read]
    # Rows of a BigQuery table may omit a field without a value.
    of_files = [fields_ for split, fields_ in read if not _is_of_table(split)]
    _check_fields(
        config.read, dict.fromkeys(name for fields_ in of_files for name in fields_.names)
    )
    kept = config.read.kept
    by_field = zip(*(fields_.types for fields_ in samples if fields_.types), strict=True)
    types = [fields.common_type(values) for values in by_field] or [features.STRING] * len(kept)
    kept = tuple(
        field if field.type else dataclasses.replace(field, type=type_)
        for field, type_ in zip(kept, types, strict=True)
    )
    typed = dataclasses.replace(config.read, keep_fields=tuple(map(str, kept)))
    return dataclasses.replace(config, read=typed)


def _sample_fields(split: Split, config: InputConfig) -> SampledFields:
    source = split.source
    if base.find(source.format).needs_tensorflow:
        # The import by the reader would print messages.
        quiet.import_tensorflow()
    with (
        contextlib.suppress(ValueError, DamagedError),
        contextlib.closing(open_split(split)) as raw,
    ):
        stream = opening.readable(raw, source, config.read)
        return base.find(source.format).sample_fields(split, stream, config.read)
    return SampledFields()


def _is_of_table(split: Split) -> bool:
    return split.source.path.startswith(SCHEME)


def _check_fields(config: ReadConfig, existing: Iterable[str]) -> None:
    """Raise UsageError for a field that no record has; accept all if no record could be read."""
    names = list(existing)
    untyped = [field.name for field in config.kept if not field.type]
    named = [*config.fields.items(), *(("keep_fields", name) for name in untyped)]
    for setting, name in named:
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
