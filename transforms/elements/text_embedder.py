"""Elements of any pipeline to vectors: texts, and what has a text among its fields."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import tensorflow as tf

from transforms.bert.engines import Engine
from transforms.bert.module import BertModule
from transforms.documents import DETAIL, REASON
from transforms.elements.text_config import TextConfig
from transforms.embedding.embed import RunAll, embed
from transforms.embedding.part_embeddings import (
    account,
    add_embeddings,
    reject_oversize,
    take_wordpieces,
)
from transforms.features import NUM_TOKENS
from transforms.rejects import Reason
from transforms.sources import record_fields
from transforms.sources.record_fields import Record
from transforms.tokenize import tokenize_part
from transforms.wordpiece.preprocessing import model_inputs


class Rejected(NamedTuple):
    """Why an element has no vectors: a value of `rejects.Reason`, and what more."""

    reason: str
    detail: str


class Embedded(NamedTuple):
    """What came of some elements.

    Attributes:
        vectors: of each element: by feature float32 [hidden], of features of tokens
            [tokens, width]; or why there are none.
        counts: of what was done, by the names that receipts have.
    """

    vectors: list[dict[str, np.ndarray] | Rejected]
    counts: dict[str, int]


class TextEmbedder:
    """A model and its tokenizer."""

    def __init__(self, config: TextConfig, module: BertModule, engine: Engine) -> None:
        self.engine = engine
        self._config = config
        self._embedding = config.embedding(module.vocabulary.pad_id)
        wordpieces = config.wordpieces(module)
        self._texts = wordpieces.texts
        signature = {name: tf.TensorSpec([None], tf.string) for name in self._texts}
        inputs = model_inputs(wordpieces, module.vocabulary)
        self._graph = tf.function(inputs, input_signature=[signature])

    def embed(self, elements: Sequence[Any], run_all: RunAll = map) -> Embedded:
        """Embed elements; each gets what a job of the same settings gives its text.

        Args:
            elements: texts, mappings, or rows; see `fields_of`.
            run_all: see `embedding.embed`.
        """
        if not elements:
            return Embedded([], {})
        read = self._config.read
        found = [_record(element, self._config) for element in elements]
        documents = record_fields.to_documents(found, range(len(found)), "", read)
        part = tokenize_part(documents, self._graph, self._texts)
        part = reject_oversize(part, self.engine.hidden_size, self._embedding)
        wordpieces, sound = take_wordpieces(part)
        embeddings = embed(wordpieces, self.engine, self._embedding, run_all)
        shaping = self._embedding.shaping
        embedded = add_embeddings(part, sound, wordpieces, embeddings, shaping)
        return Embedded(_apart(embedded, self._config.names), account(embedded, embeddings))


def fields_of(element: Any, text_field: str) -> Mapping[str, Any] | None:
    """Give the fields of an element, a text being its own `text_field`; None of what has none."""
    if isinstance(element, str | bytes) or element is None:
        return {text_field: element}
    if isinstance(element, Mapping):
        return element
    as_dict = getattr(element, "_asdict", None)
    if as_dict is not None:
        fields: Mapping[str, Any] = as_dict()
        return fields
    if dataclasses.is_dataclass(element) and not isinstance(element, type):
        own = dataclasses.fields(element)
        return {field.name: getattr(element, field.name) for field in own}
    return None


def as_unicode(element: Any) -> Any:
    r"""Give an element that any coder takes: lone surrogates, which are no Unicode, are escaped.

    Looks at texts and at the fields of mappings.

    >>> as_unicode({"text": "a\ud800"})
    {'text': 'a\\ud800'}
    """
    if isinstance(element, str):
        return element.encode(errors="backslashreplace").decode()
    if isinstance(element, Mapping):
        return {name: as_unicode(value) for name, value in element.items()}
    return element


def _record(element: Any, config: TextConfig) -> Record:
    fields = fields_of(element, config.text_field)
    if fields is None:
        kind = type(element).__name__
        return record_fields.rejected(Reason.WRONG_TYPE, f"{kind} is no text, and has no fields")
    taken = [name for name in config.names if name in fields]
    if taken:
        return record_fields.rejected(Reason.WRONG_TYPE, f"it has a field {taken[0]!r} already")
    record = record_fields.from_mapping(fields, config.read)
    texts = record.text, record.text_b
    try:
        longest = max(len(text.encode()) for text in texts)
    except UnicodeEncodeError as error:
        return record_fields.rejected(Reason.NOT_UTF8, error)
    most = config.read.max_document_bytes
    return (
        record
        if longest <= most
        else record_fields.rejected(Reason.TOO_LARGE, f"over {most} bytes")
    )


def _apart(part: pa.RecordBatch, names: Sequence[str]) -> list[dict[str, np.ndarray] | Rejected]:
    """Take the rows of a part apart."""
    lengths = part.column(NUM_TOKENS).to_numpy()
    matrices = {name: _rows(part.column(name), lengths) for name in names}
    whole: list[dict[str, np.ndarray] | Rejected] = []
    reasons, details = (part.column(name).to_pylist() for name in (REASON, DETAIL))
    sound = 0
    for reason, detail in zip(reasons, details, strict=True):
        if reason is not None:
            whole.append(Rejected(reason, detail or ""))
            continue
        whole.append({name: rows[sound] for name, rows in matrices.items()})
        sound += 1
    return whole


def _rows(column: pa.Array, lengths: np.ndarray) -> Sequence[np.ndarray]:
    """Give the vectors of each sound row, copied, lest one keep all alive."""
    if pa.types.is_fixed_size_list(column.type):
        width = column.type.list_size
        flat = column.flatten().to_numpy().reshape(-1, width)
        return [row.copy() for row in flat]
    lengths = lengths[lengths > 0]
    tokens = column.flatten().to_numpy().reshape(int(lengths.sum()) or 1, -1)
    return [rows.copy() for rows in np.split(tokens, np.cumsum(lengths)[:-1])]


def with_vectors(fields: Mapping[str, Any], vectors: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Put vectors beside the fields of a row, as lists, which Beam's schemas know."""
    return {**fields, **{name: array.tolist() for name, array in vectors.items()}}
