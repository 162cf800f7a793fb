"""Measure Beam's MLTransform with SentenceTransformerEmbeddings, on the runner that our job uses.

By default it chooses batch sizes itself. With `--bundle` it waits for this number of documents,
which sentence-transformers then sorts by length.
"""

import tempfile
from typing import Any

import apache_beam as beam
import numpy as np
from apache_beam.ml.transforms.base import MLTransform
from apache_beam.ml.transforms.embeddings.huggingface import SentenceTransformerEmbeddings
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from benchmarks.peers.measured import reporting, stamps


def main() -> None:
    """Embed, and print the figures."""
    parser = reporting.parser(__doc__)
    parser.add_argument("--bundle", type=int, default=None, help="documents per call")
    parser.add_argument("--batch_size", type=int, default=None, help="of sentence-transformers")
    arguments = parser.parse_args()
    documents = reporting.read(arguments.input)
    settings: dict[str, Any] = {}
    if arguments.bundle:
        settings |= {"min_batch_size": arguments.bundle, "max_batch_size": arguments.bundle}
    if arguments.batch_size:
        settings["inference_args"] = {"batch_size": arguments.batch_size}
    embeddings = SentenceTransformerEmbeddings(
        model_name=arguments.model,
        columns=["text"],
        max_seq_length=arguments.max_seq_length,
        **settings,
    )
    rows = [{"number": number, "text": text} for number, text in enumerate(documents)]
    with tempfile.TemporaryDirectory() as folder, beam.Pipeline(runner=FnApiRunner()) as pipeline:
        _ = (
            pipeline
            | beam.Create(rows)
            | "first" >> beam.Map(stamps.mark_arrival)
            | MLTransform(write_artifact_location=folder).with_transform(embeddings)
            | "last" >> beam.Map(stamps.keep_result)
        )
    order = sorted(stamps.rows, key=lambda row: int(row["number"]))
    vectors = np.array([row["text"] for row in order], np.float32)
    details = {
        "batch": arguments.batch_size or 32,
        "documents per call": arguments.bundle or "auto",
    }
    figures = reporting.Figures(stamps.times[0], stamps.seconds(), len(order), details)
    reporting.report(figures, vectors, arguments.vectors)


if __name__ == "__main__":
    main()
