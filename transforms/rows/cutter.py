"""Cut single documents into windows: byte ranges of their texts."""

import dataclasses
import functools

import numpy as np

from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.rows.borders import paragraph_borders, sentence_borders
from transforms.rows.long_words import cut_long_words
from transforms.rows.packing import Borders, pack
from transforms.rows.row_config import PARAGRAPHS, SENTENCES, TOKENS
from transforms.rows.token_ranges import RangeTokenizer, TokenRanges

# A window has at least this share of the model's input for its part of a document: with less, a
# long document would become many times as many tokens as it has.
_LEAST_SHARE = 4
# A character has at most as many wordpieces.
LEAST_WORDPIECES = 8
_CAPITAL_SIGMA = "Σ".encode()
_SPACES = np.frombuffer(b" \t\n\r", np.uint8)


@dataclasses.dataclass(frozen=True)
class CutConfig:
    """How documents are cut into windows.

    Attributes:
        vocabulary, rules: of the model's tokenizer.
        size: wordpieces of a window that has nothing but its part of a document.
        stride: wordpieces between the starts of windows; 0: they do not overlap.
        cut: where windows end; see `RowConfig`.
    """

    vocabulary: Vocabulary
    rules: WordpieceRules
    size: int
    stride: int = 0
    cut: str = TOKENS

    def __post_init__(self) -> None:
        if self.size < LEAST_WORDPIECES:
            raise ValueError(
                f"`max_seq_length` leaves {self.size} wordpieces to a window; raise it: windows "
                f"need {LEAST_WORDPIECES}"
            )

    @property
    def least(self) -> int:
        """The wordpieces that a window must have for its part of a document."""
        return max(LEAST_WORDPIECES, self.size // _LEAST_SHARE)


class Cutter:
    """Cuts documents into windows."""

    def __init__(self, config: CutConfig, tokenizer: RangeTokenizer) -> None:
        self.config = config
        self.tokenizer = tokenizer

    def cut(self, text: bytes, ranges: TokenRanges, size: int) -> np.ndarray:
        """Cut a document that is longer than a window.

        A window begins with a wordpiece, and has all up to the beginning of the next one that is
        not in it, except white space at its ends.

        Args:
            text: UTF-8.
            ranges: its wordpieces.
            size: wordpieces of the longest window, at least `LEAST_WORDPIECES`.

        Returns:
            int64 [windows, 2]: the bytes of each window.
        """
        ranges = ranges._replace(words=self._safe_borders(text, ranges))
        by_dictionary = self.config.cut == SENTENCES
        ranges, breaks = cut_long_words(text, ranges, size, self.tokenizer, by_dictionary)
        columns = (np.split(c, breaks) for c in (ranges.words, self._preferred(text, ranges)))
        # The wordpieces that two halves of a word have together may be others.
        windows = np.concatenate(
            [
                pack(Borders(*borders), size, self.config.stride) + begin
                for begin, *borders in zip([0, *breaks], *columns, strict=True)
                if len(borders[0])
            ]
        )
        begins = np.append(ranges.starts, len(text))
        begins[0] = 0
        return _stripped(text, begins[windows])

    def _safe_borders(self, text: bytes, ranges: TokenRanges) -> np.ndarray:
        """Return the borders of words at which a text can be cut without other wordpieces.

        The lower case of a capital sigma depends on the letters of its word, also on those behind
        an apostrophe or a period.
        """
        if not self.config.rules.do_lower_case or _CAPITAL_SIGMA not in text:
            return ranges.words
        before = np.frombuffer(text, np.uint8)[np.maximum(ranges.starts - 1, 0)]
        safe: np.ndarray = ranges.words & np.isin(before, _SPACES)
        safe[0] = True
        return safe

    def _preferred(self, text: bytes, ranges: TokenRanges) -> np.ndarray:
        """Return the borders of words at which sentences or paragraphs begin."""
        if self.config.cut == TOKENS:
            return ranges.words
        find = paragraph_borders if self.config.cut == PARAGRAPHS else sentence_borders
        borders = find(text)
        places = np.searchsorted(ranges.starts, borders)
        inside = (places > 0) & (places < len(ranges.starts))
        places, borders = places[inside], borders[inside]
        places = places[ranges.ends[places - 1] <= borders]
        preferred = np.zeros_like(ranges.words)
        preferred[places] = ranges.words[places]
        return preferred


def _stripped(text: bytes, windows: np.ndarray) -> np.ndarray:
    """Remove the white space at the ends of windows; int64 [windows, 2] in and out."""
    pieces = [text[begin:end] for begin, end in windows.tolist()]
    left = [len(piece) - len(piece.lstrip()) for piece in pieces]
    right = [len(piece) - len(piece.rstrip()) for piece in pieces]
    stripped: np.ndarray = windows + np.stack([left, np.negative(right)], axis=1)
    return stripped


@functools.lru_cache(maxsize=2)
def cutter_of(config: CutConfig) -> Cutter:
    """Return the cutter of a configuration, made once in a process."""
    return Cutter(config, RangeTokenizer(config.vocabulary, config.rules))
