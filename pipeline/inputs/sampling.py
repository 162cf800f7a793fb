"""Read a bounded sample of a corpus: the beginnings of some splits, spread evenly."""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
import pyarrow as pa

from transforms.documents import Split
from transforms.groups.grouping import counts_documents, split_of_file
from transforms.groups.read_split import read_unchanged
from transforms.io import attempts
from transforms.sources.base import ReadConfig
from transforms.splits.collecting import collect

_SPLITS = 8
_BYTES = 64 << 10
_DOCUMENTS = 256
# Splits that are tried where the first cannot be read, or are not enough.
_OTHERS = 64
_T = TypeVar("_T")


def choose(splits: Sequence[Split], most: int = _SPLITS) -> list[Split]:
    """Choose the beginnings of some splits; the same plan gives the same ones."""
    columns = collect(splits)
    planned = columns.take(~columns.is_unread)
    # Files that are read together count one by one.
    ends = np.cumsum(np.maximum(planned.rows["members"], 1))
    number = int(ends[-1]) if len(ends) else 0
    count = min(most, number)
    chosen = []
    for place in (i * number // count for i in range(count)):
        which = int(np.searchsorted(ends, place, side="right"))
        split = of_plan = planned[which]
        if split.members:
            split = split_of_file(split.members[place - int(ends[which])])
        # Of a small file whose number of documents is unknown, no beginning can be named.
        is_whole = of_plan.members and counts_documents(split.source)
        chosen.append(split if is_whole else _beginning(split))
    return chosen


def _beginning(split: Split) -> Split:
    limit = split.start + (_BYTES if split.stored is None else _DOCUMENTS)
    end = limit if split.end is None else min(split.end, limit)
    return dataclasses.replace(split, end=end)


def read_each(splits: Sequence[Split], read: Callable[[Split], _T]) -> list[tuple[Split, _T]]:
    """Read the splits of a sample; leave out those that cannot be read.

    Args:
        splits: those of the corpus.
        read: reads the beginning of a split; raises OSError if it cannot.

    Returns:
        what was read, by split; of other splits if none of the first can be read.
    """
    chosen = choose(splits)
    return _read(chosen, read) or _read(
        [split for split in choose(splits, _OTHERS) if split not in chosen], read
    )


def read_until(
    splits: Sequence[Split],
    read: Callable[[Split], _T],
    is_enough: Callable[[Sequence[tuple[Split, _T]]], bool],
) -> list[tuple[Split, _T]]:
    """Read the splits of a sample, and then others, one by one, until what was read is enough.

    Args:
        splits: those of the corpus.
        read: reads the beginning of a split; raises OSError if it cannot.
        is_enough: whether no other split has to be read.

    Returns:
        what was read, by split; it may not be enough, because the others are few too.
    """
    results = read_each(splits, read)
    done = {split for split, _ in results}
    for split in choose(splits, _OTHERS):
        if is_enough(results):
            break
        if split not in done:
            results += _read([split], read)
    return results


def _read(splits: Sequence[Split], read: Callable[[Split], _T]) -> list[tuple[Split, _T]]:
    results: list[tuple[Split, _T]] = []
    for split in splits:
        with contextlib.suppress(OSError):
            results.append((split, attempts.read_again(functools.partial(read, split))))
        if len(results) == _SPLITS:
            break
    return results


def read_parts(splits: Sequence[Split], config: ReadConfig) -> list[pa.RecordBatch]:
    """Read the documents of a sample.

    Raises:
        OSError: none of the files can be read; the message names one.
    """
    reasons: list[str] = []

    def read(split: Split) -> list[pa.RecordBatch]:
        try:
            return list(read_unchanged(split, config, "sample"))
        except OSError as error:
            reasons.append(str(error))
            raise

    parts = [part for _, parts in read_each(splits, read) for part in parts]
    if not parts:
        raise OSError(f"none of the files can be read: {reasons[0]}")
    return parts
