"""Cut long documents into overlapping windows that the model can read.

A window begins every `stride` wordpieces, as in google-research/bert `run_squad.py`. Each window
gets the [CLS] and [SEP] of its document. A token that is in several windows counts in the window
where it has the most context: where its distance to the nearer end is largest. If that distance is
equal in two windows, the earlier one counts.
"""

import dataclasses

import numpy as np

from transforms.wordpiece.special_tokens import SPECIAL_TOKENS, check_max_seq_length


@dataclasses.dataclass(frozen=True)
class WindowConfig:
    """How documents are cut into windows.

    Attributes:
        max_seq_length: positions of a window, [CLS] and [SEP] included.
        stride: wordpieces between the starts of two windows; 0 if documents were truncated before
            and need no windows.
    """

    max_seq_length: int = 128
    stride: int = 0

    def __post_init__(self) -> None:
        check_max_seq_length(self.max_seq_length)
        if self.stride and not 1 <= self.stride <= self.size:
            raise ValueError(
                f"`window_stride` is {self.stride}; give 1 to {self.size}, the wordpieces of a "
                f"window of `max_seq_length` {self.max_seq_length}, or 0 for no windows"
            )

    @property
    def size(self) -> int:
        """Wordpieces of a full window."""
        return self.max_seq_length - SPECIAL_TOKENS


@dataclasses.dataclass(frozen=True)
class Windows:
    """The model's inputs as ranges of a flat column of tokens; int64 [windows] each.

    The first and the last token of a window are replaced by the [CLS] and the last [SEP] of its
    document.

    Attributes:
        documents: index of each window's document, ascending.
        heads, tails: index of the [CLS] and of the last [SEP] of that document in the column.
        begins: index of the window's first token in the column.
        lengths: tokens of each window, [CLS] and [SEP] included.
        kept_from, kept_to: the range of positions in the window that count for the document. Over
            all windows of a document, each of its tokens counts once.
    """

    documents: np.ndarray
    heads: np.ndarray
    tails: np.ndarray
    begins: np.ndarray
    lengths: np.ndarray
    kept_from: np.ndarray
    kept_to: np.ndarray

    @property
    def firsts(self) -> np.ndarray:
        """Index of each document's first window, int64 [documents]."""
        firsts: np.ndarray = np.flatnonzero(np.diff(self.documents, prepend=-1))
        return firsts


def count_windows(lengths: np.ndarray, config: WindowConfig) -> np.ndarray:
    """Compute the number of windows from the lengths in tokens; both int64 [documents]."""
    if not config.stride:
        return np.ones_like(lengths)
    excess = np.maximum(0, lengths - config.max_seq_length)
    counts: np.ndarray = 1 + -(-excess // config.stride)
    return counts


def cut_windows(offsets: np.ndarray, config: WindowConfig) -> Windows:
    """Cut the documents of a column of tokens into windows.

    Args:
        offsets: int64 [documents + 1], where each document begins; each starts with a [CLS] and
            ends with a [SEP].
        config: without a stride, every document is one window.
    """
    lengths = np.diff(offsets)
    counts = count_windows(lengths, config)
    documents = np.repeat(np.arange(len(lengths)), counts)
    # The number of each window within its document.
    number = np.arange(len(documents)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = number * config.stride
    is_first, is_last = number == 0, number == counts[documents] - 1
    window_lengths = np.where(is_last, lengths[documents] - starts, config.max_seq_length)
    # Halfway between the start of the next window and the end of this one.
    half = 1 + (config.size - 1 + config.stride) // 2 + 1
    return Windows(
        documents=documents,
        heads=offsets[documents],
        tails=offsets[documents + 1] - 1,
        begins=offsets[documents] + starts,
        lengths=window_lengths,
        kept_from=np.where(is_first, 0, half - config.stride),
        kept_to=np.where(is_last, window_lengths, half),
    )
