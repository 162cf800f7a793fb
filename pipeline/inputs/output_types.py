"""Fit the types of kept fields to the format of the records, which may not hold all values."""

from collections.abc import Sequence

from pipeline.errors import UsageError
from transforms import rejects
from transforms.features import FLOAT32, FLOAT64, JSON, STRING
from transforms.fields import KeptField, nested_notation, nested_types, nested_values
from transforms.fields.arrow_leaves import NULL
from transforms.fields.nested_types import ListOf
from transforms.records import output_format
from transforms.records.output_format import OutputFormat
from transforms.sources.base import SampledFields


def fit(
    asked: Sequence[KeptField],
    kept: Sequence[KeptField],
    samples: Sequence[SampledFields],
    output: OutputFormat,
) -> tuple[KeptField, ...]:
    """Replace the types that a format of records does not hold by those that take their place.

    Args:
        asked: the fields, with the types that were asked for.
        kept: the fields, with their types.
        samples: the fields of a sample of the input.
        output: the format of the records.

    Raises:
        UsageError: a value of the sample would change.
    """
    wide = zip(*(sample.wide for sample in samples if sample.wide), strict=True)
    numbers = [next(filter(None, values), "") for values in wide] or [""] * len(kept)
    fields = [_relaxed(*pair, output) for pair in zip(asked, kept, strict=True)]
    return tuple(
        KeptField(field.name, _type(field, number, output))
        for field, number in zip(fields, numbers, strict=True)
    )


def _relaxed(asked: KeptField, field: KeptField, output: OutputFormat) -> KeptField:
    """Return a field whose sampled list may have nulls, if the format holds these; else JSON."""
    nested = field.nested
    if asked.type or nested is None:
        return field
    if nested_types.scalars_of(nested) == nested_types.Leaf(NULL):
        # Lists without values show no type.
        return KeptField(field.name, JSON)
    held = nested_notation.find(output.held_type(str(nested_types.nullable(nested))))
    needs_values = isinstance(held, ListOf) and held.not_null
    if needs_values and isinstance(nested, ListOf) and not nested.not_null:
        return KeptField(field.name, JSON)
    return field if needs_values else KeptField(field.name, str(nested_types.nullable(nested)))


def _type(field: KeptField, number: str, output: OutputFormat) -> str:
    held = output.held_type(field.type)
    if number and FLOAT64 in (field.type, field.scalars) and held != field.type:
        name = rejects.detail(field.name)
        text, rounded = STRING, FLOAT32
        if field.scalars:
            text, rounded = JSON, nested_values.list_of(FLOAT32, not_null=False)
        formats = [other for other in output_format.names() if _holds(other, field.type)]
        raise UsageError(
            f"--keep_fields {name}: the number {number} of a sample needs {FLOAT64}, and these "
            f"records have only {FLOAT32}\n"
            f"Keep it as text ({name}:{text}), rounded ({name}:{rounded}), or exact with "
            f"--output_format {' or '.join(formats)}"
        )
    return held


def _holds(name: str, type_: str) -> bool:
    return output_format.find(name).held_type(type_) == type_


def check_asked(samples: Sequence[SampledFields]) -> None:
    """Raise UsageError for a field that can never have the type that is asked for."""
    for sample in samples:
        if sample.problems:
            raise UsageError(sample.problems[0])
