"""Measure ONNX Runtime, with one batch at a time on each core."""

import numpy as np

from benchmarks.peers.measured import sorted_batches
from benchmarks.peers.measured.sorted_batches import Encode


def main() -> None:
    """Embed, and print the figures."""
    arguments = sorted_batches.parser(__doc__).parse_args()
    encode = _load(f"{arguments.model}/model.onnx")
    sorted_batches.measure(arguments, encode, sorted_batches.cores(), {})


def _load(path: str) -> Encode:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, settings, providers=["CPUExecutionProvider"])
    kinds = {one.name: _NUMPY[one.type] for one in session.get_inputs()}

    def encode(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        mask = np.arange(ids.shape[1]) < lengths[:, None]
        arrays = {
            "input_ids": ids,
            "attention_mask": mask,
            "token_type_ids": np.zeros_like(ids),
        }
        feed = {name: arrays[name].astype(kind) for name, kind in kinds.items()}
        vectors: np.ndarray = session.run(None, feed)[0]
        return vectors

    return encode


# The optimizer of ONNX Runtime changes the type of the inputs.
_NUMPY = {"tensor(int32)": np.int32, "tensor(int64)": np.int64}


if __name__ == "__main__":
    main()
