"""The reasons why documents are not embedded, and their lines in rejected/."""

import enum
import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import documents, escaping

# The folder of rejected documents within an output folder.
FOLDER = "rejected"
NOTHING_LEFT = "nothing is left of the text after cleaning"
# Longer details are truncated, so that a hostile record cannot fill the log or the reject file.
MAX_DETAIL = 200


class Reason(enum.Enum):
    """Why a document was not embedded; the files in rejected/ contain the value."""

    EMPTY = "empty"
    NOT_UTF8 = "not_utf8"
    BAD_JSON = "bad_json"
    BAD_CSV = "bad_csv"
    BAD_EXAMPLE = "bad_example"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    MODEL_FAILED = "model_failed"


def detail(text: object) -> str:
    r"""Convert a detail to one line that is safe to print.

    >>> detail("line one\nline\x1b[2Jtwo")
    'line one line [2Jtwo'
    """
    return "".join(char if char.isprintable() else " " for char in str(text)[:MAX_DETAIL])


def first_reasons(
    checks: Sequence[tuple[np.ndarray, Reason, str]],
) -> tuple[list[str | None], list[str | None]]:
    """Return the first applicable reason of each row and its detail; None if no reason applies.

    Args:
        checks: for each reason: the rows to which it applies, bool [rows]; the reason; its detail.
    """
    length = len(checks[0][0])
    reasons: np.ndarray = np.full(length, None, object)
    details: np.ndarray = np.full(length, None, object)
    for applies, reason, why in reversed(checks):
        reasons[applies] = reason.value
        details[applies] = detail(why)
    return reasons.tolist(), details.tolist()


def reject(part: pa.RecordBatch, which: np.ndarray, reason: Reason, why: str) -> pa.RecordBatch:
    """Reject documents of a part; documents that are already rejected keep their reason.

    Args:
        part: a part with the columns `reason` and `detail`.
        which: bool [documents].
        reason: the value of `reason`.
        why: the value of `detail`.
    """
    if not which.any():
        return part
    rejected = pc.and_(pa.array(which), pc.is_null(part.column(documents.REASON)))
    columns = {name: part.column(name) for name in part.schema.names}
    for name, value in ((documents.REASON, reason.value), (documents.DETAIL, detail(why))):
        columns[name] = pc.if_else(rejected, value, columns[name])
    return pa.RecordBatch.from_pydict(columns, metadata=part.schema.metadata)


def files_with(part: pa.RecordBatch, reason: Reason) -> list[str]:
    """Return the files of a part that have a rejected document with a reason, in order."""
    paths, numbers = documents.files_of(part)
    rows = pc.equal(part.column(documents.REASON), reason.value).fill_null(False)
    found = np.unique(numbers[rows.to_numpy(zero_copy_only=False)])
    return [paths[number] for number in found.tolist()]


def reject_lines(batch: pa.RecordBatch, source: str) -> Iterator[str]:
    """Serialize each rejected row of a part as JSON.

    Args:
        batch: the part.
        source: its file; a part of several files has that of each document.

    Yields:
        `{"id", "source", "position", "reason", "detail"}`, without a line break.
    """
    rejected = batch.filter(batch.column(documents.REASON).is_valid())
    columns = [documents.ID, documents.POSITION, documents.REASON, documents.DETAIL]
    several = [documents.SOURCE] if documents.SOURCE in batch.schema.names else []
    for row in rejected.select(columns + several).to_pylist():
        line = {
            "id": row[documents.ID],
            "source": row.get(documents.SOURCE, source),
            "position": row[documents.POSITION],
            "reason": row[documents.REASON],
            "detail": row[documents.DETAIL],
        }
        yield escaping.one_line(json.dumps(line, ensure_ascii=False))
