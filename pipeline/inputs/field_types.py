"""Check the named fields against a sample of the corpus, and find the types of kept fields."""

import contextlib
import dataclasses
import difflib
import functools
from collections.abc import Collection, Sequence

from pipeline.console import quiet
from pipeline.errors import UsageError
from pipeline.inputs import output_types, sampling
from pipeline.inputs.bigquery_names import SCHEME
from pipeline.options.embed_config import InputConfig
from transforms import escaping, fields, rejects
from transforms.documents import Split
from transforms.fields import KeptField, WrongTypeError
from transforms.groups.read_split import open_split
from transforms.io.watching import DamagedError
from transforms.records.output_format import OutputFormat
from transforms.sources import base, json_heads, missing_fields, opening, path_keys, record_fields
from transforms.sources.base import ReadConfig, SampledFields

_SHOWN_FIELDS = 12


def with_types(
    config: InputConfig, splits: Sequence[Split], output: OutputFormat | None = None
) -> InputConfig:
    """Set the type of each kept field: the given type, or that of its values in a sample.

    The sample grows while it lacks a field, or values of a field to keep. Keys of paths are those
    of all files. The same plan gives the same types, if its files can be read.

    Args:
        config: the input.
        splits: its plan.
        output: the format of the records; None if no records are written.

    Raises:
        UsageError: no record of the sample has a named field. A kept field with a given type may be
            missing, because few records may have it. Or a kept field can never have the type that
            is asked for, or `output` would change a value of the sample.
    """
    read = functools.partial(_sample_fields, config=config)
    paths = _one_of_each_folder(splits) if config.read.keep_fields else []
    keys = dict.fromkeys(key for path in paths for key in path_keys.keys_of(path))
    sampled = sampling.read_until(
        splits, read, lambda found: _is_complete(_fields_of(found), config.read, keys)
    )
    # Rows of a BigQuery table may omit a field without a value.
    of_files = _fields_of([one for one in sampled if not _is_of_table(one[0])])
    _check_fields(config.read, of_files, keys)
    samples = _fields_of(sampled)
    samples.append(_sample_keys(paths, samples, config.read))
    kept = tuple(
        field if field.type else dataclasses.replace(field, type=_type(place, samples))
        for place, field in enumerate(config.read.kept)
    )
    output_types.check_asked(samples)
    if output is not None:
        kept = output_types.fit(config.read.kept, kept, samples, output)
    typed = dataclasses.replace(config.read, keep_fields=tuple(map(str, kept)))
    return dataclasses.replace(config, read=typed)


def _fields_of(sampled: Sequence[tuple[Split, SampledFields]]) -> list[SampledFields]:
    return [fields_ for _, fields_ in sampled]


def _names(samples: Sequence[SampledFields]) -> list[str]:
    return list(dict.fromkeys(name for sample in samples for name in sample.names))


def _one_of_each_folder(splits: Sequence[Split]) -> list[str]:
    """Return the path of one file of each folder."""
    files = (file for split in splits for file in split.files)
    return list({file.path.rpartition("/")[0]: file.path for file in files}.values())


def _is_complete(
    samples: Sequence[SampledFields], config: ReadConfig, keys: Collection[str]
) -> bool:
    """Return whether the samples have every named field, and a value of every field to keep."""
    names = _names(samples)
    if names and not {name for _, name in config.fields} <= set(names):
        return False
    by_field = zip(*(sample.types for sample in samples if sample.types), strict=True)
    types = [any(values) for values in by_field] or [False] * len(config.kept)
    pairs = zip(config.kept, types, strict=True)
    return all(field.type or known or field.name in keys for field, known in pairs)


def _sample_keys(
    paths: Sequence[str], samples: Sequence[SampledFields], config: ReadConfig
) -> SampledFields:
    """Return the types of the keys of paths, for the fields that a record of the sample lacks."""
    values = [path_keys.keys_of(path) for path in paths]
    keys = record_fields.sample(values, config, fields.type_of_text, fields.parse_text)
    count = [sum(field.name in sample.names for sample in samples) for field in config.kept]
    lacking = [not samples or number < len(samples) for number in count]
    problems = [
        _problem_of_keys([one[field.name] for one in values if field.name in one], field)
        for field, is_lacking in zip(config.kept, lacking, strict=True)
        if is_lacking
    ]
    return SampledFields(
        keys.names,
        tuple(one * is_lacking for one, is_lacking in zip(keys.types, lacking, strict=True)),
        tuple(one * is_lacking for one, is_lacking in zip(keys.wide, lacking, strict=True)),
        tuple(filter(None, problems)),
    )


def _problem_of_keys(values: Sequence[str | None], field: KeptField) -> str:
    """Return why no value of a key has the type of its field; empty if one has it."""
    problem = ""
    for value in filter(None, values):
        try:
            fields.parse_text(value, field)
            return ""
        except WrongTypeError as error:
            problem = str(error)
    return problem


def _type(place: int, samples: Sequence[SampledFields]) -> str:
    """Return the type of a kept field: that of its values, and of keys where records lack it."""
    return fields.common_type(sample.types[place] for sample in samples if sample.types)


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


def _check_fields(
    config: ReadConfig, samples: Sequence[SampledFields], keys: Collection[str]
) -> None:
    """Raise UsageError for a field that no record has; accept all if no record could be read."""
    names = _names(samples)
    array = next((name for sample in samples for name in sample.arrays), None)
    untyped = [field.name for field in config.kept if not field.type]
    named = [*config.fields, *(("keep_fields", name) for name in untyped)]
    for setting, name in named:
        is_key = setting == "keep_fields" and name in keys
        if names and name not in names and not is_key:
            raise UsageError(_missing(setting, name, names, keys) + _hint_of_array(array))


def _hint_of_array(name: str | None) -> str:
    """Return the remedy if records hold an array of objects, which may be the documents."""
    if name is None:
        return ""
    hint = f"; documents in the array {name!r}: {json_heads.unwrapping(name)}"
    return escaping.one_line(hint)


def _missing(setting: str, name: str, names: Sequence[str], keys: Collection[str]) -> str:
    near = difflib.get_close_matches(name, names, 1)
    hint = missing_fields.hint(setting, name, names, keys)
    guess = f": did you mean {near[0]!r}?" if near and not hint else ""
    shown = ", ".join(names[:_SHOWN_FIELDS]) + ", ..." * (len(names) > _SHOWN_FIELDS)
    rare = f"; one that few have needs its type: {name}:string" * (setting == "keep_fields")
    return (
        f"--{setting}: no record of a sample has a field {name!r}{rejects.detail(guess)}\n"
        f"They have {rejects.detail(shown)}{escaping.one_line(hint)}{rare}"
    )
