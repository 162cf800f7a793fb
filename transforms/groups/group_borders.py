"""Choose the borders between groups of small files, so that another file moves few of them.

A group that is filled up to its limit ends elsewhere as soon as one file before is added or gone,
and so do all groups after it. A border before the file whose path has the smallest hash, among
those that could come next, stays where it is: after a change, the borders soon are the former ones.
The method is that of content-defined chunking (Muthitacharoen et al., "A Low-bandwidth Network File
System", SOSP 2001), with the smallest hash of a window in the place of a fixed pattern.
"""

import collections
import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from transforms.documents import Split

# The largest number of files in a group.
MOST_FILES = 4096
# A group may end when it has so much of its limit. Less would make more parts, and more would move
# more borders.
_NEARLY_FULL = 0.75


def divide(files: Iterable[Split], most_bytes: int) -> Iterator[list[Split]]:
    """Divide files into groups of files that follow each other.

    Args:
        files: the split of each file, in corpus order.
        most_bytes: the largest sum of the stored bytes of a group of several files.

    Yields:
        the files of each group, which depends only on them and on the next ones that would fit into
        it. They are read as they are needed: there may be millions.
    """
    group: list[Split] = []
    borders: list[_Border] = []
    stored = 0
    iterator, again = iter(files), collections.deque[Split]()
    while file := again.popleft() if again else next(iterator, None):
        number, size = len(group), file.source.size
        is_full = number > 0 and (stored + size > most_bytes or number == MOST_FILES)
        if is_full or max(stored / most_bytes, number / MOST_FILES) >= _NEARLY_FULL:
            borders.append(_Border(_hash(file.source.path), number))
        if is_full:
            end = min(borders).number
            yield group[:end]
            again.extendleft(reversed([*group[end:], file]))
            group, borders, stored = [], [], 0
        else:
            group.append(file)
            stored += size
    if group:
        yield group


class _Border(NamedTuple):
    """A possible end of a group: the hash of the next file, and the number of files before it."""

    hash: bytes
    number: int


def _hash(path: str) -> bytes:
    return hashlib.blake2b(path.encode(), digest_size=8).digest()
