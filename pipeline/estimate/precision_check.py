"""What less precision does to vectors of the corpus at hand, before a job is begun with it."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from pipeline import graphs
from pipeline.errors import UsageError
from pipeline.estimate import output_size
from pipeline.options.embed_config import EmbedConfig
from transforms.batching.token_sequences import TokenSequences
from transforms.bert import agreement, loading
from transforms.bert.agreement import CosineAgreement
from transforms.bert.module import BertModule
from transforms.bert.output_spec import OutputSpec
from transforms.documents import Split
from transforms.embedding.embed import embed
from transforms.features import DOCUMENT_FEATURES, FLOAT32, MEAN

_DOCUMENTS, _OF_ONE_PLACE = 256, 32


def measure(
    config: EmbedConfig, module: BertModule, splits: Sequence[Split]
) -> CosineAgreement | None:
    """Embed a sample of the corpus in float32 and in the precision wanted, and compare.

    The vectors are those of the documents' features, or their means where only tokens are wanted.

    Returns:
        None where that is float32, or there is nothing to embed.

    Raises:
        UsageError: the model has no such precision, or the vectors are less alike than
            `--min_cosine` asks for.
    """
    if config.compute.precision == FLOAT32:
        return None
    sample = _sample(config, module, splits)
    if sample is None:
        return None
    own = tuple(name for name in config.features if name in DOCUMENT_FEATURES) or (MEAN,)
    settings = dataclasses.replace(graphs.embedding_config(config, module), features=own)
    try:
        loaded = loading.load_with_exact(module, OutputSpec.of(own), config.compute.without_xla)
    except ValueError as error:
        raise UsageError(str(error)) from error
    exact, near = (embed(sample, engine, settings).documents for engine in loaded)
    found = agreement.worst([agreement.compare(exact[name], near[name]) for name in own])
    if not found.smallest_cosine >= config.min_cosine:
        raise UsageError(
            f"--precision {config.compute.precision}: of {found.documents} documents the least "
            f"cosine to float32 is {found.smallest_cosine:.4f}, below --min_cosine "
            f"{config.min_cosine:g}: leave out --precision, or lower --min_cosine"
        )
    return found


def _sample(
    config: EmbedConfig, module: BertModule, splits: Sequence[Split]
) -> TokenSequences | None:
    """Take some documents of each place that a sample is read from."""
    taken: list[TokenSequences] = []
    for lot in output_size.sample_lots(config, module, splits):
        count = min(_OF_ONE_PLACE, len(lot.wordpieces.offsets) - 1)
        taken += [lot.wordpieces.take(np.arange(count))] if count else []
        if sum(len(own.offsets) - 1 for own in taken) >= _DOCUMENTS:
            break
    return _joined(taken) if taken else None


def _joined(several: Sequence[TokenSequences]) -> TokenSequences:
    lengths = np.concatenate([np.diff(own.offsets) for own in several])
    return TokenSequences(
        offsets=np.concatenate([[0], np.cumsum(lengths)]),
        input_ids=np.concatenate([own.input_ids for own in several]),
        segment_ids=np.concatenate([own.segment_ids for own in several]),
    )
