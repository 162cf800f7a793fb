"""Embed documents with a table of repeated documents: compute only what the table lacks."""

import dataclasses

import numpy as np

from transforms.batching.token_sequences import TokenSequences
from transforms.bert.engines import Engine
from transforms.dedup.repeat_table import RepeatTable, find_rows, hash_documents
from transforms.embedding.embed import EmbeddingConfig, PartEmbeddings, RunAll, embed_sequences


def embed_with_table(
    table: RepeatTable,
    sequences: TokenSequences,
    engine: Engine,
    config: EmbeddingConfig,
    run_all: RunAll = map,
) -> PartEmbeddings:
    """Copy the vectors of documents that the table has; `embed_sequences` embeds the others."""
    rows = find_rows(table.digests, hash_documents(sequences))
    missing = np.flatnonzero(rows < 0)
    copied = len(rows) - len(missing)
    if not copied:
        return embed_sequences(sequences, engine, config, run_all)
    computed = embed_sequences(sequences.take(missing), engine, config, run_all)
    documents, widths = {}, config.widths(engine.hidden_size)
    for name, vectors in computed.documents.items():
        documents[name] = np.empty([len(rows), widths.of(name)], np.float32)
        documents[name][missing] = vectors
        table.copy_vectors(name, rows, documents[name])
    return dataclasses.replace(
        computed,
        documents=documents,
        repeated=computed.repeated + copied,
        repeated_elsewhere=copied,
        failed={int(missing[number]): error for number, error in computed.failed.items()},
    )
