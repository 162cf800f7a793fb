"""Measure fastembed on the same weights: its model is ONNX, and it pools by the mean.

It does not sort, so that it gets the documents in the order of their lengths.
"""

import argparse
import json
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmarks.peers.measured import reporting, sorted_batches

_NAME, _SIZE = "beam-bert/same-weights", 384


def main() -> None:
    """Embed, and print the figures."""
    arguments = sorted_batches.parser(__doc__).parse_args()
    documents = reporting.read(arguments.input)
    model = _load(arguments)

    def embed(texts: Sequence[str], size: int) -> np.ndarray:
        order = np.argsort([-len(text) for text in texts], kind="stable")
        vectors = np.empty([len(texts), _SIZE], np.float32)
        vectors[order] = list(model.embed([texts[number] for number in order], batch_size=size))
        return vectors

    embed(documents[:2], 2)
    if arguments.trial:
        sizes = [int(size) for size in arguments.trial.split(",")]
        print(json.dumps({"batch_size": sorted_batches.fastest(embed, documents, sizes)}))
        return
    ready, started = time.time(), time.perf_counter()
    vectors = embed(documents, arguments.batch_size)
    seconds = time.perf_counter() - started
    details = {"batch": arguments.batch_size}
    figures = reporting.Figures(ready, seconds, len(documents), details)
    reporting.report(figures, vectors, arguments.vectors)


def _load(arguments: argparse.Namespace) -> Any:
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    TextEmbedding.add_custom_model(
        model=_NAME,
        pooling=PoolingType.MEAN,
        normalization=False,
        sources=ModelSource(hf=_NAME),
        dim=_SIZE,
        model_file="model.onnx",
    )
    return TextEmbedding(
        model_name=_NAME, specific_model_path=arguments.model, threads=sorted_batches.cores()
    )


if __name__ == "__main__":
    main()
