"""Some documents of a job, evenly over all of them: ids, lengths, vectors and first words."""

import bisect
import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from pipeline.output.open_job import Job
from pipeline.verify import read_records, reread
from pipeline.verify.read_records import Layout
from transforms.documents import ID, TEXT, Split, header_of
from transforms.features import (
    NUM_TOKENS,
    NUM_WORDPIECES,
    TOKEN_FEATURES,
    TRUNCATED,
)
from transforms.metrics import EMBEDDED
from transforms.receipts import Receipt
from transforms.records.record_config import POOLED

MOST_DOCUMENTS = 5000
# Parts that are read: small ones cost little, of large ones a few have documents enough.
MOST_PARTS, _FEW_PARTS = 1000, 40
# Bytes of files of records that are read, where more than a few parts are.
_MOST_BYTES = 1 << 30
# Bytes of vectors that are read at a time; of vectors of tokens only the means are kept.
_HELD_BYTES = 1 << 27
_WORDS_CHARACTERS = 90


@dataclasses.dataclass(frozen=True)
class Sample:
    """Documents of a job.

    Attributes:
        ids, sources, words: of each; `words` is empty where the source is gone or has changed.
        num_tokens, num_wordpieces, truncated: int64 [documents].
        vectors: float32 [documents, width].
        feature: what these are.
        kept: the kept fields, as text.
    """

    ids: tuple[str, ...]
    sources: tuple[str, ...]
    words: tuple[str, ...]
    num_tokens: np.ndarray
    num_wordpieces: np.ndarray
    truncated: np.ndarray
    vectors: np.ndarray
    feature: str
    kept: Mapping[str, tuple[str, ...]]

    @property
    def has_words(self) -> bool:
        """Whether any source could be read again."""
        return any(self.words)


def take(job: Job, parts: Sequence[Receipt]) -> Sample:
    """Take a sample, the same one each time.

    Args:
        job: whose documents are meant.
        parts: receipts of what is done.

    Raises:
        ValueError, OSError: a file of records cannot be read.
    """
    layout = Layout(job.records, job.run.hidden_size)
    found = choose([part.counts[EMBEDDED] for part in parts], _parts_within(_MOST_BYTES, parts))
    chosen = [(parts[number], rows) for number, rows in found.items()]
    pieces = [
        _piece(job, layout, part, some)
        for part, rows in chosen
        for some in _held(layout, job.config.windows.max_seq_length, rows)
    ]
    return dataclasses.replace(_join(pieces, layout), words=_words(job, chosen))


def choose(counts: Sequence[int], most_parts: int = MOST_PARTS) -> dict[int, np.ndarray]:
    """Spread a sample over parts of so many documents; give rows by number of the part.

    Each document is as far from the next as from the last, whatever the parts' sizes: where no
    more than `most_parts` have any, `MOST_DOCUMENTS` of them or all there are. Of more parts, so
    many are taken, evenly too.

    >>> {number: rows.tolist() for number, rows in choose([3, 0, 2]).items()}
    {0: [0, 1, 2], 2: [0, 1]}
    """
    filled = [number for number, count in enumerate(counts) if count]
    few = min(most_parts, len(filled))
    taken = [filled[place * len(filled) // few] for place in range(few)]
    ends = np.cumsum([counts[number] for number in taken], dtype=np.int64)
    total = int(ends[-1]) if few else 0
    number_taken = min(total, MOST_DOCUMENTS)
    places = np.arange(number_taken) * total // max(1, number_taken)
    rows = np.split(places, np.searchsorted(places, ends[:-1]))
    befores = [0, *ends[:-1].tolist()]
    return {
        number: own - before
        for number, own, before in zip(taken, rows, befores, strict=False)
        if len(own)
    }


def _parts_within(most_bytes: int, parts: Sequence[Receipt]) -> int:
    """Tell of how many parts as large as these files of so many bytes are."""
    mean = sum(file.bytes for part in parts for file in part.files) / max(1, len(parts))
    return int(np.clip(most_bytes / max(1.0, mean), _FEW_PARTS, MOST_PARTS))


def _held(layout: Layout, tokens: int, rows: np.ndarray) -> Iterator[np.ndarray]:
    """Split rows of a part, so that no more of their vectors is held than memory has room for."""
    family = layout.records.families[0]
    numbers = sum(layout.records.widths(family, layout.hidden_size).values())
    step = max(1, _HELD_BYTES // (4 * numbers * (1 if family == POOLED else tokens)))
    return (rows[start : start + step] for start in range(0, len(rows), step))


def _piece(job: Job, layout: Layout, part: Receipt, rows: np.ndarray) -> dict[str, Any]:
    family = job.records.families[0]
    path = f"{family}/{part.name}{job.records.ending}"
    batch = read_records.read_rows(job.folder, path, rows.tolist(), family, layout)
    numbers = {
        name: batch.column(name).flatten().to_numpy()
        for name in (NUM_TOKENS, NUM_WORDPIECES, TRUNCATED)
    }
    return {
        "ids": [
            value.decode("utf-8", "replace") for value in batch.column(ID).flatten().to_pylist()
        ],
        "sources": [part.source] * batch.num_rows,
        "vectors": _vectors(batch, layout, family, numbers[NUM_TOKENS]),
        "kept": {
            field.name: [_as_text(values) for values in batch.column(field.name).to_pylist()]
            for field in (job.records.kept if family == POOLED else ())
            if field.name in batch.schema.names
        },
        **numbers,
    }


def _vectors(batch: pa.RecordBatch, layout: Layout, family: str, lengths: np.ndarray) -> np.ndarray:
    """Give a vector of each document: the first feature's, or the mean of its tokens'."""
    (name, width), *_ = layout.records.widths(family, layout.hidden_size).items()
    matrix: np.ndarray = batch.column(name).flatten().to_numpy().reshape(-1, width)
    if family == POOLED:
        return matrix
    starts = np.cumsum(lengths) - lengths
    means: np.ndarray = np.add.reduceat(matrix, starts, axis=0) / lengths[:, np.newaxis]
    return means.astype(np.float32)


def _as_text(values: Sequence[Any] | None) -> str:
    value = values[0] if values else ""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _join(pieces: Sequence[Mapping[str, Any]], layout: Layout) -> Sample:
    family = layout.records.families[0]
    (name, width), *_ = layout.records.widths(family, layout.hidden_size).items()
    empty = np.empty([0, width], np.float32)
    numbers = {
        key: np.concatenate([np.empty(0, np.int64), *(piece[key] for piece in pieces)])
        for key in (NUM_TOKENS, NUM_WORDPIECES, TRUNCATED)
    }
    fields = {key for piece in pieces for key in piece["kept"]}
    return Sample(
        ids=tuple(id_ for piece in pieces for id_ in piece["ids"]),
        sources=tuple(source for piece in pieces for source in piece["sources"]),
        words=(),
        vectors=np.concatenate([empty, *(piece["vectors"] for piece in pieces)]),
        feature=f"mean of {name}" if name in TOKEN_FEATURES else name,
        kept={
            key: tuple(
                value
                for piece in pieces
                for value in piece["kept"].get(key, [""] * len(piece["ids"]))
            )
            for key in sorted(fields)
        },
        **numbers,
    )


def _words(job: Job, chosen: Sequence[tuple[Receipt, np.ndarray]]) -> tuple[str, ...]:
    """Read how documents begin; nothing of those whose source is not what it was."""
    found: dict[str, list[str]] = {}
    for split, own in _by_split(job.splits, chosen):
        with contextlib.suppress(OSError, ValueError):
            for part in reread.read_parts(job, split, own):
                key = header_of(part).key
                found[key] = _beginnings(job, part, *own[key])
    return tuple(word for part, rows in chosen for word in found.get(part.key) or [""] * len(rows))


_Own = dict[str, tuple[Receipt, np.ndarray]]


def _by_split(
    splits: Sequence[Split], chosen: Sequence[tuple[Receipt, np.ndarray]]
) -> Iterator[tuple[Split, _Own]]:
    """Give each split that chosen parts are of, with these by their keys."""
    order = sorted(splits, key=lambda split: (split.source.path, split.start))
    starts = [(split.source.path, split.start) for split in order]
    found: dict[int, _Own] = {}
    for part, rows in chosen:
        place = bisect.bisect_right(starts, (part.source, part.start)) - 1
        found.setdefault(place, {})[part.key] = (part, rows)
    return ((order[place], own) for place, own in found.items() if place >= 0)


def _beginnings(job: Job, part: pa.RecordBatch, receipt: Receipt, rows: np.ndarray) -> list[str]:
    embedded = reread.embedded_rows(job.folder, receipt, part)
    if len(embedded) != receipt.counts[EMBEDDED]:
        return []
    texts = part.column(TEXT).take(pa.array(embedded[rows])).to_pylist()
    return [_shortened(text.decode("utf-8", "replace")) for text in texts]


def _shortened(text: str) -> str:
    line = " ".join(text[: 4 * _WORDS_CHARACTERS].split())
    return line if len(line) <= _WORDS_CHARACTERS else f"{line[:_WORDS_CHARACTERS]}…"
