"""Clean texts, and fold case and accents, as the rules of a model's tokenizer say.

Control and format characters are dropped and white space becomes spaces, as in `BasicTokenizer` of
google-research/bert `tokenization.py`. Lower-casing and stripping accents are independent of each
other, as in `BertNormalizer` of Hugging Face's tokenizers.
"""

import dataclasses
import functools

import tensorflow as tf
import tensorflow_text as tf_text

from transforms.wordpiece.offsets import NormalizedWidths

# White space other than the space itself: replacing spaces too would take longer than all other
# steps. Each character becomes one space, so that its width does not depend on its context.
_WHITE_SPACE = r"[\t\n\r]|[^\P{Z} ]"
_DROPPED = r"[\p{Cc}\p{Cf}\x{FFFD}]+"
_ACCENTS = r"\p{Mn}+"
# ICU lowers these by the locale of the process; under a Turkish one, I becomes a dotless i.
_LATIN_CAPITAL_I = r"[I\x{130}]"
# Under a Lithuanian locale ICU keeps the dot of these below an accent. It matters only where
# accents are kept. The dotted I has its accent in its lower case.
_LOWER_CASE_OF_DOTTED = {
    "\u0130": "i\u0307",
    "I": "i",
    "J": "j",
    "\u012e": "\u012f",
    "\u00cc": "\u00ec",
    "\u00cd": "\u00ed",
    "\u0128": "\u0129",
}


@dataclasses.dataclass(frozen=True)
class Normalizer:
    """Normalizes texts.

    Attributes:
        do_lower_case: whether texts are lower-cased.
        strip_accents: whether texts are decomposed and lose their nonspacing marks.
    """

    do_lower_case: bool
    strip_accents: bool

    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """Normalize texts; string [documents] in and out."""
        text = tf.strings.regex_replace(text, _WHITE_SPACE, " ")
        text = tf.strings.regex_replace(text, _DROPPED, "")
        if self.do_lower_case:
            text = self._lower(text)
        if self.strip_accents:
            text = tf_text.normalize_utf8(text, "NFD")
            text = tf.strings.regex_replace(text, _ACCENTS, "")
        return text

    def _lower(self, text: tf.Tensor) -> tf.Tensor:
        if self.strip_accents:
            text = tf.strings.regex_replace(text, _LATIN_CAPITAL_I, "i")
        else:
            for capital, lower in _LOWER_CASE_OF_DOTTED.items():
                text = tf.strings.regex_replace(text, capital, lower)
        return tf.strings.lower(text, encoding="utf-8")

    @property
    def widths(self) -> NormalizedWidths:
        """The bytes that each character becomes; they are measured once."""
        return _measured(self)


@functools.cache
def _measured(normalizer: Normalizer) -> NormalizedWidths:
    return NormalizedWidths(normalizer)
