"""A small batch of embedded documents, as EncodeParts leaves them."""

import numpy as np
import pyarrow as pa

from transforms.records.record_config import RecordConfig
from transforms.vector_widths import VectorWidths

HIDDEN = 3
WIDTHS = VectorWidths(HIDDEN)
CONFIG = RecordConfig(
    ("pooled_output", "mean", "sequence_output"), keep_fields=("k",), segments=True, tokens=True
)


def batch_of(count: int) -> pa.RecordBatch:
    lengths = np.arange(count) % 4 + 1
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    vectors = np.arange(count * HIDDEN, dtype=np.float32)
    tokens = np.arange(offsets[-1] * HIDDEN, dtype=np.float32) / 7
    return pa.RecordBatch.from_pydict(
        {
            "id": pa.array([f"dök-{n}" for n in range(count)], pa.large_string()),
            "num_tokens": pa.array(lengths),
            "num_wordpieces": pa.array(lengths + 5),
            "num_unknown": pa.array(lengths - 1),
            "truncated": pa.array([int(n % 2 == 0) for n in range(count)]),
            "input_ids": pa.LargeListArray.from_arrays(offsets, np.arange(offsets[-1])),
            "segment_ids": pa.LargeListArray.from_arrays(offsets, np.arange(offsets[-1]) % 2),
            "tokens": pa.LargeListArray.from_arrays(
                offsets,
                pa.array([f"##ö{n}".encode() for n in range(offsets[-1])], pa.large_binary()),
            ),
            "offsets": pa.LargeListArray.from_arrays(offsets * 2, np.arange(offsets[-1] * 2)),
            "pooled_output": pa.FixedSizeListArray.from_arrays(vectors, HIDDEN),
            "mean": pa.FixedSizeListArray.from_arrays(-vectors, HIDDEN),
            "sequence_output": pa.LargeListArray.from_arrays(offsets * HIDDEN, tokens),
            "fields.k": pa.array([f"v{n}" if n % 3 else None for n in range(count)]),
        }
    )
