"""Find out what each input file is: one read of its first bytes."""

import contextlib
import functools

from pipeline.errors import UsageError
from pipeline.inputs import needed_fields
from pipeline.options.embed_config import InputConfig
from pipeline.options.flags import AUTO_FORMAT
from transforms.io import attempts, file_heads
from transforms.io.decompressing import NONE
from transforms.sources import detecting, files, heads
from transforms.sources.detecting import Detected

# The format of an empty file whose name does not show one.
_EMPTY = "text"


def identify(name: str, path: str, size: int, config: InputConfig) -> tuple[str, str]:
    """Return format and compression of a file.

    Args:
        name: of the file, whose ending may decide.
        path: the path of its bytes.
        size: its bytes.
        config: the requested format, and how files are read.

    Raises:
        UsageError: the file is of no format, of another than the requested one, or in another
            encoding.
        StorageError: the file cannot be read.
    """
    requested = None if config.format == AUTO_FORMAT else config.format
    if not size:
        return requested or detecting.by_name(name)[0] or _EMPTY, NONE
    read = functools.partial(_detect, name, path, size, config, requested)
    try:
        detected = attempts.read_again(read)
        _check(detected, name, config)
    except ValueError as error:
        raise UsageError(str(error)) from error
    return detected.format, detected.compression


def _detect(
    name: str, path: str, size: int, config: InputConfig, requested: str | None
) -> Detected:
    with contextlib.closing(file_heads.open_beginning(path, size)) as stream:
        return detecting.identify(name, stream, config.read, requested)


def _check(detected: Detected, name: str, config: InputConfig) -> None:
    """Raise ValueError for a text in another encoding, unless it will be left out."""
    format_ = detected.format
    if name not in config.globs and needed_fields.setting_without(format_, name, config):
        if detecting.by_name(name)[0] == format_:
            return
        # Two bytes a character may hide that it has records.
        format_ = files.NAME
    heads.check(detected.head, name, format_, config.read)
