"""Why a document was not embedded, and the line it leaves in rejected/."""

import enum
import json
from collections.abc import Iterator

import pyarrow as pa

from transforms import documents

# Longer details are cut, so that a hostile record cannot fill the log or the reject file.
MAX_DETAIL = 200


class Reason(enum.Enum):
    """Why a document was not embedded; the value is what stands in rejected/."""

    EMPTY = "empty"
    NOT_UTF8 = "not_utf8"
    BAD_JSON = "bad_json"
    NOT_AN_OBJECT = "not_an_object"
    MISSING_FIELD = "missing_field"
    WRONG_TYPE = "wrong_type"
    TOO_LARGE = "too_large"


def detail(text: object) -> str:
    r"""Make a detail fit for one line of a file or a terminal.

    >>> detail("line one\nline\x1b[2Jtwo")
    'line one line [2Jtwo'
    """
    line = "".join(char if char.isprintable() else " " for char in str(text))
    return line[:MAX_DETAIL]


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
        yield json.dumps(line, ensure_ascii=False)
