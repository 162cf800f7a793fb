"""Compare vectors in lower precision with float32 on a sample, before a job begins."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pipeline import graphs
from pipeline.errors import UsageError
from pipeline.estimate import tokenized_sample
from pipeline.estimate.model_speed import relative_speed
from pipeline.options.embed_config import EmbedConfig
from transforms.batching.token_sequences import TokenSequences
from transforms.bert import agreement, loading
from transforms.bert.agreement import CosineAgreement
from transforms.bert.module import BertModule
from transforms.documents import Split
from transforms.embedding.embed import embed_sequences
from transforms.features import DOCUMENT_FEATURES, FLOAT32, MEAN

_MAX_DOCUMENTS, _MAX_DOCUMENTS_OF_PART = 256, 32


def measure_agreement(
    config: EmbedConfig, module: BertModule, splits: Sequence[Split]
) -> CosineAgreement | None:
    """Embed a sample of the corpus in float32 and in `--precision`, and compare the vectors.

    The document features are compared, or the means of token vectors if there are none.

    Returns:
        The agreement; None if the precision is float32 or there is nothing to embed.

    Raises:
        UsageError: the engine does not have this precision, or the smallest cosine is below
            `--min_cosine`.
    """
    if config.compute.precision == FLOAT32:
        return None
    try:
        result = Loaded(config, module).agreement(splits)
    except ValueError as error:
        raise UsageError(str(error)) from error
    if result is not None and not result.smallest_cosine >= config.min_cosine:
        raise UsageError(
            f"--precision {config.compute.precision}: of {result.documents} documents the smallest "
            f"cosine to float32 is {result.smallest_cosine:.4f}, below --min_cosine "
            f"{config.min_cosine:g}: leave out --precision, or lower --min_cosine"
        )
    return result


class Loaded:
    """A model in float32 and in the precision of a configuration."""

    def __init__(self, config: EmbedConfig, module: BertModule) -> None:
        """Load the model twice.

        Raises:
            ValueError: the engine does not compute in this precision here.
        """
        self._config, self._module = config, module
        self._features = tuple(name for name in config.features if name in DOCUMENT_FEATURES) or (
            MEAN,
        )
        self._settings = dataclasses.replace(
            graphs.embedding_config(config, module), features=self._features
        )
        self._engines = loading.load_with_exact(
            module, module.outputs(self._features), config.compute.without_xla
        )

    def agreement(self, splits: Sequence[Split]) -> CosineAgreement | None:
        """Embed a sample of the corpus by both, and compare; None if there is nothing to embed."""
        sample = _sample(self._config, self._module, splits)
        if sample is None:
            return None
        exact, lower = (
            embed_sequences(sample, engine, self._settings).documents for engine in self._engines
        )
        return agreement.worst(
            [agreement.compare(exact[name], lower[name]) for name in self._features]
        )

    def speed(self) -> float:
        """Measure how many times as fast as float32 the precision is on this machine."""
        return relative_speed(*self._engines, self._settings)


def _sample(
    config: EmbedConfig, module: BertModule, splits: Sequence[Split]
) -> TokenSequences | None:
    """Return the first documents of each part of a sample."""
    pieces: list[TokenSequences] = []
    for part in tokenized_sample.tokenize_sample(config, module, splits):
        count = min(_MAX_DOCUMENTS_OF_PART, len(part.wordpieces.offsets) - 1)
        pieces += [part.wordpieces.take(np.arange(count))] if count else []
        if sum(len(piece.offsets) - 1 for piece in pieces) >= _MAX_DOCUMENTS:
            break
    return _join(pieces) if pieces else None


def _join(pieces: Sequence[TokenSequences]) -> TokenSequences:
    lengths = np.concatenate([np.diff(piece.offsets) for piece in pieces])
    return TokenSequences(
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        input_ids=np.concatenate([piece.input_ids for piece in pieces]),
        segment_ids=np.concatenate([piece.segment_ids for piece in pieces]),
    )
