"""Tab-separated values: a header, then one document a line, whose quotes are text."""

from transforms.sources.delimited import DelimitedFormat
from transforms.sources.dialect import Dialect

FORMAT = DelimitedFormat(Dialect("\t", has_quotes=False), (".tsv", ".tab"))
