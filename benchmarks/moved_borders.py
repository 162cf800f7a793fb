"""How many groups of small files are other ones after one file was added, by how they are divided.

python -m benchmarks.moved_borders
"""

import random
import statistics
from collections.abc import Callable, Iterator, Sequence

from transforms.documents import Source, Split
from transforms.groups.group_borders import MOST_FILES, divide
from transforms.groups.grouping import split_of_file

_PART_BYTES = 1 << 20
_TRIALS = 20
_Divide = Callable[[Sequence[Split], int], Iterator[list[Split]]]
# Files of a corpus, and the size of one.
_CORPORA: dict[str, tuple[int, Callable[[random.Random], int]]] = {
    "sizes that differ": (6000, lambda chance: min(1 << 16, int(chance.lognormvariate(9, 1)))),
    "12,000 bytes each": (6000, lambda _: 12_000),
    "an 18th of a part each": (1200, lambda _: _PART_BYTES // 18),
    "100 bytes each": (60_000, lambda _: 100),
}


def fill(files: Sequence[Split], most_bytes: int) -> Iterator[list[Split]]:
    """Divide as `divide`, but fill each group up to its limit."""
    group: list[Split] = []
    stored = 0
    for file in files:
        if group and (stored + file.source.size > most_bytes or len(group) == MOST_FILES):
            yield group
            group, stored = [], 0
        group.append(file)
        stored += file.source.size
    yield group


def changed_share(number: int, size: Callable[[random.Random], int], how: _Divide) -> list[float]:
    """Return the mean number of groups, and the mean share of those that are other ones."""
    chance = random.Random(1)  # noqa: S311
    counts, shares = [], []
    for _ in range(_TRIALS):
        names = sorted(chance.sample(range(10**9), number + 1))
        sources = (Source(f"in/{name:09d}.txt", size(chance), "1", "text") for name in names)
        files = list(map(split_of_file, sources))
        added = chance.randrange(number + 1)
        before = set(_groups(files[:added] + files[added + 1 :], how))
        now = _groups(files, how)
        counts.append(len(now))
        shares.append(sum(group not in before for group in now) / len(now))
    return [statistics.mean(counts), statistics.mean(shares)]


def _groups(files: Sequence[Split], how: _Divide) -> list[tuple[Split, ...]]:
    return list(map(tuple, how(files, _PART_BYTES)))


def main() -> None:
    """Print a row for each corpus."""
    for name, (number, size) in _CORPORA.items():
        filled, divided = (changed_share(number, size, how) for how in (fill, divide))
        print(
            f"{name:24} {filled[0]:5.0f} parts, {filled[1]:5.1%} changed; by hashes "
            f"{divided[0]:5.0f} parts, {divided[1]:5.1%} changed"
        )


if __name__ == "__main__":
    main()
