"""Measure `SentenceTransformer.encode`, which sorts by length, with torch or OpenVINO.

With `--trial` it only prints which of several batch sizes is the fastest.
"""

import json
import os
import time
from typing import Any

from benchmarks.peers.measured import reporting, sorted_batches


def main() -> None:
    """Embed, and print the figures."""
    parser = sorted_batches.parser(__doc__)
    parser.add_argument("--backend", choices=("torch", "openvino"), default="torch")
    parser.add_argument(
        "--precision", default=None, help="of the weights (torch), or of the products (openvino)"
    )
    arguments = parser.parse_args()
    documents = reporting.read(arguments.input)
    model = _load(arguments)
    model.encode(documents[:2])
    if arguments.trial:
        sizes = [int(size) for size in arguments.trial.split(",")]
        fastest = sorted_batches.fastest(
            lambda texts, size: model.encode(texts, batch_size=size), documents, sizes
        )
        print(json.dumps({"batch_size": fastest}))
        return
    ready, started = time.time(), time.perf_counter()
    vectors = model.encode(documents, batch_size=arguments.batch_size)
    seconds = time.perf_counter() - started
    details = {"batch": arguments.batch_size, "computed in": _precision(model)}
    figures = reporting.Figures(ready, seconds, len(documents), details)
    reporting.report(figures, vectors, arguments.vectors)


def _load(arguments: Any) -> Any:
    import torch
    from sentence_transformers import SentenceTransformer

    torch.set_num_threads(os.cpu_count() or 1)
    settings: dict[str, Any] = {}
    if arguments.precision and arguments.backend == "torch":
        settings["torch_dtype"] = arguments.precision
    if arguments.precision and arguments.backend == "openvino":
        settings["ov_config"] = {"INFERENCE_PRECISION_HINT": arguments.precision}
    model = SentenceTransformer(
        arguments.model, device="cpu", backend=arguments.backend, model_kwargs=settings
    )
    model.max_seq_length = arguments.max_seq_length
    return model


def _precision(model: Any) -> str:
    """Return the precision of the products."""
    inner = model[0].auto_model
    if hasattr(inner, "request"):
        precision = inner.request.get_property("INFERENCE_PRECISION_HINT")
        return str(precision.get_type_name())
    return str(inner.dtype).removeprefix("torch.")


if __name__ == "__main__":
    main()
