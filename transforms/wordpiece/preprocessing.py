"""The `preprocessing_fn` of tf.Transform: texts to what BERT reads."""

import dataclasses
import functools
from collections.abc import Callable

import tensorflow as tf
import tensorflow_transform as tft

from transforms.bert.vocabulary import Vocabulary
from transforms.documents import TEXT, TEXT_B, fingerprint
from transforms.features import (
    INPUT_IDS,
    NUM_UNKNOWN,
    NUM_WORDPIECES,
    OFFSETS,
    SEGMENT_IDS,
    TOKENS,
    TRUNCATED,
)
from transforms.wordpiece.special_tokens import (
    SPECIAL_TOKENS,
    SPECIAL_TOKENS_OF_PAIR,
    check_max_seq_length,
)
from transforms.wordpiece.tokenizer import ALGORITHM_VERSION, Wordpieces, WordpieceTokenizer

# One row of it is the whole table; jobs leave it out of the transformed data.
LENGTH_QUANTILES = "length_quantiles"
NUM_QUANTILES = 20

Tensors = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class WordpieceConfig:
    """How text becomes wordpieces.

    Attributes:
        max_seq_length: positions of the longest input, special tokens included; None cuts nothing.
        do_lower_case: fold case and strip accents, as uncased models want.
        pairs: whether a document has a second text.
        keep_tokens: whether wordpieces are given as text too, and the bytes they came from.
        separator_bytes: what stands between the texts of a pair that are one document; the bytes of
            the second are counted from the document's start then. None where each is its own.
    """

    max_seq_length: int | None = 128
    do_lower_case: bool = False
    pairs: bool = False
    keep_tokens: bool = False
    separator_bytes: int | None = None

    def __post_init__(self) -> None:
        if self.max_seq_length is not None:
            check_max_seq_length(self.max_seq_length, self.pairs)

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of a part that hold its texts."""
        return (TEXT, TEXT_B) if self.pairs else (TEXT,)


def transform_fingerprint(
    config: WordpieceConfig, vocabulary: Vocabulary, quantiles: list[int]
) -> str:
    """Hash what determines the transform's result; 64 hex digits.

    A SavedModel's own bytes differ from one writing to the next, so they are not what is hashed.
    """
    settings = dataclasses.asdict(config)
    return fingerprint([ALGORITHM_VERSION, settings, vocabulary.sha256, quantiles])


def model_inputs(config: WordpieceConfig, vocabulary: Vocabulary) -> Callable[[Tensors], Tensors]:
    """Make the function of texts to BERT's inputs.

    Returns:
        a function of `{"text": string [documents]}`, with `text_b` for pairs, to
        `input_ids` and `segment_ids`, int64 [documents, (tokens)], [CLS] A [SEP] or
        [CLS] A [SEP] B [SEP], segments 0 for the first text and 1 for the second;
        `num_wordpieces` and `num_unknown` of the whole document and `truncated`, 0 or 1, int64
        [documents]; and where tokens are kept, `tokens`, string [documents, (tokens)], and
        `offsets`, int64 [documents, (2 * tokens)], start and end of each token in the bytes of its
        text, 0 and 0 for special tokens (see `separator_bytes`).
    """
    tokenizer = WordpieceTokenizer(vocabulary, config.do_lower_case)

    def tokenize(text: tf.Tensor) -> Wordpieces:
        if config.keep_tokens:
            return tokenizer.tokenize_with_offsets(text)
        return tokenizer.tokenize_normalized(tokenizer.normalize(text))

    def inputs(texts: Tensors) -> Tensors:
        whole = [tokenize(texts[name]) for name in config.texts]
        lengths = [wordpieces.ids.row_lengths() for wordpieces in whole]
        kept, cut = lengths, whole
        if config.max_seq_length is not None:
            kept = fit(lengths, config.max_seq_length)
            cut = [_first(each, counts) for each, counts in zip(whole, kept, strict=True)]
        ids = [wordpieces.ids for wordpieces in cut]
        input_ids = _lay_out(ids, (vocabulary.cls_id, vocabulary.sep_id, vocabulary.sep_id))
        segments = [tf.ones_like(column) * number for number, column in enumerate(ids)]
        total = tf.add_n(lengths)
        result = {
            INPUT_IDS: input_ids,
            SEGMENT_IDS: _lay_out(segments, (0, 0, 1)),
            NUM_WORDPIECES: total,
            NUM_UNKNOWN: tf.add_n([_count(each.ids, vocabulary.unknown_id) for each in whole]),
            TRUNCATED: tf.cast(tf.add_n(kept) < total, tf.int64),
        }
        if config.keep_tokens:
            bases = _bases(texts, config)
            starts = [_move(each.starts, base) for each, base in zip(cut, bases, strict=True)]
            ends = [_move(each.ends, base) for each, base in zip(cut, bases, strict=True)]
            result[TOKENS] = tf.gather(tf.constant(vocabulary.tokens), input_ids)
            result[OFFSETS] = _interleave(_lay_out(starts, (0, 0, 0)), _lay_out(ends, (0, 0, 0)))
        return result

    return inputs


def preprocessing_fn(
    config: WordpieceConfig, vocabulary: Vocabulary
) -> Callable[[Tensors], Tensors]:
    """Make the function that tf.Transform analyzes and applies.

    Returns:
        that of `model_inputs`, with `length_quantiles`, int64 [documents, NUM_QUANTILES - 1], alike
        in all rows: the quantiles of the tokens of a document over the analyzed sample.
    """

    def preprocess(texts: Tensors) -> Tensors:
        inputs = _traced_inputs(config, vocabulary)({name: texts[name] for name in config.texts})
        lengths = inputs[INPUT_IDS].row_lengths()
        quantiles = tft.quantiles(lengths, NUM_QUANTILES, epsilon=0.01)
        table = tf.broadcast_to(quantiles, [tf.shape(lengths)[0], NUM_QUANTILES - 1])
        return {**inputs, LENGTH_QUANTILES: table}

    return preprocess


@functools.lru_cache(maxsize=1)
def _traced_inputs(config: WordpieceConfig, vocabulary: Vocabulary) -> Callable[[Tensors], Tensors]:
    """Make `model_inputs` a function that is traced once.

    tf.Transform traces what it is given five times a job, each of which costs this one's hundreds
    of ops half a second. Not a part of what it is given, for it pickles that.
    """

    def inputs(texts: Tensors) -> Tensors:
        # The tokenizer's tables are made in this function's own graph: it captures none.
        return model_inputs(config, vocabulary)(texts)

    texts = {name: tf.TensorSpec([None], tf.string, name=name) for name in config.texts}
    traced: Callable[[Tensors], Tensors] = tf.function(
        inputs, input_signature=[texts], autograph=False
    )
    return traced


def fit(lengths: list[tf.Tensor], max_seq_length: int) -> list[tf.Tensor]:
    """Tell how many wordpieces of each text are kept.

    Of a pair, the longer text gives up its last wordpiece, the second where they are alike, until
    both fit: what `_truncate_seq_pair` of google-research/bert does, in one step.

    Args:
        lengths: int64 [documents], wordpieces of the first text, and of the second where there is
            one; a pair whose second text is empty is no pair, and has one [SEP].
        max_seq_length: positions there are, special tokens included.
    """
    if len(lengths) == 1:
        return [tf.minimum(lengths[0], max_seq_length - SPECIAL_TOKENS)]
    a, b = lengths
    special = tf.where(b > 0, SPECIAL_TOKENS_OF_PAIR, SPECIAL_TOKENS)
    room = max_seq_length - tf.cast(special, tf.int64)
    kept_a = tf.minimum(a, tf.maximum(room - b, (room + 1) // 2))
    return [kept_a, tf.minimum(b, room - kept_a)]


def _bases(texts: Tensors, config: WordpieceConfig) -> list[tf.Tensor]:
    """Tell where each text begins in its document, int64 [documents]."""
    own = [tf.zeros([tf.size(texts[name])], tf.int64) for name in config.texts]
    if config.separator_bytes is not None:
        before = tf.strings.length(texts[TEXT]) + config.separator_bytes
        own[1] = tf.cast(before, tf.int64)
    return own


def _first(wordpieces: Wordpieces, counts: tf.Tensor) -> Wordpieces:
    """Keep the first wordpieces of each document."""
    places = tf.ragged.range(wordpieces.ids.row_lengths())
    # On flat values: ragged broadcasting makes a graph that takes half a second to trace.
    flat = places.flat_values < tf.gather(counts, places.value_rowids())
    kept = places.with_flat_values(flat)
    return Wordpieces(*(tf.ragged.boolean_mask(column, kept) for column in wordpieces))


def _move(places: tf.RaggedTensor, by: tf.Tensor) -> tf.RaggedTensor:
    """Add a number of its own to each row's values."""
    return places.with_flat_values(places.flat_values + tf.gather(by, places.value_rowids()))


def _lay_out(columns: list[tf.RaggedTensor], special: tuple[int, int, int]) -> tf.RaggedTensor:
    """Put values of one text, or of two, between those of the special tokens."""
    first, middle, last = special
    rows = columns[0].nrows()
    parts = [tf.fill([rows, 1], tf.constant(first, tf.int64)), columns[0]]
    parts.append(tf.fill([rows, 1], tf.constant(middle, tf.int64)))
    for second in columns[1:]:
        present = tf.cast(second.row_lengths() > 0, tf.int64)
        ends = tf.fill([tf.reduce_sum(present)], tf.constant(last, tf.int64))
        parts += [second, tf.RaggedTensor.from_row_lengths(ends, present, validate=False)]
    return tf.concat(parts, axis=1)


def _count(ids: tf.RaggedTensor, id_: int) -> tf.Tensor:
    return tf.reduce_sum(tf.cast(ids == id_, tf.int64), axis=1)


def _interleave(starts: tf.RaggedTensor, ends: tf.RaggedTensor) -> tf.RaggedTensor:
    both = tf.stack([starts.flat_values, ends.flat_values], axis=1)
    return tf.RaggedTensor.from_row_splits(
        tf.reshape(both, [-1]), starts.row_splits * 2, validate=False
    )
