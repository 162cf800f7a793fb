"""The layout of [CLS] and [SEP] around texts: [CLS] A [SEP], or [CLS] A [SEP] B [SEP]."""

import numpy as np

SPECIAL_TOKENS = 2
SPECIAL_TOKENS_OF_PAIR = 3


def check_max_seq_length(max_seq_length: int, pairs: bool = False) -> None:
    """Check that a sequence has room for one wordpiece of each text.

    Raises:
        ValueError: it has none.
    """
    least = SPECIAL_TOKENS_OF_PAIR + 2 if pairs else SPECIAL_TOKENS + 1
    if max_seq_length < least:
        content = (
            "[CLS], two wordpieces and two [SEP]" if pairs else "[CLS], one wordpiece and [SEP]"
        )
        raise ValueError(f"`max_seq_length` is {max_seq_length}; {content} need {least}")


def first_text_is_empty(segment_ids: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """Find the documents whose first text has no wordpieces.

    Args:
        segment_ids: int [tokens], 0 for [CLS], the first text and its [SEP].
        splits: int64 [documents + 1], where each document begins; every document has tokens.

    Returns:
        bool [documents].
    """
    first_segment_sizes = np.add.reduceat(segment_ids == 0, splits[:-1], dtype=np.int64)
    empty: np.ndarray = first_segment_sizes <= SPECIAL_TOKENS
    return empty
