"""Embed elements of any pipeline: texts, and mappings or rows with a text among their fields."""

import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from transforms import encode, metrics
from transforms.bert.module import BertModule
from transforms.documents import DETAIL, REASON
from transforms.elements.element_records import to_record
from transforms.elements.text_config import TextConfig
from transforms.embedding.embed import embed_sequences
from transforms.embedding.loaded_model import LoadedModel
from transforms.embedding.part_embeddings import (
    account,
    add_embeddings,
    reject_oversize,
    shape_documents,
    take_sequences,
)
from transforms.encode import EncodeConfig
from transforms.features import NUM_TOKENS
from transforms.metrics import report_counts
from transforms.sources import record_fields
from transforms.sources.record_fields import Record
from transforms.tokenize import tokenize_part
from transforms.wordpiece.preprocessing import traced_inputs


class Rejected(NamedTuple):
    """Why an element has no vectors: a value of `rejects.Reason`, and a detail."""

    reason: str
    detail: str


# By feature: float32 [width], or [tokens, width] for a feature of tokens.
Vectors = dict[str, np.ndarray]


class EmbeddedBatch(NamedTuple):
    """The result for a batch of elements.

    Attributes:
        vectors: for each element its vectors, or why there are none.
        counts: the work done, by the names used in receipts.
    """

    vectors: list[Vectors | Rejected]
    counts: dict[str, int]


class TextEmbedder:
    """A model with its tokenizer, which embeds elements."""

    def __init__(self, config: TextConfig, module: BertModule, model: LoadedModel) -> None:
        self.model = model
        self._config = config
        self._embedding = config.embedding(module)
        wordpieces = config.wordpieces(module)
        self._texts = wordpieces.texts
        self._graph = traced_inputs(wordpieces, module.vocabulary)

    def embed(self, elements: Sequence[Any]) -> EmbeddedBatch:
        """Embed elements, and report counts to the runner's metrics.

        An element gets the vectors that a job with the same settings gives its text.

        Args:
            elements: texts, mappings, or rows; see `fields_of`.
        """
        return self.embed_records([to_record(element, self._config) for element in elements])

    def embed_records(self, records: Sequence[Record]) -> EmbeddedBatch:
        """Embed the texts of records, and report counts to the runner's metrics."""
        if not records:
            return EmbeddedBatch([], {})
        engine, config = self.model.engine, self._embedding
        documents = record_fields.to_documents(records, range(len(records)), "", self._config.read)
        part = tokenize_part(documents, self._graph, self._texts)
        part = reject_oversize(part, config.widths(engine.hidden_size), config)
        sequences, is_valid = take_sequences(part)
        run_all = encode.batch_runner(self.model, metrics.Stopwatch())
        computed = embed_sequences(sequences, engine, config, run_all)
        embeddings = shape_documents(computed, config.shaping)
        embedded = add_embeddings(part, is_valid, sequences, embeddings)
        counts = account(embedded, embeddings)
        report_counts(counts)
        return EmbeddedBatch(_split_rows(embedded, self._config.names), counts)


def _split_rows(part: pa.RecordBatch, names: Sequence[str]) -> list[Vectors | Rejected]:
    """Return the vectors of each row of a part, or why there are none."""
    lengths = part.column(NUM_TOKENS).to_numpy()
    matrices = {name: _copy_rows(part.column(name), lengths) for name in names}
    results: list[Vectors | Rejected] = []
    reasons, details = (part.column(name).to_pylist() for name in (REASON, DETAIL))
    embedded = 0
    for reason, detail in zip(reasons, details, strict=True):
        if reason is not None:
            results.append(Rejected(reason, detail or ""))
            continue
        results.append({name: rows[embedded] for name, rows in matrices.items()})
        embedded += 1
    return results


def _copy_rows(column: pa.Array, lengths: np.ndarray) -> Sequence[np.ndarray]:
    """Return the vectors of each embedded row; copies, because a view would keep all rows alive."""
    if pa.types.is_fixed_size_list(column.type):
        width = column.type.list_size
        flat = column.flatten().to_numpy().reshape(-1, width)
        return [row.copy() for row in flat]
    lengths = lengths[lengths > 0]
    tokens = column.flatten().to_numpy().reshape(int(lengths.sum()) or 1, -1)
    return [rows.copy() for rows in np.split(tokens, np.cumsum(lengths)[:-1])]


_EMBEDDERS: dict[tuple[TextConfig, str], TextEmbedder] = {}
_CREATING = threading.Lock()


def shared_embedder(config: TextConfig, settings: EncodeConfig) -> TextEmbedder:
    """Return the process's embedder for a configuration; create it on the first call.

    All steps of all pipelines in the process share it: tracing a tokenizer takes a second, and
    inspecting a module reads all of its files.
    """
    model = encode.shared_model(settings)
    key = (config, settings.model_sha256)
    with _CREATING:
        if key not in _EMBEDDERS or _EMBEDDERS[key].model is not model:
            _EMBEDDERS[key] = TextEmbedder(config, encode.inspect_module(settings), model)
        return _EMBEDDERS[key]
