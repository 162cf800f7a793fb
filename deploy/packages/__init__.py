"""The packages that beam-bert requires: exact versions, sizes, and a list of what is installed."""
