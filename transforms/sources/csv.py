"""Comma-separated values: a header, then a record a document (RFC 4180)."""

from transforms.sources.delimited import DelimitedFormat

FORMAT = DelimitedFormat(",", (".csv",))
