"""Our own job, with whatever flags of `embed` are given."""

import argparse
import tempfile
from pathlib import Path

from benchmarks import jobs
from benchmarks.peers.measured import telling
from pipeline.options import flags


def main() -> None:
    """Embed, and tell."""
    ours, rest = telling.parser(__doc__).parse_known_args()
    parser = argparse.ArgumentParser(allow_abbrev=False)
    flags.add_embed_flags(parser)
    with tempfile.TemporaryDirectory() as folder:
        output = str(Path(folder) / "out")
        given = ["--input", str(ours.input), "--output", output, "--model", ours.model]
        given += ["--max_seq_length", str(ours.max_seq_length), *rest]
        measured = jobs.measure(parser.parse_args(given))
        from pipeline import reader

        told = telling.Measured(measured.began, measured.seconds, measured.documents, {})
        telling.tell(told, reader.load_embeddings(output, "mean")[1], ours.vectors)


if __name__ == "__main__":
    main()
