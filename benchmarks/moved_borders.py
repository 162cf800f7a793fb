"""How many groups of small files are other ones after one file was added, by how they are divided.

python -m benchmarks.moved_borders
"""

import random
import statistics
from collections.abc import Callable, Iterator, Sequence

from transforms.documents import Source
from transforms.groups.group_borders import MOST_FILES, divide

_PART_BYTES = 1 << 20
_TRIALS = 20
_Divide = Callable[[Sequence[Source], int], Iterator[tuple[int, int]]]
# Files of a corpus, and the size of one.
_CORPORA: dict[str, tuple[int, Callable[[random.Random], int]]] = {
    "sizes that differ": (6000, lambda chance: min(1 << 16, int(chance.lognormvariate(9, 1)))),
    "12,000 bytes each": (6000, lambda _: 12_000),
    "an 18th of a part each": (1200, lambda _: _PART_BYTES // 18),
    "100 bytes each": (60_000, lambda _: 100),
}


def fill(files: Sequence[Source], most_bytes: int) -> Iterator[tuple[int, int]]:
    """Divide as `divide`, but fill each group up to its limit."""
    first = stored = 0
    for number, file in enumerate(files):
        is_full = stored + file.size > most_bytes or number - first == MOST_FILES
        if number > first and is_full:
            yield first, number
            first, stored = number, 0
        stored += file.size
    yield first, len(files)


def changed_share(number: int, size: Callable[[random.Random], int], how: _Divide) -> list[float]:
    """Return the mean number of groups, and the mean share of those that are other ones."""
    chance = random.Random(1)  # noqa: S311
    counts, shares = [], []
    for _ in range(_TRIALS):
        names = sorted(chance.sample(range(10**9), number + 1))
        files = [Source(f"in/{name:09d}.txt", size(chance), "1", "text") for name in names]
        added = chance.randrange(number + 1)
        before = set(_groups(files[:added] + files[added + 1 :], how))
        now = _groups(files, how)
        counts.append(len(now))
        shares.append(sum(group not in before for group in now) / len(now))
    return [statistics.mean(counts), statistics.mean(shares)]


def _groups(files: Sequence[Source], how: _Divide) -> list[tuple[Source, ...]]:
    return [tuple(files[first:end]) for first, end in how(files, _PART_BYTES)]


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
