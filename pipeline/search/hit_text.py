"""The results of a search, for a terminal and for programs."""

import base64
import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipeline.search.query_file import QueryText
from pipeline.search.searcher import Hit
from transforms import escaping
from transforms.rows.row_config import ROW_TEXT

# Characters of a value that a line shows.
_SHOWN = 160


def to_lines(hits: Sequence[Hit]) -> Iterator[str]:
    """Yield a line for each hit: rank, score, id and fields; and one for its text if it has one."""
    for rank, hit in enumerate(hits, start=1):
        fields = (
            f"{name}={_short(value)}" for name, value in hit.fields.items() if name != ROW_TEXT
        )
        yield "  ".join([f"{rank:4}", f"{hit.score:6.4f}", _short(hit.id), *fields])
        if hit.fields.get(ROW_TEXT) is not None:
            yield " " * 14 + _short(hit.fields[ROW_TEXT])


def to_fields(query: QueryText, hits: Sequence[Hit]) -> dict[str, Any]:
    """Return the results of a query by their names in JSON."""
    return {
        "id": query.id,
        "text": query.text,
        "hits": [
            {"rank": rank, "score": hit.score, "id": hit.id, "fields": _plain(hit.fields)}
            for rank, hit in enumerate(hits, start=1)
        ],
    }


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain_value(value) for name, value in fields.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain_value(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain_value(one) for one in value]
    return value


def _short(value: Any) -> str:
    """Return a value in one line, shortened."""
    if isinstance(value, datetime.date):
        value = value.isoformat()
    text = escaping.one_line(" ".join(str(value).split()))
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
