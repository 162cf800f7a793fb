"""Groups of the documents of a map: a color and a symbol each."""

import collections
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pipeline.report import labels
from pipeline.report.file_names import cut_names
from pipeline.report.palette import LIGHT
from pipeline.report.sample import Sample

_FILE = "file"
# The numbers of two groups without a color.
OTHER, NONE = len(LIGHT) - 1, len(LIGHT)
# Characters of a name in the legend.
_MOST = 30
# A field whose values have fewer documents on average is a name or a number, not a kind.
_DOCUMENTS_OF_VALUE = 2


class Groups(NamedTuple):
    """Groups of documents.

    Attributes:
        criterion: what they are by; empty if there are none.
        names: of the groups, by their numbers: those of `palette` for values, `OTHER` for the
            values that have no color, and `NONE` for documents without a value.
        of_documents: the number of the group of each document.
    """

    criterion: str
    names: Mapping[int, str]
    of_documents: Sequence[int]


def choose(sample: Sample, names: Mapping[str, str]) -> Groups:
    """Group documents by the first kept field that has kinds as values, else by file, else not.

    If there are more values than colors, the most frequent ones are groups, and all others one.

    Args:
        sample: the documents.
        names: labels of files by path.
    """
    for field, values in sample.kept.items():
        if _are_kinds(values):
            return _group(f"field {field}", values, {})
    if _are_kinds(sample.sources):
        return _group(_FILE, sample.sources, names)
    return Groups("", {}, [0] * len(sample.ids))


def _are_kinds(values: Sequence[str]) -> bool:
    number = len(set(values))
    few = number <= len(LIGHT) or number * _DOCUMENTS_OF_VALUE <= len(values)
    return number >= 2 and few


def _group(criterion: str, values: Sequence[str], names: Mapping[str, str]) -> Groups:
    counts = collections.Counter(value for value in values if value)
    chosen = sorted(counts)
    if len(counts) > len(LIGHT):
        chosen = sorted(sorted(counts, key=lambda value: (-counts[value], value))[:OTHER])
    numbers = {value: number for number, value in enumerate(chosen)} | {"": NONE}
    titles = cut_names([names.get(value) or labels.visible(value) for value in chosen], _MOST)
    legend = dict(enumerate(titles))
    if others := len(counts) - len(chosen):
        legend[OTHER] = f"other ({others:,})"
    if "" in values:
        legend[NONE] = "(none)"
    return Groups(criterion, legend, [numbers.get(value, OTHER) for value in values])
