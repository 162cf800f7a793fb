"""Make the plan of a job: list the input files, and cut them into splits."""

import dataclasses
import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pipeline.errors import UsageError
from pipeline.inputs.listing import list_sources
from pipeline.inputs.stdin import Piped
from pipeline.options.embed_config import InputConfig
from transforms import escaping
from transforms.documents import Member, Source, Split
from transforms.io import storage
from transforms.sources import base, files, heads

# The sample that tf.Transform analyzes: the beginnings of so many splits, spread evenly.
_SAMPLE_SPLITS = 8
_SAMPLE_BYTES = 64 << 10
_SAMPLE_DOCUMENTS = 256
# Some formats open a file to cut it: files opened at once, and files that a thread cuts in a row.
_THREADS, _MOST_IN_A_ROW = 16, 256
# Files of a glob whose beginnings are checked: it takes an hour to open a million.
_MOST_CHECKED = 1000


def make_plan(
    config: InputConfig, piped: Piped | None = None, tables: Mapping[str, str] | None = None
) -> list[Split]:
    """List the input files and cut them into splits.

    Args:
        config: the inputs, and how they are read.
        piped: the content of the standard input.
        tables: the folder of the rows of each BigQuery table, by input.

    Returns:
        splits in corpus order: globs in the given order, files of a glob by name, ranges ascending.

    Raises:
        UsageError: a glob matches nothing, all files are empty, a file lacks a named field or has
            another format than its name says, or no format supports the given flags.
    """
    listed = list(list_sources(config, piped, tables or {}))
    _check_flags([source for _, source in listed], config)
    splits: list[Split] = []
    # The pool starts a thread only when there is work for it.
    with ThreadPoolExecutor(_THREADS) as threads:
        for glob, group in itertools.groupby(listed, lambda pair: pair[0]):
            sources = [source for _, source in group]
            splits += _cut(glob, sources, config, threads)
    if not splits:
        raise UsageError(f"--input {' '.join(config.globs)}: every file is empty")
    return splits


def _cut(
    glob: str, sources: Sequence[Source], config: InputConfig, threads: ThreadPoolExecutor
) -> Iterator[Split]:
    """Cut the files of a glob."""
    if config.format == files.NAME:
        members = [Member(s.path, s.size, s.version, s.compression) for s in sources]
        yield from files.group(glob, members, config.read.part_bytes)
        return
    for _ in threads.map(functools.partial(_check_head, config=config), sources[:_MOST_CHECKED]):
        pass
    # A task for each file would cost more than to cut it, where that needs no reading.
    length = max(1, min(_MOST_IN_A_ROW, len(sources) // (4 * _THREADS)))
    rows = [sources[start : start + length] for start in range(0, len(sources), length)]
    for splits in threads.map(functools.partial(_cut_row, config=config), rows):
        yield from splits


def _check_head(source: Source, config: InputConfig) -> None:
    """Raise UsageError for a file whose first bytes do not fit its format or encoding."""
    try:
        heads.check(source, functools.partial(storage.open_for_reading, source.place), config.read)
    except ValueError as error:
        raise UsageError(escaping.one_line(error)) from error


def _cut_row(sources: Sequence[Source], config: InputConfig) -> list[Split]:
    return [split for source in sources for split in _cut_one(source, config)]


def _cut_one(source: Source, config: InputConfig) -> list[Split]:
    open_ = functools.partial(storage.open_for_reading, source.place)
    try:
        return base.find(source.format).cut(source, open_, config.read)
    except ValueError as error:
        raise UsageError(escaping.one_line(error)) from error
    except OSError:
        # The worker that reads the file reports the error.
        return [Split(source, 0, None)]


def _check_flags(sources: Sequence[Source], config: InputConfig) -> None:
    """Raise UsageError for flags that no format of the input supports."""
    problems = []
    for name in dict.fromkeys(source.format for source in sources):
        try:
            base.find(name).check(config.read)
            return
        except ValueError as error:
            problems.append(str(error))
    raise UsageError(problems[0])


def sample(splits: Sequence[Split]) -> list[Split]:
    """Choose a bounded sample of the corpus; the same plan gives the same sample."""
    count = min(_SAMPLE_SPLITS, len(splits))
    chosen = [splits[i * len(splits) // count] for i in range(count)]
    return [_beginning(split) for split in chosen]


def _beginning(split: Split) -> Split:
    limit = split.start + (_SAMPLE_BYTES if split.stored is None else _SAMPLE_DOCUMENTS)
    end = limit if split.end is None else min(split.end, limit)
    return dataclasses.replace(split, end=end)
