"""Fields of the input that records keep: their names, and one type each for the whole job."""

from transforms.fields.arrow_types import type_of_arrow
from transforms.fields.column_types import COLUMN_TYPES, ColumnTypes
from transforms.fields.json_text import JsonNumber, RepeatedKeys
from transforms.fields.kept_field import KeptField, common_type, parse_fields
from transforms.fields.nested_values import keep, type_of
from transforms.fields.single_values import WrongTypeError, describe, has_surrogate
from transforms.fields.stored_columns import as_bytes, column
from transforms.fields.text_values import parse_text, type_of_text

__all__ = [
    "COLUMN_TYPES",
    "ColumnTypes",
    "JsonNumber",
    "KeptField",
    "RepeatedKeys",
    "WrongTypeError",
    "as_bytes",
    "column",
    "common_type",
    "describe",
    "has_surrogate",
    "keep",
    "parse_fields",
    "parse_text",
    "type_of",
    "type_of_arrow",
    "type_of_text",
]
