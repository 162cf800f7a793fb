"""Tab-separated values: like CSV, with tabs."""

from transforms.sources.delimited import DelimitedFormat

FORMAT = DelimitedFormat("\t", (".tsv", ".tab"))
