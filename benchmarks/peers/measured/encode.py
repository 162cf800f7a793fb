"""`SentenceTransformer.encode`, which sorts by length itself; by torch or by OpenVINO.

With `--trial` it says which of several sizes of batches is fastest, and measures nothing else.
"""

import json
import os
import time
from typing import Any

from benchmarks.peers.measured import telling

_TRIAL_DOCUMENTS = 384


def main() -> None:
    """Embed, and tell."""
    parser = telling.parser(__doc__)
    parser.add_argument("--backend", choices=("torch", "openvino"), default="torch")
    parser.add_argument("--precision", default=None, help="what to load the weights in, or compute")
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--trial", default=None, metavar="A,B", help="sizes of batches to try")
    arguments = parser.parse_args()
    documents = telling.read(arguments.input)
    model = _load(arguments)
    model.encode(documents[:2])
    if arguments.trial:
        print(json.dumps({"batch_size": _fastest(model, documents, arguments.trial)}))
        return
    ready, started = time.time(), time.perf_counter()
    vectors = model.encode(documents, batch_size=arguments.batch_size)
    seconds = time.perf_counter() - started
    details = {"batch": arguments.batch_size, "computed in": _precision(model)}
    told = telling.Measured(ready, seconds, len(documents), details)
    telling.tell(told, vectors, arguments.vectors)


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
    """Say what the products are made in."""
    inner = model[0].auto_model
    if hasattr(inner, "request"):
        found = inner.request.get_property("INFERENCE_PRECISION_HINT")
        return str(found.get_type_name())
    return str(inner.dtype).removeprefix("torch.")


def _fastest(model: Any, documents: list[str], sizes: str) -> int:
    """Find the size of batches that takes least for some of the documents, of two tries each."""
    some = documents[:_TRIAL_DOCUMENTS]
    taken: dict[int, float] = {}
    for size in [int(size) for size in sizes.split(",")] * 2:
        started = time.perf_counter()
        model.encode(some, batch_size=size)
        seconds = time.perf_counter() - started
        taken[size] = min(seconds, taken.get(size, seconds))
    return min(taken, key=taken.__getitem__)


if __name__ == "__main__":
    main()
