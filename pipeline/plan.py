"""The plan: which files there are, and the splits they are cut into."""

import json
import os
from collections.abc import Iterable, Sequence

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.filesystems import FileSystems

from pipeline.errors import UsageError
from pipeline.options import InputConfig
from transforms import checked_json, storage, visible
from transforms.documents import Source, Split
from transforms.sources import base

PLAN_FILE = "plan.jsonl"
# What stands for the standard input on the command line.
PIPE = "-"
# The sample that tf.Transform analyzes: so many splits, evenly over the corpus, and of each the
# beginning.
_SAMPLE_SPLITS = 8
_SAMPLE_BYTES = 64 << 10


def make_plan(config: InputConfig) -> list[Split]:
    """List the input's files and cut them.

    Returns:
        splits in corpus order: globs as given, files of a glob by name, ranges ascending.

    Raises:
        UsageError: a glob matches nothing or is a pipe, all files are empty, or the format does not
            take the flags given.
    """
    sources = list(_sources(config))
    _check_flags(sources, config)
    splits = [
        split
        for source in sources
        for split in base.find(source.format).cut(source, config.read.part_bytes)
    ]
    if not splits:
        raise UsageError(f"--input {' '.join(config.globs)}: every file is empty")
    return splits


def _sources(config: InputConfig) -> Iterable[Source]:
    seen: set[str] = set()
    for glob in config.globs:
        for metadata in _match(glob):
            if metadata.path not in seen:
                seen.add(metadata.path)
                yield _source(metadata, config.format)


def _match(glob: str) -> list[FileMetadata]:
    if glob == PIPE:
        raise UsageError("--input -: a pipe cannot be split or continued; write it to a file first")
    shown = visible.one_line(glob)
    try:
        found = _local(glob) if os.path.exists(glob) else FileSystems.match([glob])[0].metadata_list
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"--input {shown}: cannot be listed: {reason}") from error
    files = [metadata for metadata in found if not os.path.isdir(metadata.path)]
    if not files:
        raise UsageError(f"--input {shown}: no file matches; check the path, or quote the glob")
    return sorted(files, key=lambda metadata: metadata.path)


def _local(path: str) -> list[FileMetadata]:
    """List a file, or the files of a folder, that is there: its name is taken as it stands."""
    paths = [path]
    if os.path.isdir(path):
        names = [name for name in os.listdir(path) if not name.startswith((".", "_"))]
        paths = [os.path.join(path, name) for name in names]
    files = FileSystems.get_filesystem(path)
    return [files.metadata(path) for path in paths if os.path.isfile(path)]


def _source(metadata: FileMetadata, format_: str) -> Source:
    if not _is_utf8(metadata.path):
        raise UsageError(f"--input: the name of {metadata.path!r} is not UTF-8: rename it")
    detected, compression = base.detect(metadata.path)
    return Source(
        path=metadata.path,
        size=metadata.size_in_bytes,
        version=storage.version_of(metadata),
        format=detected if format_ == "auto" else format_,
        compression=compression,
    )


def _is_utf8(name: str) -> bool:
    """Whether the system's bytes for a name were text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


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
    limit = split.start + _SAMPLE_BYTES
    end = limit if split.end is None else min(split.end, limit)
    return Split(source=split.source, start=split.start, end=end)


def to_lines(splits: Iterable[Split]) -> str:
    """Serialize: a JSON line a split."""
    return "".join(f"{json.dumps(split.to_json())}\n" for split in splits)


def from_lines(text: str) -> list[Split]:
    """Read what `to_lines` wrote.

    Raises:
        ValueError: it is not a plan.
    """
    try:
        return [Split.from_json(checked_json.loads(line)) for line in text.splitlines()]
    except ValueError as error:
        raise ValueError(f"{PLAN_FILE} is damaged: {error}") from error


def differences(before: Sequence[Split], now: Sequence[Split]) -> list[str]:
    """Say how the input changed between two plans, a line a file."""
    old = {split.source.path: split.source for split in before}
    new = {split.source.path: split.source for split in now}
    gone = {path: "is gone" for path in old if path not in new}
    fresh = {path: "is new" for path in new if path not in old}
    changed = {path: "has changed" for path in new if path in old and old[path] != new[path]}
    states = {**gone, **fresh, **changed}
    lines = [f"{visible.one_line(path)} {state}" for path, state in states.items()]
    if not lines and list(before) != list(now):
        lines.append("its files stand in another order")
    return lines
