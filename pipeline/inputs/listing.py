"""List the files of the inputs, and detect the format of each."""

import functools
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from pipeline.errors import UsageError
from pipeline.inputs import identifying, matching
from pipeline.inputs.bigquery_names import ROWS, SCHEME, parse
from pipeline.inputs.entries import Entry, LeftOut
from pipeline.inputs.job_folders import OwnFolders
from pipeline.inputs.stdin import PIPE, Piped
from pipeline.options.embed_config import InputConfig
from transforms.documents import Source
from transforms.io import file_systems, storage
from transforms.io.decompressing import NONE
from transforms.io.transcoding import UTF8
from transforms.io.watching import StorageError, describe
from transforms.sources import base, files

# An object store answers each read after a delay.
_THREADS = 32
# The format of a file that cannot be read.
_NOT_DETECTED = "unread"


class Listed(NamedTuple):
    """A file of the input.

    Attributes:
        glob: the glob that it matches.
        source: the file.
        unread: why its format could not be detected: it cannot be read. Empty if it was.
    """

    glob: str
    source: Source
    unread: str = ""


class Listing(NamedTuple):
    """The files of the inputs, and what matches but is left out."""

    files: list[Listed]
    left_out: list[LeftOut]


def list_sources(
    config: InputConfig, piped: Piped | None, tables: Mapping[str, str], output: str = ""
) -> Listing:
    """List each input file once: globs in the given order, the files of a glob sorted by name.

    Args:
        config: the inputs.
        piped: the content of the standard input.
        tables: the folder of the rows of each BigQuery table, by input.
        output: the output folder of the job, which has no input; empty if there is none.

    Raises:
        UsageError: a glob matches nothing, a name is not UTF-8, or the format of a file is unknown.
        JobError: a disk or a server fails.
    """
    file_systems.set_default_options(config.globs)
    own, names = OwnFolders(output), matching.Names()
    listing = Listing([], [])
    for glob in config.globs:
        if glob == PIPE:
            listing.files.append(Listed(glob, _of_pipe(piped, config)))
        elif glob.startswith(SCHEME):
            listing.files.extend(Listed(glob, source) for source in _of_table(glob, tables))
        else:
            found = names.without_known(matching.match(glob, own))
            listing.left_out.extend(found.left_out)
            listing.files.extend(_to_sources(glob, found.entries, config))
    return listing


def _of_pipe(piped: Piped | None, config: InputConfig) -> Source:
    if config.format == files.NAME:
        raise UsageError(f"--input -: a pipe is not a file; leave out --input_format {files.NAME}")
    if piped is None:
        raise UsageError("--input -: this command reads no pipe; write it to a file first")
    format_, compression = identifying.identify(PIPE, piped.path, piped.size, config)
    return Source(
        path=PIPE,
        size=piped.size,
        version=piped.sha256[:16],
        format=format_,
        compression=compression,
        whole=_is_whole(format_, config),
        location=piped.path,
    )


def _of_table(glob: str, tables: Mapping[str, str]) -> Iterator[Source]:
    if glob not in tables:
        parse(glob)
        raise UsageError(f"--input {glob}: only embed reads tables; this command reads files")
    for name, metadata in storage.list_folder(tables[glob]).items():
        if name.startswith(ROWS):
            yield Source(
                path=f"{glob}/{name}",
                size=metadata.size_in_bytes,
                version=storage.version_of(metadata),
                format="jsonl",
                compression=NONE,
                location=metadata.path,
            )


def _to_sources(glob: str, entries: Sequence[Entry], config: InputConfig) -> Iterator[Listed]:
    """Detect the formats of files, in order; of remote files many at once."""
    to_source = functools.partial(_source, glob, config=config)
    if not any("://" in entry.path for entry in entries[:1]):
        yield from map(to_source, entries)
        return
    with ThreadPoolExecutor(_THREADS) as threads:
        yield from threads.map(to_source, entries)


def _source(glob: str, entry: Entry, config: InputConfig) -> Listed:
    path, size, version = entry.path, entry.size, entry.version
    if not _is_utf8(path):
        raise UsageError(f"--input: the name of {path!r} is not UTF-8: rename it")
    if entry.unread:
        return Listed(glob, Source(path, size, version, _NOT_DETECTED), entry.unread)
    try:
        format_, compression = identifying.identify(path, path, size, config)
    except StorageError as error:
        return Listed(glob, Source(path, size, version, _NOT_DETECTED), describe(error))
    whole = _is_whole(format_, config)
    return Listed(glob, Source(path, size, version, format_, compression, whole))


def _is_utf8(name: str) -> bool:
    """Whether the bytes of a name in the file system are UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_whole(format_: str, config: InputConfig) -> bool:
    """Whether a reader has to start at the beginning of a file."""
    reader = base.find(format_)
    transcoded = reader.is_text and config.read.encoding != UTF8
    return transcoded or not reader.can_start_anywhere
