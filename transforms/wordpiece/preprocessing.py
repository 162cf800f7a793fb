"""The `preprocessing_fn` of tf.Transform: from texts to BERT's inputs."""

import dataclasses
import functools
from collections.abc import Callable

import tensorflow as tf
import tensorflow_transform as tft

from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.documents import TEXT, TEXT_B, hash_json
from transforms.features import (
    INPUT_IDS,
    NUM_UNKNOWN,
    NUM_WORDPIECES,
    OFFSETS,
    SEGMENT_IDS,
    TOKENS,
    TRUNCATED,
)
from transforms.wordpiece import assembly
from transforms.wordpiece.prompts import NO_PROMPT, tokenize_after
from transforms.wordpiece.special_tokens import check_max_seq_length
from transforms.wordpiece.tokenizer import ALGORITHM_VERSION, WordpieceTokenizer
from transforms.wordpiece.word_matching import Wordpieces

# Each row of this column holds the whole table; jobs leave the column out of the transformed data.
LENGTH_QUANTILES = "length_quantiles"
NUM_QUANTILES = 20

_CASED = WordpieceRules.of_casing(do_lower_case=False)

Tensors = dict[str, tf.Tensor]


@dataclasses.dataclass(frozen=True)
class WordpieceConfig:
    """How texts become wordpieces.

    Attributes:
        max_seq_length: positions of the longest sequence, special tokens included; None truncates
            nothing.
        rules: how the model's tokenizer treats a text.
        pairs: whether a document has a second text.
        keep_tokens: whether to output wordpieces as text too, with their byte ranges.
        separator_bytes: bytes of the separator, if both texts of a pair are cut from one document;
            the byte ranges of the second text then count from the document's start. None if each
            text is separate.
        prompt: is put before each text; for documents of one text.
    """

    max_seq_length: int | None = 128
    rules: WordpieceRules = _CASED
    pairs: bool = False
    keep_tokens: bool = False
    separator_bytes: int | None = None
    prompt: str = ""

    def __post_init__(self) -> None:
        if self.prompt and self.pairs:
            raise ValueError(f"`prompt` is for documents of one text: {NO_PROMPT}")
        if self.max_seq_length is not None:
            check_max_seq_length(self.max_seq_length, self.pairs)

    @property
    def texts(self) -> tuple[str, ...]:
        """The columns of a part that contain its texts."""
        return (TEXT, TEXT_B) if self.pairs else (TEXT,)


def transform_fingerprint(config: WordpieceConfig, vocabulary: Vocabulary) -> str:
    """Hash what determines the wordpieces; 64 hex digits.

    The quantiles of lengths are not hashed: they depend on the sample, the wordpieces do not. The
    bytes of a SavedModel are not hashed either, because they differ each time it is written.
    """
    settings = dataclasses.asdict(config)
    rules = settings.pop("rules")
    if not config.prompt:
        # Older versions had none.
        del settings["prompt"]
    settings["do_lower_case"] = config.rules.do_lower_case
    # Rules of google-research/bert are left out, so that fingerprints of older versions stay.
    plain = dataclasses.asdict(WordpieceRules.of_casing(config.rules.do_lower_case))
    if rules != plain:
        settings["rules"] = {name: rules[name] for name in rules if rules[name] != plain[name]}
    return hash_json([ALGORITHM_VERSION, settings, vocabulary.sha256])


def model_inputs(config: WordpieceConfig, vocabulary: Vocabulary) -> Callable[[Tensors], Tensors]:
    """Return the function from texts to BERT's inputs.

    Returns:
        a function that takes `{"text": string [documents]}`, and `text_b` for pairs, and returns

        - `input_ids` and `segment_ids`, int64 [documents, (tokens)]: [CLS] A [SEP] or
          [CLS] A [SEP] B [SEP], segment 0 for the first text and 1 for the second;
        - `num_wordpieces` and `num_unknown` of the whole document, and `truncated`, 0 or 1; int64
          [documents];
        - if tokens are kept, `tokens`, string [documents, (tokens)], and `offsets`, int64
          [documents, (2 * tokens)]: start and end of each token in the bytes of its text, 0 and 0
          for special tokens (see `separator_bytes`) and for those of the prompt.

        The wordpieces of the prompt count. A document that has none of its own has no wordpieces.
    """
    tokenizer = WordpieceTokenizer(vocabulary, config.rules)

    def tokenize(text: tf.Tensor) -> Wordpieces:
        if config.keep_tokens:
            return tokenizer.tokenize_with_offsets(text)
        return tokenizer.tokenize_without_offsets(text)

    def inputs(texts: Tensors) -> Tensors:
        if config.prompt:
            whole = [tokenize_after(config.prompt, texts[TEXT], tokenize)]
        else:
            whole = [tokenize(texts[name]) for name in config.texts]
        result, kept = _lay_out(whole, config, vocabulary)
        if config.keep_tokens:
            result[TOKENS] = tf.gather(tf.constant(vocabulary.tokens), result[INPUT_IDS])
            result[OFFSETS] = _offsets(kept, _text_starts(texts, config))
        return result

    return inputs


def _lay_out(
    whole: list[Wordpieces], config: WordpieceConfig, vocabulary: Vocabulary
) -> tuple[Tensors, list[Wordpieces]]:
    """Truncate and lay out the wordpieces of texts.

    Returns:
        the columns that every transform has, and the wordpieces that are kept of each text.
    """
    lengths = [wordpieces.ids.row_lengths() for wordpieces in whole]
    kept_lengths, kept = lengths, whole
    if config.max_seq_length is not None:
        kept_lengths = assembly.truncated_lengths(lengths, config.max_seq_length)
        kept = [assembly.truncate(each, n) for each, n in zip(whole, kept_lengths, strict=True)]
    ids = [wordpieces.ids for wordpieces in kept]
    segments = [tf.ones_like(column) * number for number, column in enumerate(ids)]
    total = tf.add_n(lengths)
    unknown = [assembly.count(each.ids, vocabulary.unknown_id) for each in whole]
    special_ids = (vocabulary.cls_id, vocabulary.sep_id, vocabulary.sep_id)
    columns = {
        INPUT_IDS: assembly.lay_out(ids, special_ids),
        SEGMENT_IDS: assembly.lay_out(segments, (0, 0, 1)),
        NUM_WORDPIECES: total,
        NUM_UNKNOWN: tf.add_n(unknown),
        TRUNCATED: tf.cast(tf.add_n(kept_lengths) < total, tf.int64),
    }
    return columns, kept


def _text_starts(texts: Tensors, config: WordpieceConfig) -> list[tf.Tensor]:
    """Return where each text begins in its document, int64 [documents]."""
    starts = [tf.zeros([tf.size(texts[name])], tf.int64) for name in config.texts]
    if config.separator_bytes is not None:
        second = tf.strings.length(texts[TEXT]) + config.separator_bytes
        starts[1] = tf.cast(second, tf.int64)
    return starts


def _offsets(kept: list[Wordpieces], text_starts: list[tf.Tensor]) -> tf.RaggedTensor:
    each = list(zip(kept, text_starts, strict=True))
    starts = [assembly.shift(wordpieces.starts, by) for wordpieces, by in each]
    ends = [assembly.shift(wordpieces.ends, by) for wordpieces, by in each]
    return assembly.interleave(
        assembly.lay_out(starts, (0, 0, 0)), assembly.lay_out(ends, (0, 0, 0))
    )


def preprocessing_fn(
    config: WordpieceConfig, vocabulary: Vocabulary
) -> Callable[[Tensors], Tensors]:
    """Return the function that tf.Transform analyzes and applies.

    Returns:
        the function of `model_inputs`, with the column `length_quantiles` added, int64 [documents,
        NUM_QUANTILES - 1], equal in all rows: the quantiles of the documents' lengths in tokens
        over the analyzed sample.
    """

    def preprocess(texts: Tensors) -> Tensors:
        inputs = traced_inputs(config, vocabulary)({name: texts[name] for name in config.texts})
        lengths = inputs[INPUT_IDS].row_lengths()
        quantiles = tft.quantiles(lengths, NUM_QUANTILES, epsilon=0.01)
        table = tf.broadcast_to(quantiles, [tf.shape(lengths)[0], NUM_QUANTILES - 1])
        return {**inputs, LENGTH_QUANTILES: table}

    return preprocess


@functools.lru_cache(maxsize=1)
def traced_inputs(config: WordpieceConfig, vocabulary: Vocabulary) -> Callable[[Tensors], Tensors]:
    """Return `model_inputs` as a function that is traced once.

    tf.Transform traces its function five times a job; the hundreds of ops of this one cost half a
    second each time. The traced function is looked up here because tf.Transform pickles the
    function that it is given.
    """

    def inputs(texts: Tensors) -> Tensors:
        # The tokenizer's tables are created in this function's graph, so that it captures none.
        return model_inputs(config, vocabulary)(texts)

    texts = {name: tf.TensorSpec([None], tf.string, name=name) for name in config.texts}
    traced: Callable[[Tensors], Tensors] = tf.function(
        inputs, input_signature=[texts], autograph=False
    )
    return traced
