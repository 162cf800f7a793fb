"""Where the wordpieces and words of texts are, in bytes."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import tensorflow as tf

from transforms.bert.vocabulary import SUFFIX_MARK, Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.wordpiece.tokenizer import WordpieceTokenizer


class TokenRanges(NamedTuple):
    """The wordpieces of texts.

    Attributes:
        splits: int64 [texts + 1], where each text begins in the other columns.
        starts, ends: int64 [wordpieces], the bytes of each in its text.
        words: bool [wordpieces], whether a word begins with it.
    """

    splits: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    words: np.ndarray

    @property
    def counts(self) -> np.ndarray:
        """The number of wordpieces of each text, int64 [texts]."""
        return np.diff(self.splits)

    def of_text(self, number: int) -> "TokenRanges":
        """Return the wordpieces of one text."""
        begin, end = self.splits[number : number + 2]
        columns = (column[begin:end] for column in self[1:])
        return TokenRanges(np.array([0, end - begin]), *columns)


class RangeTokenizer:
    """Finds the wordpieces of texts as the job's transform makes them; its graph is traced once."""

    def __init__(self, vocabulary: Vocabulary, rules: WordpieceRules) -> None:
        self._is_suffix = np.array([token.startswith(SUFFIX_MARK) for token in vocabulary.tokens])

        def ranges(texts: tf.Tensor) -> tuple[tf.Tensor, ...]:
            # The tokenizer's tables are created in this function's graph.
            found = WordpieceTokenizer(vocabulary, rules).tokenize_with_offsets(texts)
            return (found.ids.row_splits, *(column.flat_values for column in found))

        signature = [tf.TensorSpec([None], tf.string)]
        self._ranges = tf.function(ranges, input_signature=signature, autograph=False)

    def __call__(self, texts: pa.LargeBinaryArray | list[bytes]) -> TokenRanges:
        """Return the wordpieces of texts of UTF-8, without special tokens."""
        values = texts if isinstance(texts, list) else texts.to_pylist()
        with tf.device("/CPU:0"):
            splits, ids, starts, ends = self._ranges(tf.constant(values, tf.string))
        return TokenRanges(
            splits.numpy(), starts.numpy(), ends.numpy(), ~self._is_suffix[ids.numpy()]
        )
