"""Short names for files and groups that differ from each other."""

import collections
from collections.abc import Collection, Mapping, Sequence

from pipeline.report.labels import visible


def shorten_paths(paths: Collection[str]) -> Mapping[str, str]:
    """Map each path to its shortest end, of whole names, that no other path has.

    A path that is the end of another path stays whole.

    >>> dict(shorten_paths(["in/en/data.txt", "in/de/data.txt", "in/more.txt"]))
    {'in/en/data.txt': 'en/data.txt', 'in/de/data.txt': 'de/data.txt', 'in/more.txt': 'more.txt'}
    """
    remaining, names = list(paths), 1
    short: dict[str, str] = {}
    while remaining:
        ends = {path: _end(path, names) for path in remaining}
        counts = collections.Counter(ends.values())
        short |= {path: end for path, end in ends.items() if counts[end] == 1 or end == path}
        remaining = [path for path in remaining if path not in short]
        names += 1
    return {path: visible(short[path]) for path in paths}


def _end(path: str, names: int) -> str:
    return "/".join(path.split("/")[-names:])


def cut_names(names: Sequence[str], limit: int) -> list[str]:
    """Cut long names in their middle, so that different names stay different.

    Args:
        names: to cut; equal names stay equal.
        limit: characters of each result, at least 12.

    >>> cut_names(["long-name-of-part-1.txt", "long-name-of-part-2.txt"], 16)
    ['long-…part-1.txt', 'long-…part-2.txt']
    """
    # The end of a name distinguishes more than its beginning. If two results are equal, another
    # place of the cut may help.
    for head in sorted(range(limit - 1), key=lambda head: abs(head - limit // 3)):
        cut = [_without_middle(name, head, limit) for name in names]
        if len(set(cut)) == len(set(names)):
            return cut
    numbers = {name: f"({number})" for number, name in enumerate(dict.fromkeys(names), 1)}
    return [_numbered(name, numbers[name], limit) for name in names]


def _without_middle(name: str, head: int, limit: int) -> str:
    if len(name) <= limit:
        return name
    return f"{name[:head]}…{name[len(name) - (limit - 1 - head) :]}"


def _numbered(name: str, number: str, limit: int) -> str:
    return f"{_without_middle(name, limit // 3, limit - len(number) - 1)} {number}"
