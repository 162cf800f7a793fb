"""Find out whether vectors depend on the wordpieces of their own document alone, bit for bit.

The kernels of an engine divide matrices into blocks. Where the number of rows or the padded width
decides which kernel computes a row, the last bits of a vector depend on its batch. No library
promises anything about this, so a few documents are embedded together and alone, on this machine.
"""

import itertools
from collections.abc import Iterator

import numpy as np

from transforms.batching.token_sequences import TokenSequences
from transforms.bert.engines import Engine
from transforms.embedding.embed import EmbeddingConfig, PartEmbeddings, embed_sequences
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS

# About where groups of lengths begin, and how many documents they have: from many short ones to
# two long ones.
_GROUPS = ((0, 24), (24, 3), (72, 2))
# Which lengths of a group the documents have, as shares of the group. The last one makes batches
# wide. The others are compared: lanes of half a group would treat one of them otherwise when alone.
_PLACES = (3 / 8, 5 / 8, 7 / 8)
_COMPARED = 2


def is_invariant(engine: Engine, config: EmbeddingConfig, vocab_size: int) -> bool:
    """Return whether a document has the same vectors in every batch of a configuration.

    For the default model this takes 0.2 s.

    Args:
        engine: a loaded model.
        config: without `length_group` the padding of a window depends on the other windows of its
            batch, and the result is False.
        vocab_size: number of the model's wordpieces.

    Raises:
        Exception: the engine fails even on the shortest input; this is its error.
    """
    if not config.batching.length_group:
        return False
    groups = list(_lengths(config))
    sequences = _draw(np.concatenate(groups), vocab_size)
    firsts = np.cumsum([0, *map(len, groups[:-1])])
    compared = (firsts[:, np.newaxis] + np.arange(_COMPARED)).reshape(-1, 1)
    together = embed_sequences(sequences, engine, config)
    return not together.failed and all(
        _is_same(together, embed_sequences(sequences.take(one), engine, config), sequences, one)
        for one in compared
    )


def _lengths(config: EmbeddingConfig) -> Iterator[list[int]]:
    """Yield the tokens of the documents of each group."""
    size, longest = config.batching.length_group, config.windows.max_seq_length
    for about, documents in _GROUPS:
        lengths = [about // size * size + int(size * place) for place in _PLACES]
        lengths = [min(max(length, SPECIAL_TOKENS), longest) for length in lengths]
        yield list(itertools.islice(itertools.cycle(lengths), documents))
    if config.windows.stride:
        yield [longest + config.windows.stride] * _COMPARED


def _draw(lengths: np.ndarray, vocab_size: int) -> TokenSequences:
    """Draw random documents, the same in every call."""
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    ids = np.random.default_rng(0).integers(0, vocab_size, offsets[-1])
    return TokenSequences(offsets, ids, np.zeros_like(ids))


def _is_same(
    together: PartEmbeddings, alone: PartEmbeddings, sequences: TokenSequences, document: np.ndarray
) -> bool:
    """Return whether a document has the same bits in both; `document` is its number, int64 [1]."""
    tokens = sequences.indices(document)
    pairs = [(x[document], alone.documents[name]) for name, x in together.documents.items()]
    pairs += [(x[tokens], alone.tokens[name]) for name, x in together.tokens.items()]
    return not alone.failed and all(one.tobytes() == other.tobytes() for one, other in pairs)
