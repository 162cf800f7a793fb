"""Measure CTranslate2's encoder, with one batch at a time on each core."""

import numpy as np

from benchmarks.peers.measured import sorted_batches
from benchmarks.peers.measured.sorted_batches import Encode


def main() -> None:
    """Embed, and print the figures."""
    parser = sorted_batches.parser(__doc__)
    parser.add_argument("--precision", default="float32", help="of the weights")
    arguments = parser.parse_args()
    workers = sorted_batches.cores()
    encode, computed = _load(arguments.model, arguments.precision, workers)
    sorted_batches.measure(arguments, encode, workers, {"computed in": computed})


def _load(folder: str, precision: str, workers: int) -> tuple[Encode, str]:
    import ctranslate2

    encoder = ctranslate2.Encoder(
        folder, device="cpu", compute_type=precision, inter_threads=workers, intra_threads=1
    )

    def encode(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        views = (
            ctranslate2.StorageView.from_array(array.astype(np.int32)) for array in (ids, lengths)
        )
        return np.asarray(encoder.forward_batch(*views).last_hidden_state)

    return encode, encoder.compute_type


if __name__ == "__main__":
    main()
