"""Put a prompt before texts, as sentence-transformers does: as characters, not as wordpieces."""

from collections.abc import Callable

import tensorflow as tf

from transforms.bert.module import BertModule
from transforms.bert.wordpiece_rules import SPLIT
from transforms.wordpiece import assembly
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS
from transforms.wordpiece.tokenizer import WordpieceTokenizer
from transforms.wordpiece.word_matching import Wordpieces

# A remedy for messages.
NO_PROMPT = "leave it out, or give the empty text instead of the model's default prompt"


def tokenize_after(
    prompt: str, text: tf.Tensor, tokenize: Callable[[tf.Tensor], Wordpieces]
) -> Wordpieces:
    """Tokenize texts with a prompt before each.

    Args:
        prompt: is not empty.
        text: string [documents].
        tokenize: returns the wordpieces of texts.

    Returns:
        the wordpieces of prompt and text, none if the text has none by itself. Byte ranges are
        those of the text; what is before it is cut from them.
    """
    whole = tokenize(tf.strings.join([prompt, text]))
    alone = tokenize(tf.constant([prompt])).ids.flat_values
    # An unknown word of the prompt may go on in the text, and stays one unknown wordpiece.
    may_lack = _are_equal(whole.ids, alone)
    has_own = ~may_lack | (tokenize(tf.where(may_lack, text, "")).ids.row_lengths() > 0)
    lengths = whole.ids.row_lengths() * tf.cast(has_own, tf.int64)
    ids, starts, ends = assembly.truncate(whole, lengths)
    before = len(prompt.encode())
    return Wordpieces(ids, *(_without(before, positions) for positions in (starts, ends)))


def _without(before: int, positions: tf.RaggedTensor) -> tf.RaggedTensor:
    return positions.with_flat_values(tf.maximum(positions.flat_values - before, 0))


def _are_equal(rows: tf.RaggedTensor, values: tf.Tensor) -> tf.Tensor:
    """Return which rows have these values and no others; bool [rows]."""
    count = tf.size(values, tf.int64)
    places = tf.minimum(tf.ragged.range(rows.row_lengths()).flat_values, count)
    # No value of a row is -1.
    expected = tf.gather(tf.concat([values, [-1]], axis=0), places)
    is_same = rows.with_flat_values(tf.cast(rows.flat_values == expected, tf.int64))
    return (tf.reduce_sum(is_same, axis=1) == count) & (rows.row_lengths() == count)


def check_prompt(
    module: BertModule,
    prompt: str,
    max_seq_length: int | None,
    stride: int = 0,
    special_tokens: str = SPLIT,
) -> None:
    """Check that a model can read documents with a prompt.

    Args:
        module: the model.
        prompt: is put before each document; may be empty.
        max_seq_length: positions of the longest input; None if there is no limit.
        stride: of windows; 0 if there are none.
        special_tokens: see `BertModule.rules_with`.

    Raises:
        ValueError: documents are cut into windows, which would need a prompt each, or the prompt
            leaves no room for a wordpiece of a document.
    """
    if prompt and stride:
        raise ValueError(f"`prompt` is for documents without `window_stride`: {NO_PROMPT}")
    if not prompt or max_seq_length is None:
        return
    taken = count_wordpieces(module, prompt, special_tokens) + SPECIAL_TOKENS
    if taken >= max_seq_length:
        raise ValueError(
            f"`prompt` takes {taken} of the {max_seq_length} tokens of `max_seq_length`, with "
            "[CLS] and [SEP]: raise `max_seq_length`, or shorten the prompt"
        )


def sentence_from(module: BertModule, prompt: str, special_tokens: str = SPLIT) -> int:
    """Return the first token that `sentence` pools: that after the prompt, or [CLS].

    Args:
        module: the model.
        prompt: is put before each document; may be empty.
        special_tokens: see `BertModule.rules_with`.
    """
    if not prompt or module.sentence is None or module.sentence.settings.include_prompt:
        return 0
    return 1 + count_wordpieces(module, prompt, special_tokens)


def check_prompt_of_windows(module: BertModule, prompt: str, special_tokens: str = SPLIT) -> None:
    """Check that a prompt before windows has the wordpieces that it has by itself.

    Args:
        module: the model.
        prompt: is put before each window; may be empty.
        special_tokens: see `BertModule.rules_with`.

    Raises:
        ValueError: its last word goes on with the first word of a text.
    """
    alone, letter = (_wordpieces(module, text, special_tokens) for text in (prompt, "a"))
    if prompt and _wordpieces(module, f"{prompt}a", special_tokens) != [*alone, *letter]:
        raise ValueError(
            f"`prompt` {prompt!r} ends within a word: with `rows` windows, end it with a space"
        )


def count_wordpieces(module: BertModule, prompt: str, special_tokens: str) -> int:
    """Return the number of wordpieces of a prompt by itself."""
    return len(_wordpieces(module, prompt, special_tokens)) if prompt else 0


def _wordpieces(module: BertModule, text: str, special_tokens: str) -> list[int]:
    with tf.device("/CPU:0"):
        tokenizer = WordpieceTokenizer(module.vocabulary, module.rules_with(special_tokens))
        ids: list[int] = tokenizer.tokenize(tf.constant([text])).flat_values.numpy().tolist()
    return ids
