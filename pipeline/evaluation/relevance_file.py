"""Read judgments of relevance: the qrels of BEIR."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from pipeline.search.query_file import is_column_name, read_lines

_FIELDS = 3
_MOST = np.iinfo(np.int64).max


@dataclasses.dataclass(frozen=True)
class Judgments:
    """Judgments of people.

    Attributes:
        by_query: the relevance of documents by their ids, by the id of the query. From 1 on a
            document is relevant.
    """

    by_query: Mapping[str, Mapping[str, int]]

    @property
    def count(self) -> int:
        """The number of judgments."""
        return sum(map(len, self.by_query.values()))


def read_judgments(path: str) -> Judgments:
    """Read a file of judgments.

    Args:
        path: UTF-8, with tabs between the fields of a line: query, document, relevance. The first
            line may have their names.

    Raises:
        ValueError: there is no such file, a line is not a judgment, or a document is judged twice
            for a query.
        OSError: the file cannot be read now.
    """
    by_query: dict[str, dict[str, int]] = {}
    is_first = True
    for number, line in read_lines(path, "qrels"):
        fields = line.split("\t")
        place = f"{path}, line {number}"
        if len(fields) != _FIELDS:
            raise ValueError(
                f"{place}: it has {len(fields)} fields with tabs between them; a judgment has the "
                "id of a query, the id of a document, and the relevance"
            )
        query, document, relevance = fields
        if not (is_first and is_column_name(relevance)):
            _add(by_query.setdefault(query, {}), document, _parse(relevance, place), place)
        is_first = False
    if not by_query:
        raise ValueError(f"{path} has no judgment")
    return Judgments(by_query)


def _add(of_query: dict[str, int], document: str, relevance: int, place: str) -> None:
    if document in of_query:
        raise ValueError(f"{place}: document {document!r} is judged twice for this query")
    of_query[document] = relevance


def _parse(relevance: str, place: str) -> int:
    try:
        value = int(relevance)
    except ValueError:
        value = None
    if value is None or abs(value) > _MOST:
        raise ValueError(
            f"{place}: the relevance is {relevance!r}; it is a whole number of 64 bits"
        )
    return value
