"""Embed texts with OpenVINO and the tokenizer in plain Python."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from transforms.batching.token_sequences import TokenSequences
from transforms.bert.engines import EngineSpec
from transforms.bert.openvino_engine import OpenvinoEngine
from transforms.bert.output_spec import OutputSpec
from transforms.embedding.embed import EmbeddingConfig, embed_sequences
from transforms.features import FLOAT32
from transforms.serving.plain_tokenizer import PlainTokenizer
from transforms.serving.query_settings import (
    Embed,
    QueryFiles,
    QuerySettings,
    StoredEncoder,
    Texts,
    check_not_empty,
)
from transforms.wordpiece.special_tokens import SPECIAL_TOKENS, SPECIAL_TOKENS_OF_PAIR


def load(folder: Path, settings: QuerySettings, encoder: StoredEncoder, feature: str) -> Embed:
    """Return the function that embeds texts.

    Args:
        folder: of the model.
        settings: those of the folder.
        encoder: that of the settings.
        feature: to compute.

    Raises:
        ValueError: a file is damaged.
        OSError: a file cannot be read.
    """
    files = QueryFiles(folder, settings)
    embedding = _only(settings.embedding, feature)
    tokenizer = SequenceTokenizer(files, settings)
    outputs = OutputSpec.of(embedding.features, embedding.sentence_poolings)
    weights = files.weights(encoder)
    engine = OpenvinoEngine(EngineSpec(weights, weights.shape, outputs, FLOAT32))
    if settings.sentence is not None:
        engine.sentence = files.head(settings.sentence, weights.shape.hidden_size)

    def embed(texts: Texts) -> np.ndarray:
        sequences = tokenizer(texts)
        embeddings = embed_sequences(sequences, engine, embedding)
        if embeddings.failed:
            number, error = next(iter(embeddings.failed.items()))
            raise ValueError(f"text {number}: {error}")
        return embedding.shaping.apply(embeddings.documents[feature])

    return embed


def _only(embedding: EmbeddingConfig, feature: str) -> EmbeddingConfig:
    """Return a configuration that computes one feature, for batches of any shape."""
    return dataclasses.replace(
        embedding,
        features=(feature,),
        batching=dataclasses.replace(embedding.batching, boundaries=()),
        dtype=FLOAT32,
    )


class SequenceTokenizer:
    """Tokenizes texts, truncates them and lays them out; see `wordpiece.assembly`."""

    def __init__(self, files: QueryFiles, settings: QuerySettings) -> None:
        vocabulary = files.vocabulary()
        self._tokenizer = PlainTokenizer(vocabulary, settings.rules, files.characters())
        self._prompt = settings.prompt
        self._cls, self._sep = vocabulary.cls_id, vocabulary.sep_id
        windows = settings.embedding.windows
        self._most = None if windows.stride else windows.max_seq_length

    def __call__(self, columns: Texts) -> TokenSequences:
        rows = [self._row(*texts) for texts in zip(*columns, strict=True)]
        check_not_empty([not first for first, *_ in rows])
        laid_out = [self._lay_out(*row) for row in rows]
        lengths = [len(ids) for ids, _ in laid_out]
        return TokenSequences(
            np.cumsum([0, *lengths], dtype=np.int64),
            np.array([id_ for ids, _ in laid_out for id_ in ids], np.int64),
            np.array([segment for _, segments in laid_out for segment in segments], np.int64),
        )

    def _row(self, text: str, *others: str) -> list[list[int]]:
        first = self._tokenizer.tokenize_after(self._prompt, text)
        return [first, *map(self._tokenizer.tokenize, others)]

    def _lay_out(self, first: list[int], second: Sequence[int] = ()) -> tuple[list[int], list[int]]:
        """Return the ids and segments of a text or of a pair, truncated."""
        if self._most is not None:
            room = self._most - (SPECIAL_TOKENS_OF_PAIR if second else SPECIAL_TOKENS)
            kept = min(len(first), max(room - len(second), (room + 1) // 2))
            first, second = first[:kept], second[: room - kept]
        ids = [self._cls, *first, self._sep, *second, *([self._sep] if second else [])]
        before = len(first) + SPECIAL_TOKENS
        return ids, [0] * before + [1] * (len(ids) - before)
