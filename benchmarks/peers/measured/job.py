"""Measure our job, with any flags of `embed`."""

import argparse
import tempfile
from pathlib import Path

from benchmarks import jobs
from benchmarks.peers.measured import reporting
from pipeline.options import flag_row, flags


def main() -> None:
    """Embed, and print the figures."""
    ours, rest = reporting.parser(__doc__).parse_known_args()
    parser = argparse.ArgumentParser(allow_abbrev=False)
    flag_row.add_flags(parser, flags.FLAGS)
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "out")
        words = ["--input", str(ours.input), "--output", output, "--model", ours.model]
        words += ["--max_seq_length", str(ours.max_seq_length), *rest]
        measured = jobs.measure(parser.parse_args(words))
        from pipeline import reader

        figures = reporting.Figures(measured.began, measured.seconds, measured.documents, {})
        reporting.report(figures, reader.load_embeddings(output, "mean")[1], ours.vectors)


if __name__ == "__main__":
    main()
