"""Measure the bytes of the records of tokenized documents, without a model."""

import dataclasses

import numpy as np
import pyarrow as pa

from pipeline.options.embed_config import EmbedConfig
from transforms.batching.token_sequences import TokenSequences
from transforms.embedding.embed import PartEmbeddings
from transforms.embedding.part_embeddings import add_embeddings, shape_documents
from transforms.features import widths_of_tokens
from transforms.records import record_files
from transforms.records.record_config import NONE
from transforms.records.record_content import POOLED, SEQUENCE
from transforms.vector_widths import VectorWidths

# The records of about so many tokens of a part are measured.
_MEASURED_TOKENS = 4096


def record_bytes(
    part: pa.RecordBatch, wordpieces: TokenSequences, config: EmbedConfig, widths: VectorWidths
) -> dict[str, float]:
    """Estimate the bytes of the records of documents, by family.

    The records of the first documents are serialized with vectors of zeros. Pooled records are
    scaled by documents, sequence records by tokens.

    Args:
        part: documents that are not rejected.
        wordpieces: of these documents.
        config: of the job.
        widths: of the model's vectors.
    """
    families = config.records.families
    if not part.num_rows:
        return dict.fromkeys(families, 0.0)
    rows = max(1, int(np.searchsorted(wordpieces.offsets, _MEASURED_TOKENS, side="right")) - 1)
    tokens = int(wordpieces.offsets[rows])
    first = TokenSequences(
        wordpieces.offsets[: rows + 1],
        wordpieces.input_ids[:tokens],
        wordpieces.segment_ids[:tokens],
    )
    zeros = shape_documents(_zeros(rows, tokens, config, widths), config.shaping)
    is_valid = np.ones(rows, bool)
    embedded = add_embeddings(part.slice(0, rows), is_valid, first, zeros)
    scales = {POOLED: part.num_rows / rows, SEQUENCE: len(wordpieces.input_ids) / tokens}
    return {family: scales[family] * _stored_bytes(embedded, family, config) for family in families}


def _zeros(rows: int, tokens: int, config: EmbedConfig, widths: VectorWidths) -> PartEmbeddings:
    return PartEmbeddings(
        documents={
            name: np.zeros([rows, widths.of(name)], np.float32)
            for name in config.records.of_documents
        },
        tokens={
            name: np.zeros([tokens, multiple * widths.hidden_size], np.float32)
            for name, multiple in widths_of_tokens(config.features).items()
        },
    )


def _stored_bytes(part: pa.RecordBatch, family: str, config: EmbedConfig) -> int:
    # Compression would reduce zeros to nothing, but real vectors hardly at all.
    records = dataclasses.replace(config.records, compression=NONE)
    return sum(len(block) for block, _ in record_files.encode(part, family, records))
