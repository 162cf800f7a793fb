"""BERT's WordPiece tokenizer as a TensorFlow graph.

It follows google-research/bert `tokenization.py` (`FullTokenizer`): drop control and format
characters, split at white space, punctuation and CJK ideographs, fold case and strip accents where
the model expects it, then match the longest wordpieces first. A word of more than 200 characters is
unknown. `WordpieceRules` says in what a model's tokenizer differs. All steps work on whole columns.
"""

from collections.abc import Sequence

import tensorflow as tf

from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.wordpiece.literal_tokens import looked_up_first
from transforms.wordpiece.normalizing import Normalizer
from transforms.wordpiece.word_matching import Wordpieces, matcher

# Increased whenever a change gives the same text and vocabulary other ids.
ALGORITHM_VERSION = 1


class WordpieceTokenizer:
    """Tokenizes texts to wordpiece ids, in a graph or eagerly."""

    def __init__(self, vocabulary: Vocabulary, rules: WordpieceRules) -> None:
        self._normalizer = Normalizer(rules.do_lower_case, rules.strip_accents)
        self._literal_ids = vocabulary.ids_of(rules.added_tokens)
        self._tokenize_normalized = looked_up_first(
            self._normalized_ids(vocabulary, rules.normalized_tokens), matcher(vocabulary, rules)
        )

    def normalize(self, text: tf.Tensor) -> tf.Tensor:
        """Clean texts, and fold case where the model expects it; string [documents] in and out."""
        return self._normalizer(text)

    def tokenize(self, text: tf.Tensor) -> tf.RaggedTensor:
        """Return the wordpiece ids of each document, without [CLS] and [SEP].

        Args:
            text: string [documents], UTF-8.

        Returns:
            int64 [documents, (wordpieces)].
        """
        return self.tokenize_without_offsets(text).ids

    def tokenize_with_offsets(self, text: tf.Tensor) -> Wordpieces:
        """Return the wordpieces of each document with their bytes in the original text.

        Args:
            text: string [documents], UTF-8.

        Returns:
            wordpieces with byte ranges of `text`. The range of an unknown word covers the whole
            word. A range includes dropped characters within a wordpiece, not those around it.
        """
        return looked_up_first(self._literal_ids, self._tokenize_and_translate)(text)

    def tokenize_without_offsets(self, text: tf.Tensor) -> Wordpieces:
        """Return the wordpieces of each document; their byte ranges are not those of `text`."""
        return looked_up_first(self._literal_ids, self._normalize_and_tokenize)(text)

    def _normalize_and_tokenize(self, text: tf.Tensor) -> Wordpieces:
        return self._tokenize_normalized(self.normalize(text))

    def _tokenize_and_translate(self, text: tf.Tensor) -> Wordpieces:
        ids, starts, ends = self._normalize_and_tokenize(text)
        return Wordpieces(ids, *self._normalizer.widths.to_source(text, starts, ends))

    def _normalized_ids(self, vocabulary: Vocabulary, tokens: Sequence[str]) -> dict[str, int]:
        """Return the ids of tokens by their normalized texts.

        Of tokens with equal texts the first counts. Hugging Face's library takes any of them.
        """
        if not tokens:
            return {}
        with tf.init_scope():
            normalized = self.normalize(tf.constant(list(tokens))).numpy()
        ids: dict[str, int] = {}
        for text, token in zip(normalized, tokens, strict=True):
            if text:
                ids.setdefault(text.decode(), vocabulary.ids_of([token])[token])
        return ids
