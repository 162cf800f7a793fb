"""Names for files that are short, and still tell them apart."""

import collections
from collections.abc import Collection, Mapping, Sequence

from pipeline.report.labels import visible


def tell_apart(paths: Collection[str]) -> Mapping[str, str]:
    """Give each path its shortest end, of whole names, that no other path has.

    A path that is the end of another stays whole.

    >>> dict(tell_apart(["in/en/data.txt", "in/de/data.txt", "in/more.txt"]))
    {'in/en/data.txt': 'en/data.txt', 'in/de/data.txt': 'de/data.txt', 'in/more.txt': 'more.txt'}
    """
    left, names = list(paths), 1
    found: dict[str, str] = {}
    while left:
        ends = {path: _end(path, names) for path in left}
        shared = collections.Counter(ends.values())
        found |= {path: end for path, end in ends.items() if shared[end] == 1 or end == path}
        left = [path for path in left if path not in found]
        names += 1
    return {path: visible(found[path]) for path in paths}


def _end(path: str, names: int) -> str:
    return "/".join(path.split("/")[-names:])


def cut_apart(names: Sequence[str], most: int) -> list[str]:
    """Cut long names in their middle, so that different ones stay different.

    Args:
        names: equal ones are of the same thing.
        most: characters that each may have, at least 12.

    >>> cut_apart(["long-name-of-part-1.txt", "long-name-of-part-2.txt"], 16)
    ['long-…part-1.txt', 'long-…part-2.txt']
    """
    # The end of a name tells more than its beginning; where both are equal, other cuts may do.
    for head in sorted(range(most - 1), key=lambda head: abs(head - most // 3)):
        cut = [_without_middle(name, head, most) for name in names]
        if len(set(cut)) == len(set(names)):
            return cut
    numbers = {name: f"({number})" for number, name in enumerate(dict.fromkeys(names), 1)}
    return [_numbered(name, numbers[name], most) for name in names]


def _without_middle(name: str, head: int, most: int) -> str:
    return name if len(name) <= most else f"{name[:head]}…{name[len(name) - (most - 1 - head) :]}"


def _numbered(name: str, number: str, most: int) -> str:
    return f"{_without_middle(name, most // 3, most - len(number) - 1)} {number}"
