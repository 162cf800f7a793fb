"""Read documents of a part for a sample: ids, lengths, kept fields and one vector each."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from pipeline.output import read_records
from pipeline.output.open_job import Job
from pipeline.output.read_records import Layout
from pipeline.report import sample
from pipeline.report.sample import Sample
from transforms.documents import ID
from transforms.features import NUM_TOKENS, NUM_WORDPIECES, TOKEN_FEATURES, TRUNCATED
from transforms.receipts import Receipt
from transforms.records.record_content import POOLED

# Bytes of vectors to read at a time. Of token vectors only the means are kept.
_BATCH_BYTES = 1 << 27


def empty_sample(layout: Layout) -> Sample:
    """Return a sample without documents whose vectors have the width of the job's."""
    feature, width = _feature(layout)
    return sample.empty(_title(feature), width)


def read_sample(job: Job, layout: Layout, part: Receipt, rows: np.ndarray) -> Iterator[Sample]:
    """Read rows of a part, in batches whose vectors fit into memory; `words` stays empty."""
    _, width = _feature(layout)
    vectors = 1 if _family(layout) == POOLED else job.config.windows.max_seq_length
    step = max(1, _BATCH_BYTES // (4 * width * vectors))
    for start in range(0, len(rows), step):
        yield _read_batch(job, layout, part, rows[start : start + step])


def _read_batch(job: Job, layout: Layout, part: Receipt, rows: np.ndarray) -> Sample:
    family = _family(layout)
    path = f"{family}/{part.name}{layout.records.ending}"
    batch = read_records.read_rows(job.folder, path, rows.tolist(), family, layout)
    num_tokens = _numbers(batch, NUM_TOKENS)
    ids = batch.column(ID).flatten().to_pylist()
    return Sample(
        ids=tuple(value.decode("utf-8", "replace") for value in ids),
        sources=tuple(part.places_of_rows(rows.tolist())[0]),
        words=(),
        num_tokens=num_tokens,
        num_wordpieces=_numbers(batch, NUM_WORDPIECES),
        truncated=_numbers(batch, TRUNCATED),
        vectors=_vectors(batch, layout, num_tokens),
        feature=_title(_feature(layout)[0]),
        kept={
            field.name: tuple(map(_joined, batch.column(field.name).to_pylist()))
            for field in layout.records.kept_by(family)
            if field.name in batch.schema.names
        },
    )


def _numbers(batch: pa.RecordBatch, name: str) -> np.ndarray:
    numbers: np.ndarray = batch.column(name).flatten().to_numpy()
    return numbers


def _vectors(batch: pa.RecordBatch, layout: Layout, num_tokens: np.ndarray) -> np.ndarray:
    """Return a vector for each document: the first feature, or the mean of its token vectors."""
    feature, width = _feature(layout)
    matrix: np.ndarray = batch.column(feature).flatten().to_numpy().reshape(-1, width)
    if _family(layout) == POOLED:
        return matrix
    starts = np.cumsum(num_tokens) - num_tokens
    means: np.ndarray = np.add.reduceat(matrix, starts, axis=0) / num_tokens[:, np.newaxis]
    return means.astype(np.float32)


def _family(layout: Layout) -> str:
    return layout.records.families[0]


def _feature(layout: Layout) -> tuple[str, int]:
    """Return the name and the width of the first feature."""
    return next(iter(layout.records.widths(_family(layout), layout.widths).items()))


def _title(feature: str) -> str:
    return f"mean of {feature}" if feature in TOKEN_FEATURES else feature


def _joined(values: Sequence[object] | None) -> str:
    """Return the value of a kept field as text; those of a list with commas between them."""
    return ", ".join(map(_as_text, values or ()))


def _as_text(value: object) -> str:
    if value is None:
        return "null"
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
