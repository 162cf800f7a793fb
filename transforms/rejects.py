"""Why a document was not embedded, and the line it leaves in rejected/."""

import enum
import json
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from transforms import documents, escaping

NOTHING_LEFT = "nothing is left of the text after cleaning"
# Longer details are cut, so that a hostile record cannot fill the log or the reject file.
MAX_DETAIL = 200


class Reason(enum.Enum):
    """Why a document was not embedded; the value is what stands in rejected/."""

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
    r"""Make a detail fit for one line of a file or a terminal.

    >>> detail("line one\nline\x1b[2Jtwo")
    'line one line [2Jtwo'
    """
    line = "".join(char if char.isprintable() else " " for char in str(text))
    return line[:MAX_DETAIL]


def first_reasons(
    checks: Sequence[tuple[np.ndarray, Reason, str]],
) -> tuple[list[str | None], list[str | None]]:
    """Give each row the first reason that holds for it, and its detail; None where none does.

    Args:
        checks: which rows, bool; why; and what more.
    """
    length = len(checks[0][0])
    reasons: np.ndarray = np.full(length, None, object)
    details: np.ndarray = np.full(length, None, object)
    for holds, reason, why in reversed(checks):
        reasons[holds] = reason.value
        details[holds] = detail(why)
    return reasons.tolist(), details.tolist()


def reject(part: pa.RecordBatch, which: np.ndarray, reason: Reason, why: str) -> pa.RecordBatch:
    """Reject documents of a part; what is rejected already keeps its reason.

    Args:
        part: any with `reason` and `detail`.
        which: bool [documents].
        reason: what their lines in rejected/ say.
        why: and what more.
    """
    if not which.any():
        return part
    rejected = pc.and_(pa.array(which), pc.is_null(part.column(documents.REASON)))
    columns = {name: part.column(name) for name in part.schema.names}
    for name, value in ((documents.REASON, reason.value), (documents.DETAIL, detail(why))):
        columns[name] = pc.if_else(rejected, value, columns[name])
    return pa.RecordBatch.from_pydict(columns, metadata=part.schema.metadata)


def reject_lines(batch: pa.RecordBatch, source: str) -> Iterator[str]:
    """Give a JSON line for each rejected row of a part.

    Yields:
        `{"id", "source", "position", "reason", "detail"}` without the line's end.
    """
    rejected = batch.filter(batch.column(documents.REASON).is_valid())
    columns = [documents.ID, documents.POSITION, documents.REASON, documents.DETAIL]
    for row in rejected.select(columns).to_pylist():
        line = {
            "id": row[documents.ID],
            "source": source,
            "position": row[documents.POSITION],
            "reason": row[documents.REASON],
            "detail": row[documents.DETAIL],
        }
        yield escaping.one_line(json.dumps(line, ensure_ascii=False))
