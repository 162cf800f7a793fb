"""Fit the types of kept fields to the format of the records, which may not hold all values."""

from collections.abc import Sequence

from pipeline.errors import UsageError
from transforms import rejects
from transforms.features import FLOAT32, FLOAT64, STRING
from transforms.fields import KeptField
from transforms.records import output_format
from transforms.records.output_format import OutputFormat
from transforms.sources.base import SampledFields


def fit(
    kept: Sequence[KeptField], samples: Sequence[SampledFields], output: OutputFormat
) -> tuple[KeptField, ...]:
    """Replace the types that a format of records does not hold by those that take their place.

    Args:
        kept: the fields, with their types.
        samples: the fields of a sample of the input.
        output: the format of the records.

    Raises:
        UsageError: a value of the sample would change.
    """
    wide = zip(*(sample.wide for sample in samples if sample.wide), strict=True)
    numbers = [next(filter(None, values), "") for values in wide] or [""] * len(kept)
    return tuple(
        KeptField(field.name, _type(field, number, output))
        for field, number in zip(kept, numbers, strict=True)
    )


def _type(field: KeptField, number: str, output: OutputFormat) -> str:
    narrow = output.narrow_types.get(field.type)
    if narrow is None:
        return field.type
    if number:
        name = rejects.detail(field.name)
        formats = [other for other in output_format.names() if _holds(other, field.type)]
        raise UsageError(
            f"--keep_fields {name}: the number {number} of a sample needs {FLOAT64}, and these "
            f"records have only {FLOAT32}\n"
            f"Keep it as text ({name}:{STRING}), rounded ({name}:{FLOAT32}), or exact with "
            f"--output_format {' or '.join(formats)}"
        )
    return narrow


def _holds(name: str, type_: str) -> bool:
    return type_ not in output_format.find(name).narrow_types


def check_asked(samples: Sequence[SampledFields]) -> None:
    """Raise UsageError for a field that can never have the type that is asked for."""
    for sample in samples:
        if sample.problems:
            raise UsageError(sample.problems[0])
