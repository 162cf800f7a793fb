"""Compare vectors in lower precision with float32 on a sample, before a job begins."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pipeline import graphs
from pipeline.errors import UsageError
from pipeline.estimate import tokenized_sample
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
    features = tuple(name for name in config.features if name in DOCUMENT_FEATURES) or (MEAN,)
    settings = dataclasses.replace(graphs.embedding_config(config, module), features=features)
    try:
        loaded = loading.load_with_exact(
            module, module.outputs(features), config.compute.without_xla
        )
    except ValueError as error:
        raise UsageError(str(error)) from error
    sample = _sample(config, module, splits)
    if sample is None:
        return None
    exact, lower = (embed_sequences(sample, engine, settings).documents for engine in loaded)
    result = agreement.worst([agreement.compare(exact[name], lower[name]) for name in features])
    if not result.smallest_cosine >= config.min_cosine:
        raise UsageError(
            f"--precision {config.compute.precision}: of {result.documents} documents the smallest "
            f"cosine to float32 is {result.smallest_cosine:.4f}, below --min_cosine "
            f"{config.min_cosine:g}: leave out --precision, or lower --min_cosine"
        )
    return result


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
