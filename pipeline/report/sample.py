"""The sample of documents that a report shows."""

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np


@dataclasses.dataclass(frozen=True)
class Sample:
    """A sample of the embedded documents of a job.

    Attributes:
        ids, sources, words: of each document; `words` has the first words of its text, empty if
            the source is gone or has changed.
        num_tokens, num_wordpieces, truncated: int64 [documents].
        vectors: float32 [documents, width].
        feature: name of the vectors.
        kept: the kept fields as text, by name.
    """

    ids: tuple[str, ...]
    sources: tuple[str, ...]
    words: tuple[str, ...]
    num_tokens: np.ndarray
    num_wordpieces: np.ndarray
    truncated: np.ndarray
    vectors: np.ndarray
    feature: str
    kept: Mapping[str, tuple[str, ...]]

    @property
    def has_words(self) -> bool:
        """Whether the first words of any document could be read."""
        return any(self.words)


def empty(feature: str, width: int) -> Sample:
    """Return a sample without documents."""
    none = np.empty(0, np.int64)
    return Sample((), (), (), none, none, none, np.empty([0, width], np.float32), feature, {})


def join(samples: Sequence[Sample]) -> Sample:
    """Join samples of one feature; a kept field that a sample lacks is empty there.

    The fields keep their order, that of `--keep_fields`: a map is colored by the first that has
    kinds as values.
    """
    fields = dict.fromkeys(name for sample in samples for name in sample.kept)
    return Sample(
        ids=tuple(id_ for sample in samples for id_ in sample.ids),
        sources=tuple(source for sample in samples for source in sample.sources),
        words=tuple(words for sample in samples for words in sample.words),
        num_tokens=np.concatenate([sample.num_tokens for sample in samples]),
        num_wordpieces=np.concatenate([sample.num_wordpieces for sample in samples]),
        truncated=np.concatenate([sample.truncated for sample in samples]),
        vectors=np.concatenate([sample.vectors for sample in samples]),
        feature=samples[0].feature,
        kept={
            name: tuple(
                value
                for sample in samples
                for value in sample.kept.get(name, [""] * len(sample.ids))
            )
            for name in fields
        },
    )
