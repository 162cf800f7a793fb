"""`python -m pipeline` is `beam-bert`."""

from pipeline.cli import program

program()
