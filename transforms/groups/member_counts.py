"""Count the documents of each file of a part of several files."""

import collections

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms.columns import last_values
from transforms.documents import REASON, SOURCE, WINDOW, begins_document, files_of
from transforms.features import ACCOUNT, SEGMENT_IDS
from transforms.receipts import Member


def count_members(part: pa.RecordBatch) -> tuple[Member, ...]:
    """Count the documents of each file of a part of embeddings; empty if the part has one file."""
    if SOURCE not in part.schema.names:
        return ()
    paths, numbers = files_of(part)
    is_embedded = pc.is_null(part.column(REASON)).to_numpy(zero_copy_only=False)
    embedded = part.filter(pa.array(is_embedded))
    of_embedded = numbers[is_embedded]

    def sums(values: np.ndarray) -> np.ndarray:
        # Sums of less than 2 ** 53 are exact.
        total = np.bincount(of_embedded, weights=values, minlength=len(paths))
        return total.astype(np.int64)

    rows, documents, kept = (
        np.bincount(of_rows, minlength=len(paths))
        for of_rows in (numbers, numbers[begins_document(part)], of_embedded)
    )
    columns = [documents, kept, rows - kept]
    columns += [sums(embedded.column(name).to_numpy()) for name in ACCOUNT]
    # The last token of a pair belongs to its second text.
    columns.append(sums(last_values(embedded.column(SEGMENT_IDS))))
    reasons = _count_reasons(part, numbers, len(paths))
    counts = np.stack(columns, axis=1).tolist()
    rows_of_files = rows.tolist() if WINDOW in part.schema.names else [None] * len(paths)
    return tuple(map(Member, paths, map(tuple, counts), reasons, rows_of_files))


def _count_reasons(part: pa.RecordBatch, numbers: np.ndarray, files: int) -> list[dict[str, int]]:
    reasons: list[collections.Counter[str]] = [collections.Counter() for _ in range(files)]
    rejected = part.column(REASON).is_valid().to_numpy(zero_copy_only=False)
    names = pc.drop_null(part.column(REASON)).to_pylist()
    for number, name in zip(numbers[rejected].tolist(), names, strict=True):
        reasons[number][name] += 1
    return [dict(counter) for counter in reasons]
