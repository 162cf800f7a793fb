"""How [CLS] and [SEP] stand around texts: [CLS] A [SEP], or [CLS] A [SEP] B [SEP]."""

import numpy as np

SPECIAL_TOKENS = 2
SPECIAL_TOKENS_OF_PAIR = 3


def check_max_seq_length(max_seq_length: int, pairs: bool = False) -> None:
    """Refuse, by ValueError, a length without room for a wordpiece of each text."""
    least = SPECIAL_TOKENS_OF_PAIR + 2 if pairs else SPECIAL_TOKENS + 1
    if max_seq_length < least:
        what = "[CLS], two wordpieces and two [SEP]" if pairs else "[CLS], one wordpiece and [SEP]"
        raise ValueError(f"--max_seq_length is {max_seq_length}; {what} need {least}")


def first_text_is_empty(segment_ids: np.ndarray, splits: np.ndarray) -> np.ndarray:
    """Tell the documents that have special tokens alone where their first text should be.

    Args:
        segment_ids: int [tokens], 0 for [CLS], the first text and its [SEP].
        splits: int64 [documents + 1], where each begins; none is without tokens.

    Returns:
        bool [documents].
    """
    firsts = np.add.reduceat(segment_ids == 0, splits[:-1], dtype=np.int64)
    empty: np.ndarray = firsts <= SPECIAL_TOKENS
    return empty
