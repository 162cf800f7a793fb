"""BERT's WordPiece as a tf.Transform `preprocessing_fn`.

The rules are those of google-research/bert `tokenization.py` (`FullTokenizer`): drop control and
format characters, split at white space, punctuation and CJK ideographs, fold case and strip accents
where the model wants it, then match the longest wordpieces first; a word of more than 200
characters is unknown. Everything happens in the graph, on whole columns.
"""

import dataclasses
from collections.abc import Callable

import tensorflow as tf
import tensorflow_text as tf_text
import tensorflow_transform as tft

from transforms.bert.vocabulary import Vocabulary
from transforms.documents import TEXT, fingerprint
from transforms.features import INPUT_IDS, NUM_UNKNOWN, NUM_WORDPIECES, SEGMENT_IDS

# One row of it is the whole table; jobs leave it out of the transformed data.
LENGTH_QUANTILES = "length_quantiles"
NUM_QUANTILES = 20

# Raised whenever the same text and vocabulary come to give other ids.
ALGORITHM_VERSION = 1

_MAX_WORD_CHARS = 200
_MAX_UTF8_BYTES = 4

_WHITE_SPACE = r"[\t\n\r\p{Z}]+"
_DROPPED = r"[\p{Cc}\p{Cf}\x{FFFD}]+"
_ACCENTS = r"\p{Mn}+"
# The ranges that Google's `_is_chinese_char` names: each such character is a word.
_CJK = (
    r"\x{4E00}-\x{9FFF}\x{3400}-\x{4DBF}\x{20000}-\x{2A6DF}\x{2A700}-\x{2B73F}"
    r"\x{2B740}-\x{2B81F}\x{2B820}-\x{2CEAF}\x{F900}-\x{FAFF}\x{2F800}-\x{2FA1F}"
)
_WORD_BY_ITSELF = r"([\p{P}$+<=>^`|~" + _CJK + "])"


@dataclasses.dataclass(frozen=True)
class WordpieceConfig:
    """How text becomes wordpieces.

    Attributes:
        max_seq_length: positions of the longest input, [CLS] and [SEP] included.
        do_lower_case: fold case and strip accents, as uncased models want.
    """

    max_seq_length: int = 128
    do_lower_case: bool = False

    def __post_init__(self) -> None:
        if self.max_seq_length < 3:
            raise ValueError(
                f"--max_seq_length is {self.max_seq_length}; [CLS], one wordpiece and [SEP] need 3"
            )


def transform_fingerprint(
    config: WordpieceConfig, vocabulary: Vocabulary, quantiles: list[int]
) -> str:
    """Hash what determines the transform's result; 64 hex digits.

    A SavedModel's own bytes differ from one writing to the next, so they are not what is hashed.
    """
    settings = dataclasses.asdict(config)
    return fingerprint([ALGORITHM_VERSION, settings, vocabulary.sha256, quantiles])


class WordpieceTokenizer:
    """Text to wordpiece ids, in a graph or eagerly."""

    def __init__(self, vocabulary: Vocabulary, do_lower_case: bool) -> None:
        self._do_lower_case = do_lower_case
        self._unknown_id = vocabulary.unknown_id
        self._placeholder = vocabulary.unused_character()
        # Words of up to 200 bytes have at most 200 characters: one tokenizer decides these, and
        # the other is asked only where a batch has a longer word.
        self._short_words = _fast_tokenizer(vocabulary, _MAX_WORD_CHARS)
        self._long_words = _fast_tokenizer(vocabulary, _MAX_WORD_CHARS * _MAX_UTF8_BYTES)

    def normalize(self, text: tf.Tensor) -> tf.Tensor:
        """Clean, and fold case where the model wants it; string [documents] in and out."""
        text = tf.strings.regex_replace(text, _WHITE_SPACE, " ")
        text = tf.strings.regex_replace(text, _DROPPED, "")
        if self._do_lower_case:
            text = tf.strings.lower(text, encoding="utf-8")
            text = tf_text.normalize_utf8(text, "NFD")
            text = tf.strings.regex_replace(text, _ACCENTS, "")
        return text

    def tokenize(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Give the ids of each document, without [CLS] and [SEP].

        Args:
            text: string [documents], UTF-8.

        Returns:
            int64 [documents, (wordpieces)].
        """
        text = self.normalize(text)
        ids, starts, ends = self._short_words.tokenize_with_offsets(text)
        widths = ends.flat_values - starts.flat_values
        undecided = (ids.flat_values == self._unknown_id) & (widths > _MAX_WORD_CHARS)
        values, splits = tf.cond(
            tf.reduce_any(undecided),
            lambda: self._tokenize_long_words(text),
            lambda: (ids.flat_values, ids.row_splits),
        )
        return tf.RaggedTensor.from_row_splits(values, splits, validate=False)

    def _tokenize_long_words(self, text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Tokenize where words must be counted in characters; slower, and seldom needed."""
        # A regular expression that counts to 200 would exhaust RE2's automaton.
        spaced = tf.strings.regex_replace(text, _WORD_BY_ITSELF, r" \1 ")
        words = tf.strings.split(spaced, " ")
        too_long = tf.strings.length(words.flat_values, unit="UTF8_CHAR") > _MAX_WORD_CHARS
        values = tf.where(too_long, self._placeholder, words.flat_values)
        joined = tf.strings.reduce_join(words.with_flat_values(values), axis=-1, separator=" ")
        ids = self._long_words.tokenize(joined)
        return ids.flat_values, ids.row_splits


def add_special_tokens(
    ids: tf.RaggedTensor, vocabulary: Vocabulary, max_seq_length: int
) -> tf.RaggedTensor:
    """Cut each document to fit, and put it between [CLS] and [SEP].

    Args:
        ids: int64 [documents, (wordpieces)].
        vocabulary: names the special tokens.
        max_seq_length: positions of the longest result.

    Returns:
        int64 [documents, (tokens)], two more a document than were kept.
    """
    rows = ids.nrows()
    first = tf.fill([rows, 1], tf.constant(vocabulary.cls_id, tf.int64))
    last = tf.fill([rows, 1], tf.constant(vocabulary.sep_id, tf.int64))
    return tf.concat([first, ids[:, : max_seq_length - 2], last], axis=1)


def preprocessing_fn(
    config: WordpieceConfig, vocabulary: Vocabulary
) -> Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]]:
    """Make the function that tf.Transform analyzes and applies.

    Returns:
        a function of `{"text": string [documents]}` to `input_ids` and `segment_ids`, int64
        [documents, (tokens)]; `num_wordpieces` and `num_unknown` of the whole document, int64
        [documents]; `length_quantiles`, int64 [documents, NUM_QUANTILES - 1], alike in all rows:
        the quantiles of min(num_wordpieces + 2, max_seq_length) over the analyzed sample.
    """

    def preprocess(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        tokenizer = WordpieceTokenizer(vocabulary, config.do_lower_case)
        wordpieces = tokenizer.tokenize(inputs[TEXT])
        input_ids = add_special_tokens(wordpieces, vocabulary, config.max_seq_length)
        unknown = tf.cast(wordpieces == vocabulary.unknown_id, tf.int64)
        lengths = input_ids.row_lengths()
        quantiles = tft.quantiles(lengths, NUM_QUANTILES, epsilon=0.01)
        table = tf.broadcast_to(quantiles, [tf.shape(lengths)[0], NUM_QUANTILES - 1])
        return {
            INPUT_IDS: input_ids,
            SEGMENT_IDS: tf.zeros_like(input_ids),
            NUM_WORDPIECES: wordpieces.row_lengths(),
            NUM_UNKNOWN: tf.reduce_sum(unknown, axis=1),
            LENGTH_QUANTILES: table,
        }

    return preprocess


def _fast_tokenizer(vocabulary: Vocabulary, max_bytes: int) -> tf_text.FastWordpieceTokenizer:
    return tf_text.FastWordpieceTokenizer(
        vocab=list(vocabulary.tokens),
        unknown_token=vocabulary.tokens[vocabulary.unknown_id],
        max_bytes_per_word=max_bytes,
        token_out_type=tf.int64,
    )
