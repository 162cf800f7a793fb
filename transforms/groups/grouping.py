"""Join small files that follow each other into splits."""

import functools
import itertools
from collections.abc import Iterable, Iterator, Sequence

from transforms.documents import Source, Split, hash_json
from transforms.groups.group_borders import divide
from transforms.io.decompressing import NONE
from transforms.sources import base
from transforms.sources.base import ReadConfig

# A file is small if so many of its size make a part.
_SMALL_FILES_OF_A_PART = 16
_VERSION_DIGITS = 32


def join_small_files(splits: Iterable[Split], config: ReadConfig) -> Iterator[Split]:
    """Join the splits of small files that follow each other; the others stay as they are.

    Args:
        splits: in corpus order.
        config: how the files are read.

    Yields:
        splits in corpus order. Those of several files have at most `part_bytes` stored bytes and
        4,096 files, whose documents have the same columns; see `group_borders.divide`.
    """
    for number, run in itertools.groupby(_with_runs(splits, config), lambda pair: pair[0]):
        files = (file for _, file in run)
        if number is None:
            yield from itertools.chain.from_iterable(files)
            continue
        for group in divide((split for (split,) in files), config.part_bytes):
            yield group[0] if len(group) == 1 else group_of([split.source for split in group])


def _with_runs(
    splits: Iterable[Split], config: ReadConfig
) -> Iterator[tuple[int | None, Sequence[Split]]]:
    """Yield the splits of each file, with the number of its run: files that may be joined.

    The number is None for a file that is not small.
    """
    number = 0
    before: Source | None = None
    for source, of_file in itertools.groupby(splits, lambda split: split.source):
        file = list(of_file)
        is_small = _is_small_file(file, config)
        if is_small and before is not None and not _are_alike(before, source, config):
            number += 1
        before = source if is_small else None
        yield number if is_small else None, file


def group_of(files: Sequence[Source]) -> Split:
    """Return the split of some files, which are read one after the other.

    Its source has the path of the first file, and a version that depends on path, size, version,
    format and compression of all. Its `end` is None if the files may unpack to any size.
    """
    first = files[0]
    identities = [[f.path, f.size, f.version, f.format, f.compression] for f in files]
    source = Source(
        path=first.path,
        size=sum(file.size for file in files),
        version=hash_json(identities)[:_VERSION_DIGITS],
        format=first.format,
        compression=first.compression,
        whole=first.whole,
    )
    end = sum(map(width_of, files)) if all(map(is_bounded, files)) else None
    return Split(source, 0, end, members=tuple(files))


def width_of(file: Source) -> int:
    """Return the positions that a file takes in a group that is one part."""
    return max(1, file.size)


def split_of_file(file: Source) -> Split:
    """Return the split by which a small file is read from its beginning to its end."""
    known = file.splittable and is_bounded(file)
    return Split(file, 0, width_of(file) if known else None)


def splits_of_files(split: Split) -> list[Split]:
    """Return the split of each file of a group; another split as it is."""
    return [split_of_file(file) for file in split.members] or [split]


def is_bounded(file: Source) -> bool:
    """Whether the text of a file has at most a few times its stored bytes."""
    return file.compression == NONE and not counts_documents(file)


def counts_documents(file: Source) -> bool:
    """Whether the positions of a file are numbers of documents, which the plan has read."""
    return base.find(file.format).stores_compressed


def _is_small_file(splits: Sequence[Split], config: ReadConfig) -> bool:
    """Whether the splits of a file are one, and the file can be joined with others."""
    split = splits[0]
    file = split.source
    if len(splits) > 1 or split.unread or split.members or file.location:
        return False
    # A file without a number of its documents is damaged.
    is_counted = counts_documents(file)
    if not (split.stored is not None if is_counted else split == split_of_file(file)):
        return False
    is_small = file.size * _SMALL_FILES_OF_A_PART <= config.part_bytes
    return is_small or base.find(file.format).is_one_document


def _are_alike(file: Source, other: Source, config: ReadConfig) -> bool:
    """Whether two files can be in one group."""
    columns = {_columns_of(one.format, config) for one in (file, other)}
    return len(columns) == 1 and is_bounded(file) == is_bounded(other)


@functools.lru_cache(maxsize=256)
def _columns_of(format_: str, config: ReadConfig) -> str:
    """Return the same text for formats whose documents have all the columns of a configuration."""
    try:
        base.find(format_).check(config)
    except ValueError:
        return format_
    return ""
