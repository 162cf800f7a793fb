"""Comma-separated values: a header, then one document a record (RFC 4180)."""

from transforms.sources.delimited import DelimitedFormat
from transforms.sources.dialect import Dialect

FORMAT = DelimitedFormat(Dialect(","), (".csv",), other_delimiters=(";", "|"))
