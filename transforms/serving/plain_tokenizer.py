"""BERT's WordPiece tokenizer in plain Python, for a few texts without TensorFlow.

It computes the ids of `wordpiece.tokenizer`, from a table of what that one does to each character.
"""

import re
from collections.abc import Callable, Mapping

from transforms.bert.vocabulary import SPECIAL_TOKENS, SUFFIX_MARK, Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.serving.characters import CharacterTable

_Tokenize = Callable[[str], list[int]]


class PlainTokenizer:
    """Tokenizes texts to wordpiece ids."""

    def __init__(
        self, vocabulary: Vocabulary, rules: WordpieceRules, characters: CharacterTable
    ) -> None:
        self._characters = characters
        self._words = characters.words()
        self._most = rules.max_word_chars
        self._unknown = vocabulary.unknown_id
        self._ids, self._suffixes = _wordpieces(vocabulary, rules)
        longest = max(map(len, (*self._ids, *self._suffixes)), default=1)
        self._longest = min(longest, self._most)
        normalized = self._normalized_ids(vocabulary, rules.normalized_tokens)
        self._of_normalized = _looked_up_first(normalized, self._of_words)
        added = vocabulary.ids_of(rules.added_tokens)
        self._of_text = _looked_up_first(added, self._normalize_and_tokenize)

    def tokenize(self, text: str) -> list[int]:
        """Return the ids of a text, without [CLS] and [SEP]."""
        return self._of_text(text)

    def tokenize_after(self, prompt: str, text: str) -> list[int]:
        """Return the ids of a text with a prompt before it; none if the text has none by itself."""
        if not prompt:
            return self.tokenize(text)
        whole = self.tokenize(prompt + text)
        if whole == self.tokenize(prompt) and not self.tokenize(text):
            return []
        return whole

    def _normalize_and_tokenize(self, text: str) -> list[int]:
        return self._of_normalized(self._characters.normalize(text))

    def _of_words(self, text: str) -> list[int]:
        ids: list[int] = []
        for word in self._words.findall(text):
            ids += self._of_word(word)
        return ids

    def _of_word(self, word: str) -> list[int]:
        """Match the longest wordpieces first."""
        if len(word) > self._most:
            return [self._unknown]
        ids: list[int] = []
        start, table = 0, self._ids
        while start < len(word):
            end = min(len(word), start + self._longest)
            while end > start and word[start:end] not in table:
                end -= 1
            if end == start:
                return [self._unknown]
            ids.append(table[word[start:end]])
            start, table = end, self._suffixes
        return ids

    def _normalized_ids(self, vocabulary: Vocabulary, tokens: tuple[str, ...]) -> dict[str, int]:
        """Return the ids of tokens by their normalized texts; of equal texts the first counts."""
        ids: dict[str, int] = {}
        for token in tokens:
            text = self._characters.normalize(token)
            if text:
                ids.setdefault(text, vocabulary.ids_of([token])[token])
        return ids


def _wordpieces(
    vocabulary: Vocabulary, rules: WordpieceRules
) -> tuple[dict[str, int], dict[str, int]]:
    """Return the ids of wordpieces that begin words, and of those that continue them."""
    added = {*rules.added_tokens, *rules.normalized_tokens} - set(SPECIAL_TOKENS)
    tokens = list(vocabulary.tokens)
    while tokens[-1] in added:
        tokens.pop()
    begin: dict[str, int] = {}
    suffixes: dict[str, int] = {}
    for id_, token in enumerate(tokens):
        if token.startswith(SUFFIX_MARK) and token != SUFFIX_MARK:
            suffixes[token.removeprefix(SUFFIX_MARK)] = id_
        begin[token] = id_
    return begin, suffixes


def _looked_up_first(tokens: Mapping[str, int], tokenize: _Tokenize) -> _Tokenize:
    """Return a function that looks up tokens in a text, and tokenizes what is between them."""
    if not tokens:
        return tokenize
    longest_first = sorted(tokens, key=len, reverse=True)
    pattern = re.compile(f"({'|'.join(map(re.escape, longest_first))})")

    def split(text: str) -> list[int]:
        ids: list[int] = []
        for place, piece in enumerate(pattern.split(text)):
            ids += [tokens[piece]] if place % 2 else tokenize(piece)
        return ids

    return split
