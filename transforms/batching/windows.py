"""Cut long documents into overlapping windows that the model can read.

Windows begin every `stride` wordpieces, as in google-research/bert `run_squad.py`, and each gets
the document's own [CLS] and [SEP]. A token that stands in several counts in the one where it has
the most context: where the smaller of its distances to both ends is largest, and in the earlier one
where that is alike.
"""

import dataclasses

import numpy as np

from transforms.wordpiece.special_tokens import SPECIAL_TOKENS, check_max_seq_length


@dataclasses.dataclass(frozen=True)
class WindowConfig:
    """How windows are cut.

    Attributes:
        max_seq_length: positions of a window, [CLS] and [SEP] included.
        stride: wordpieces from the start of one window to that of the next; 0 where documents are
            cut to fit before.
    """

    max_seq_length: int = 128
    stride: int = 0

    def __post_init__(self) -> None:
        check_max_seq_length(self.max_seq_length)
        if self.stride and not 1 <= self.stride <= self.size:
            raise ValueError(
                f"--window_stride is {self.stride}; give 1 to {self.size}, the wordpieces of a "
                f"window of --max_seq_length {self.max_seq_length}, or 0 for no windows"
            )

    @property
    def size(self) -> int:
        """Wordpieces of a full window."""
        return self.max_seq_length - SPECIAL_TOKENS


@dataclasses.dataclass(frozen=True)
class Windows:
    """What the model reads, as runs of a flat column of tokens; int64 [windows] each.

    The first and the last token of a window are those of its document, whatever stands there in
    the column.

    Attributes:
        documents: number of the document each is of, ascending.
        heads, tails: where [CLS] and the last [SEP] of that document stand in the column.
        begins: where each begins in the column.
        lengths: tokens of each, [CLS] and [SEP] included.
        kept_from, kept_to: the range of its rows that count for the document. Over all windows of a
            document, every token of it is counted once.
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
        """Number of each document's first window, int64 [documents]."""
        starts: np.ndarray = np.flatnonzero(np.diff(self.documents, prepend=-1))
        return starts


def count_windows(lengths: np.ndarray, config: WindowConfig) -> np.ndarray:
    """Tell how many windows documents of some lengths in tokens have; both int64 [documents]."""
    if not config.stride:
        return np.ones_like(lengths)
    beyond = np.maximum(0, lengths - config.max_seq_length)
    counts: np.ndarray = 1 + -(-beyond // config.stride)
    return counts


def cut_windows(offsets: np.ndarray, config: WindowConfig) -> Windows:
    """Cut the documents of a column of tokens.

    Args:
        offsets: int64 [documents + 1], where each begins; each has a [CLS] and ends with a [SEP].
        config: without a stride, every document is one window.
    """
    lengths = np.diff(offsets)
    counts = count_windows(lengths, config)
    documents = np.repeat(np.arange(len(lengths)), counts)
    place = np.arange(len(documents)) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = place * config.stride
    is_first, is_last = place == 0, place == counts[documents] - 1
    own = lengths[documents] - starts
    length = np.where(is_last, own, config.max_seq_length)
    # Halfway between the start of the next window and the end of this one.
    half = 1 + (config.size - 1 + config.stride) // 2 + 1
    return Windows(
        documents=documents,
        heads=offsets[documents],
        tails=offsets[documents + 1] - 1,
        begins=offsets[documents] + starts,
        lengths=length,
        kept_from=np.where(is_first, 0, half - config.stride),
        kept_to=np.where(is_last, length, half),
    )
