"""The files that the inputs name, and the format of each."""

import contextlib
import os
from collections.abc import Iterator, Mapping

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.filesystems import FileSystems

from pipeline.errors import UsageError
from pipeline.inputs.bigquery_names import ROWS, SCHEME, parse
from pipeline.inputs.stdin import PIPE, Piped
from pipeline.options.embed_config import InputConfig
from transforms import escaping
from transforms.documents import Source
from transforms.io import storage
from transforms.io.decompressing import NONE
from transforms.io.transcoding import UTF8
from transforms.sources import base, detecting, files

AUTO = "auto"
# What names begin with that other programs' notes have: .DS_Store, _SUCCESS.
_HIDDEN = (".", "_")


def list_sources(
    config: InputConfig, piped: Piped | None, tables: Mapping[str, str]
) -> Iterator[tuple[str, Source]]:
    """List the input's files once each: globs as given, the files of each by name.

    Yields:
        the glob, and a file that it matches.

    Raises:
        UsageError: a glob matches nothing, a name is not UTF-8, or a file is in an encoding or a
            form that has to be told.
    """
    storage.set_default_options()
    seen: set[str] = set()
    for glob in config.globs:
        if glob == PIPE:
            yield glob, _of_pipe(piped, config)
            continue
        if glob.startswith(SCHEME):
            yield from ((glob, source) for source in _of_table(glob, tables))
            continue
        for metadata in _match(glob):
            if metadata.path not in seen:
                seen.add(metadata.path)
                yield glob, _source(metadata, config)


def _of_pipe(piped: Piped | None, config: InputConfig) -> Source:
    if config.format == files.NAME:
        raise UsageError(f"--input -: a pipe is no file; leave out --input_format {files.NAME}")
    if piped is None:
        raise UsageError("--input -: this command reads no pipe; write it to a file first")
    format_, compression = _detect(PIPE, piped.path, config)
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


def _match(glob: str) -> list[FileMetadata]:
    shown = escaping.one_line(glob)
    try:
        storage.require_file_system(glob)
        found = _local(glob) if os.path.exists(glob) else FileSystems.match([glob])[0].metadata_list
    except (OSError, ValueError) as error:
        reason = storage.describe_error(error)
        raise UsageError(f"--input {shown}: cannot be listed: {reason}") from error
    files = [metadata for metadata in found if not os.path.isdir(metadata.path)]
    if not files:
        raise UsageError(f"--input {shown}: no file matches; check the path, or quote the glob")
    return sorted(files, key=lambda metadata: metadata.path)


def _local(path: str) -> list[FileMetadata]:
    """List a file, or the files of a folder, that is there: its name is taken as it stands."""
    paths = _within(path) if os.path.isdir(path) else [path]
    files = FileSystems.get_filesystem(path)
    return [files.metadata(path) for path in paths if os.path.isfile(path)]


def _within(folder: str) -> Iterator[str]:
    """List the files of a folder and of all folders in it, less what is hidden."""
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(_HIDDEN)]
        yield from (os.path.join(place, name) for name in names if not name.startswith(_HIDDEN))


def _source(metadata: FileMetadata, config: InputConfig) -> Source:
    path = metadata.path
    if not _is_utf8(path):
        raise UsageError(f"--input: the name of {path!r} is not UTF-8: rename it")
    format_, compression = _detect(path, path, config)
    return Source(
        path=path,
        size=metadata.size_in_bytes,
        version=storage.version_of(metadata),
        format=format_,
        compression=compression,
        whole=_is_whole(format_, config),
    )


def _is_utf8(name: str) -> bool:
    """Whether the system's bytes for a name were text."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_whole(format_: str, config: InputConfig) -> bool:
    """Whether a file can be read from its beginning only."""
    found = base.find(format_)
    transcoded = found.is_text and config.read.encoding != UTF8
    return transcoded or not found.can_start_anywhere


def _detect(name: str, path: str, config: InputConfig) -> tuple[str, str]:
    """Tell format and compression, by the name if that tells, else by the content."""
    format_, compression = detecting.by_name(name)
    asked = None if config.format == AUTO else config.format
    if format_ and not name.lower().endswith(base.find(format_).shared_endings):
        return asked or format_, compression
    head = _head(path)
    problem = base.find(format_).problem_of_head(head) if format_ and asked is None else None
    if problem:
        raise UsageError(f"--input {escaping.one_line(name)} {problem}")
    if format_:
        return asked or format_, compression
    # A separator is for lines, whatever their first one looks like.
    column = None if config.read.pair_separator else config.read.text_field
    read_as = (config.read.encoding, column)
    detected, compression = detecting.by_content(head, compression, *read_as)
    told = asked or detected
    if told is None:
        raise UsageError(
            f"--input {escaping.one_line(name)} is no text, for it has a NUL, and no format that "
            "is known.\nLeave it out by a glob such as 'folder/*.md', or give its --encoding or "
            "--input_format"
        )
    return told, compression


def _head(path: str) -> bytes:
    """Read what a file begins with; nothing of one that cannot be read: a worker tells of it."""
    with (
        contextlib.suppress(OSError),
        contextlib.closing(storage.open_for_reading(path)) as stream,
    ):
        return stream.read(detecting.HEAD_BYTES)
    return b""
