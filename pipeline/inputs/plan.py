"""Make the plan of a job: list the input files, and cut them into splits."""

import contextlib
import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from pipeline.errors import JobError, UsageError, is_of_user
from pipeline.inputs import records_only
from pipeline.inputs.entries import describe_left_out
from pipeline.inputs.listing import Listed, list_sources
from pipeline.inputs.stdin import Piped
from pipeline.options.embed_config import InputConfig
from transforms import escaping
from transforms.documents import Source, Split
from transforms.groups.grouping import join_small_files
from transforms.io import attempts, storage
from transforms.io.watching import describe
from transforms.sources import base, path_keys
from transforms.sources.base import Opener
from transforms.splits.collecting import collect
from transforms.splits.split_columns import SplitColumns

# Some formats open a file to cut it: files opened at once, and files that a thread cuts in a row.
_THREADS, _MOST_IN_A_ROW = 16, 256


class InputPlan(NamedTuple):
    """The plan of a job.

    Attributes:
        splits: see `make_plan`.
        left_out: a line for each kind of files that match the input but are not part of the corpus.
    """

    splits: SplitColumns
    left_out: tuple[str, ...]


def make_plan(
    config: InputConfig, piped: Piped | None = None, tables: Mapping[str, str] | None = None
) -> SplitColumns:
    """List the input files and cut them into splits.

    Args:
        config: the inputs, and how they are read.
        piped: the content of the standard input.
        tables: the folder of the rows of each BigQuery table, by input.

    Returns:
        splits in corpus order: globs in the given order, files of a glob by name, ranges ascending.
        Small files that follow each other are one split. A file that must be read to plan it, and
        cannot be read, is one split with `unread`, and so is a folder that cannot be listed.

    Raises:
        UsageError: a glob matches nothing, all files are empty or unreadable, a file lacks a named
            field or has another format than its name says, or no format supports the given flags.
        JobError: a disk or a server fails.
    """
    return plan_input(config, piped, tables or {}).splits


def plan_input(
    config: InputConfig, piped: Piped | None, tables: Mapping[str, str], output: str = ""
) -> InputPlan:
    """Plan as `make_plan`, without the files in an output folder; say what is left out."""
    listing = list_sources(config, piped, tables, output)
    listing = records_only.keep_records(listing, config)
    left_out = tuple(describe_left_out(listing.left_out))
    return InputPlan(_cut_all(listing.files, config), left_out)


def _cut_all(listed: Sequence[Listed], config: InputConfig) -> SplitColumns:
    _check_flags([one.source for one in listed if not one.unread], config)
    # The pool starts a thread only when there is work for it.
    with ThreadPoolExecutor(_THREADS) as threads:
        splits = collect(join_small_files(_cut(listed, config, threads), config.read))
    inputs = escaping.one_line(" ".join(config.globs))
    if not splits:
        raise UsageError(f"--input {inputs}: every file is empty")
    if splits.is_unread.all():
        raise _none_can_be_read(splits[0], inputs)
    return splits


def _none_can_be_read(first: Split, inputs: str) -> UsageError | JobError:
    """Return the error of an input without a readable file; a fault of a disk may pass."""
    why = escaping.one_line(f"{first.source.path}: {first.unread}")
    kind: type[UsageError | JobError] = UsageError
    try:
        with contextlib.closing(_opener(first.source)()) as stream:
            stream.read(1)
    except OSError as error:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error
        kind = UsageError if is_of_user(cause) else JobError
    return kind(f"--input {inputs}: none of the files can be read: {why}")


def _cut(
    listed: Sequence[Listed], config: InputConfig, threads: ThreadPoolExecutor
) -> Iterator[Split]:
    """Cut files, in order."""
    # A task for each file would cost more than to cut it, where that needs no reading.
    length = max(1, min(_MOST_IN_A_ROW, len(listed) // (4 * _THREADS)))
    rows = [listed[start : start + length] for start in range(0, len(listed), length)]
    for splits in threads.map(functools.partial(_cut_row, config=config), rows):
        yield from splits


def _cut_row(listed: Sequence[Listed], config: InputConfig) -> list[Split]:
    return [split for one in listed for split in _cut_one(one, config)]


def _cut_one(listed: Listed, config: InputConfig) -> list[Split]:
    source = listed.source
    if listed.unread:
        return [Split(source, 0, None, unread=listed.unread)]
    format_ = base.find(source.format)
    cut = functools.partial(format_.cut, source, _opener(source), config.read)
    try:
        return attempts.read_again(cut)
    except ValueError as error:
        raise UsageError(escaping.one_line(error)) from error
    except OSError as error:
        return [Split(source, 0, None, unread=describe(error))]


def _opener(source: Source) -> Opener:
    return functools.partial(storage.open_watched, source.place, source.size)


def _check_flags(sources: Sequence[Source], config: InputConfig) -> None:
    """Raise UsageError for flags that no format of the input supports."""
    problems = []
    read = config.read
    if read.keep_fields:
        # Formats without fields keep the keys of paths.
        keys = {key for source in sources for key in path_keys.keys_of(source.path)}
        names = [str(field) for field in read.kept if field.name not in keys]
        read = dataclasses.replace(read, keep_fields=tuple(names))
    formats = dict.fromkeys(source.format for source in sources)
    if formats and not any(base.find(name).has_dialect for name in formats):
        for setting in read.of_dialect:
            raise UsageError(f"--{setting} is for csv and tsv, and the input has neither")
    for name in formats:
        try:
            base.find(name).check(read)
            return
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise UsageError(problems[0])
