"""Serialize documents for Beam's shuffle: bytes, which its coders keep compact."""

from collections.abc import Iterable

import numpy as np

from transforms.batching.token_sequences import TokenSequences
from transforms.dedup.repeat_table import DIGEST

# Digests, lengths, input ids and segment ids.
ShuffledRows = tuple[bytes, bytes, bytes, bytes]


def pack_rows(digests: np.ndarray, sequences: TokenSequences) -> ShuffledRows:
    """Serialize documents and their digests, DIGEST [documents]."""
    return (
        digests.tobytes(),
        np.diff(sequences.offsets).astype(np.int64).tobytes(),
        sequences.input_ids.astype(np.int32).tobytes(),
        sequences.segment_ids.astype(np.int8).tobytes(),
    )


def unpack_rows(batches: Iterable[ShuffledRows]) -> tuple[np.ndarray, TokenSequences]:
    """Join batches of documents, which may arrive in any order.

    Returns:
        the distinct digests, ascending, and their documents.
    """
    columns = [b"".join(column) for column in zip(*batches, strict=True)]
    digests, lengths = np.frombuffer(columns[0], DIGEST), np.frombuffer(columns[1], np.int64)
    ids, segments = np.frombuffer(columns[2], np.int32), np.frombuffer(columns[3], np.int8)
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    sequences = TokenSequences(offsets, ids.astype(np.int64), segments.astype(np.int64))
    values, firsts = np.unique(digests, return_index=True)
    return values, sequences.take(firsts)
