"""Wordpieces to vectors, given a model and a table: what the table lacks is computed."""

import dataclasses

import numpy as np

from transforms.batching.token_sequences import TokenSequences
from transforms.bert.engines import Engine
from transforms.dedup.repeat_table import RepeatTable, hash_documents, places_in
from transforms.embedding.embed import EmbeddingConfig, PartEmbeddings, RunAll, embed


def embed_with_table(
    table: RepeatTable,
    wordpieces: TokenSequences,
    engine: Engine,
    config: EmbeddingConfig,
    run_all: RunAll = map,
) -> PartEmbeddings:
    """Take the documents that a table has from it, and embed the rest; see `embedding.embed`."""
    rows = places_in(table.digests, hash_documents(wordpieces))
    rest = np.flatnonzero(rows < 0)
    taken = len(rows) - len(rest)
    if not taken:
        return embed(wordpieces, engine, config, run_all)
    made = embed(wordpieces.take(rest), engine, config, run_all)
    documents = {}
    for name, vectors in made.documents.items():
        documents[name] = np.empty([len(rows), engine.hidden_size], np.float32)
        documents[name][rest] = vectors
        table.fill(name, rows, documents[name])
    return dataclasses.replace(
        made,
        documents=documents,
        repeated=made.repeated + taken,
        repeated_elsewhere=taken,
        failed={int(rest[number]): why for number, why in made.failed.items()},
    )
