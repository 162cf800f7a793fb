"""Parts made by hand, for tests of single stages."""

import json
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
import numpy as np
import pyarrow as pa
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from transforms import documents
from transforms.bert.output_spec import Encoded
from transforms.bert.sentence_head import SentenceHead
from transforms.bert.vocabulary import Vocabulary
from transforms.bert.wordpiece_rules import WordpieceRules
from transforms.documents import PartHeader
from transforms.steps.analyze import AnalyzeParts
from transforms.wordpiece.preprocessing import WordpieceConfig

UNCASED = WordpieceRules.of_casing(do_lower_case=True)


def make_part(
    texts: Sequence[str | None], start: int = 0, seconds: Sequence[str] | None = None
) -> pa.RecordBatch:
    """Make a part as a reader leaves it, of pairs where seconds are given; None is rejected."""
    batch = documents.documents_batch(
        ids=[f"doc-{start + number}" for number in range(len(texts))],
        positions=list(range(start, start + len(texts))),
        text=texts,
        text_b=seconds,
        reasons=[None if text is not None else "empty" for text in texts],
        details=[None if text is not None else "no text" for text in texts],
        fields={"colour": [f"c{number}" if number % 2 else None for number in range(len(texts))]},
    )
    key = documents.hash_json([list(texts), start])
    return documents.with_header(
        batch, PartHeader("corpus.txt", start, start + len(texts), True, key)
    )


def make_tokenized(documents: Sequence[list[int] | None], start: int = 0) -> pa.RecordBatch:
    """Make a part as TokenizeParts leaves it, of ids with [CLS] and [SEP]."""
    part = make_part([None if ids is None else "text" for ids in documents], start)
    ids = [ids or [2, 3] for ids in documents]
    columns = {name: part.column(name) for name in part.schema.names if name != "text"}
    columns |= {
        "input_ids": pa.array(ids, pa.large_list(pa.int64())),
        "segment_ids": pa.array([[0] * len(row) for row in ids], pa.large_list(pa.int64())),
        "num_wordpieces": pa.array([len(row) - 2 for row in ids], pa.int64()),
        "num_unknown": pa.array([row.count(1) for row in ids], pa.int64()),
        "truncated": pa.array([0 for _ in ids], pa.int64()),
    }
    return documents_with(columns, part)


def documents_with(columns: dict[str, pa.Array], part: pa.RecordBatch) -> pa.RecordBatch:
    """Make a part of other columns, with the header of a given one."""
    return documents.with_header(pa.RecordBatch.from_pydict(columns), documents.header_of(part))


class EchoEngine:
    """Returns vectors that contain the id, the position and the segment of each token."""

    name = "echo"
    hidden_size = 3
    parallel = 1
    compiled = 0
    precision = "float32"
    sentence: SentenceHead | None = None

    def __init__(self) -> None:
        self.shapes: list[tuple[int, int]] = []

    def run(
        self, input_ids: np.ndarray, input_mask: np.ndarray, segment_ids: np.ndarray
    ) -> Encoded[np.ndarray]:
        """Return `[id, position, segment]` of each token, and the first plus a half as pooled."""
        self.shapes.append(input_ids.shape)
        place = np.broadcast_to(np.arange(input_ids.shape[1]), input_ids.shape)
        sequence = np.stack([input_ids, place, segment_ids], axis=-1).astype(np.float32)
        sequence[input_mask == 0] = np.nan
        return Encoded(sequence[:, 0] + 0.5, sequence)


def save_transform(
    folder: Path, vocabulary: Vocabulary, texts: Sequence[str], **settings: object
) -> WordpieceConfig:
    """Learn and save a transform; by default of 8 positions."""
    config = WordpieceConfig(**{"max_seq_length": 8, "rules": UNCASED, **settings})
    seconds = texts if config.pairs else None
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        parts = pipeline | beam.Create([make_part(texts, seconds=seconds)])
        _ = parts | AnalyzeParts(config, vocabulary, str(folder), str(folder / "tmp"))
    return config


def read_lines(path: Path) -> list[dict]:
    """Read a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
