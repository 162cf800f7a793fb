"""The plan: which files there are, and the splits they are cut into."""

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

# The sample that tf.Transform analyzes: so many splits, evenly over the corpus, and of each the
# beginning.
_SAMPLE_SPLITS = 8
_SAMPLE_BYTES = 64 << 10
_SAMPLE_DOCUMENTS = 256
# Files of some formats are opened to be cut, so many at once.
_THREADS = 16
# Of each glob; to open a million files takes an hour.
_MOST_LOOKED_AT = 1000


def make_plan(
    config: InputConfig, piped: Piped | None = None, tables: Mapping[str, str] | None = None
) -> list[Split]:
    """List the input's files and cut them.

    Args:
        config: what there is, and how it is read.
        piped: what stands for the standard input.
        tables: where the rows of tables lie, by input.

    Returns:
        splits in corpus order: globs as given, files of a glob by name, ranges ascending.

    Raises:
        UsageError: a glob matches nothing, all files are empty, one lacks the fields that are
            wanted or begins as what it is not, or the format does not take the flags given.
    """
    listed = list(list_sources(config, piped, tables or {}))
    _check_flags([source for _, source in listed], config)
    splits: list[Split] = []
    # Threads start only where there is something to wait for.
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
    for _ in threads.map(functools.partial(_look, config=config), sources[:_MOST_LOOKED_AT]):
        pass
    for splits in threads.map(functools.partial(_cut_one, config=config), sources):
        yield from splits


def _look(source: Source, config: InputConfig) -> None:
    """Refuse, by UsageError, a file that does not begin as it is to be read."""
    try:
        heads.check(source, functools.partial(storage.open_for_reading, source.place), config.read)
    except ValueError as error:
        raise UsageError(escaping.one_line(error)) from error


def _cut_one(source: Source, config: InputConfig) -> list[Split]:
    open_ = functools.partial(storage.open_for_reading, source.place)
    try:
        return base.find(source.format).cut(source, open_, config.read)
    except ValueError as error:
        raise UsageError(escaping.one_line(error)) from error
    except OSError:
        # The worker that is to read it will tell.
        return [Split(source, 0, None)]


def _check_flags(sources: Sequence[Source], config: InputConfig) -> None:
    """Refuse flags that no file of the input can follow."""
    problems = []
    for name in dict.fromkeys(source.format for source in sources):
        try:
            base.find(name).check(config.read)
            return
        except ValueError as error:
            problems.append(str(error))
    raise UsageError(problems[0])


def sample(splits: Sequence[Split]) -> list[Split]:
    """Choose a bounded sample of the corpus, the same for the same plan."""
    count = min(_SAMPLE_SPLITS, len(splits))
    chosen = [splits[i * len(splits) // count] for i in range(count)]
    return [_beginning(split) for split in chosen]


def _beginning(split: Split) -> Split:
    limit = split.start + (_SAMPLE_BYTES if split.stored is None else _SAMPLE_DOCUMENTS)
    end = limit if split.end is None else min(split.end, limit)
    return dataclasses.replace(split, end=end)
