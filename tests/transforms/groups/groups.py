"""Small files in memory, planned and read."""

import io
from collections.abc import Iterator, Mapping
from typing import BinaryIO, cast

import pyarrow as pa

from transforms.documents import Source, Split, files_of
from transforms.groups.grouping import join_small_files
from transforms.groups.opened_files import GroupStreams
from transforms.groups.read_split import read_split
from transforms.io.transcoding import UTF8
from transforms.io.watching import watch
from transforms.sources import base, detecting
from transforms.sources.base import ReadConfig

Contents = Mapping[str, bytes]


def plan_alone(contents: Contents, config: ReadConfig, format_: str | None = None) -> list[Split]:
    """Cut each file by itself, as the plan does."""
    splits: list[Split] = []
    for path, content in contents.items():
        named, compression = detecting.by_name(path)
        reader = base.find(format_ or named or "text")
        is_transcoded = reader.is_text and config.encoding != UTF8
        whole = is_transcoded or not reader.can_start_anywhere
        name = format_ or named or "text"
        source = Source(path, len(content), "1", name, compression, whole)
        splits += reader.cut(source, lambda content=content: io.BytesIO(content), config)
    return splits


def plan_together(
    contents: Contents, config: ReadConfig, format_: str | None = None
) -> list[Split]:
    """Plan files, and join the small ones."""
    return list(join_small_files(plan_alone(contents, config, format_), config))


def read_parts(splits: list[Split], contents: Contents, config: ReadConfig) -> list[pa.RecordBatch]:
    """Read all parts."""
    return [part for split in splits for part in read_one(split, contents, config)]


def read_one(split: Split, contents: Contents, config: ReadConfig) -> Iterator[pa.RecordBatch]:
    """Read the parts of a split."""

    def open_(file: Source) -> BinaryIO:
        return watch(io.BytesIO(contents[file.path]))

    stream = cast(BinaryIO, GroupStreams(open_)) if split.members else open_(split.source)
    return read_split(split, stream, config, "run")


def rows_of(parts: list[pa.RecordBatch]) -> list[dict]:
    """Return the documents of parts, each with its file."""
    rows = []
    for part in parts:
        paths, numbers = files_of(part)
        for row, number in zip(part.to_pylist(), numbers.tolist(), strict=True):
            rows.append(row | {"source": paths[number]})
    return rows
