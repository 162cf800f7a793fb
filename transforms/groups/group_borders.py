"""Choose the borders between groups of small files, so that another file moves few of them.

A group that is filled up to its limit ends elsewhere as soon as one file before is added or gone,
and so do all groups after it. A border before the file whose path has the smallest hash, among
those that could come next, stays where it is: after a change, the borders soon are the former ones.
The method is that of content-defined chunking (Muthitacharoen et al., "A Low-bandwidth Network File
System", SOSP 2001), with the smallest hash of a window in the place of a fixed pattern.
"""

import hashlib
from collections.abc import Iterator, Sequence

from transforms.documents import Source

# The largest number of files in a group.
MOST_FILES = 4096
# A group may end when it has so much of its limit. Less would make more parts, and more would move
# more borders.
_NEARLY_FULL = 0.75


def divide(files: Sequence[Source], most_bytes: int) -> Iterator[tuple[int, int]]:
    """Divide files into groups of files that follow each other.

    Args:
        files: in corpus order.
        most_bytes: the largest sum of the stored bytes of a group of several files.

    Yields:
        the first file of each group, and one past its last. A group depends only on its own files
        and on the next ones that would fit into it.
    """
    hashes = [_hash(file.path) for file in files]
    first = 0
    while first < len(files):
        end = _end(files, hashes, first, most_bytes)
        yield first, end
        first = end


def _end(files: Sequence[Source], hashes: Sequence[bytes], first: int, most_bytes: int) -> int:
    """Return one past the last file of the group that begins with a file."""
    borders = []
    stored = files[first].size
    for end in range(first + 1, len(files)):
        number = end - first
        is_full = stored + files[end].size > most_bytes or number == MOST_FILES
        if is_full or max(stored / most_bytes, number / MOST_FILES) >= _NEARLY_FULL:
            borders.append(end)
        if is_full:
            return min(borders, key=hashes.__getitem__)
        stored += files[end].size
    return len(files)


def _hash(path: str) -> bytes:
    return hashlib.blake2b(path.encode(), digest_size=8).digest()
