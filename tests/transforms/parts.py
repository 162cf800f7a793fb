"""Parts made by hand, for tests of single stages."""

import json
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
import pyarrow as pa
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from transforms import documents
from transforms.analyze import AnalyzeParts
from transforms.bert.vocabulary import Vocabulary
from transforms.documents import PartHeader
from transforms.wordpiece import WordpieceConfig


def make_part(texts: Sequence[str | None], start: int = 0) -> pa.RecordBatch:
    """Make a part as a reader leaves it; None is a rejected document."""
    batch = documents.documents_batch(
        ids=[f"doc-{start + number}" for number in range(len(texts))],
        positions=list(range(start, start + len(texts))),
        text=texts,
        reasons=[None if text is not None else "empty" for text in texts],
        details=[None if text is not None else "no text" for text in texts],
        fields={"colour": [f"c{number}" if number % 2 else None for number in range(len(texts))]},
    )
    key = documents.fingerprint([list(texts), start])
    return documents.with_header(
        batch, PartHeader("corpus.txt", start, start + len(texts), True, key)
    )


def save_transform(
    folder: Path, vocabulary: Vocabulary, texts: Sequence[str], max_seq_length: int = 8
) -> WordpieceConfig:
    """Learn and save a transform."""
    config = WordpieceConfig(max_seq_length=max_seq_length, do_lower_case=True)
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        parts = pipeline | beam.Create([make_part(texts)])
        _ = parts | AnalyzeParts(config, vocabulary, str(folder), str(folder / "tmp"))
    return config


def read_lines(path: Path) -> list[dict]:
    """Read a JSON Lines file."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
