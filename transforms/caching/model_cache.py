"""The cache on this machine: imported, unpacked and fetched models, and what searches read."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

# Reasons why nothing can ever be written to a folder. A folder that cannot be made, such as one in
# /proc, may be said not to exist.
_UNWRITABLE = (
    *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR),
    *(errno.ENOENT, errno.EINVAL, errno.ELOOP, errno.ENAMETOOLONG),
)
_REMEDY = "set BEAM_BERT_CACHE to a folder that can be written"


class CacheError(ValueError):
    """Nothing can be written to the cache; the message names it and the remedy."""


def cache_folder() -> Path:
    """Return the folder of the cache: `$BEAM_BERT_CACHE`, else in ~/.cache.

    Raises:
        CacheError: this user has no home.
    """
    folder = os.environ.get("BEAM_BERT_CACHE")
    if folder:
        return Path(folder)
    base = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    if base.startswith("~"):
        # It would be a folder of this name in the working directory.
        raise CacheError(
            "there is no folder for imported models, because HOME is not set and this user has no "
            f"entry in /etc/passwd: {_REMEDY}"
        )
    return Path(base) / "beam-bert"


@contextlib.contextmanager
def cache_errors() -> Iterator[None]:
    """Raise CacheError if the block cannot write to the cache.

    A full disk is another error, and passes; so do errors at other paths.
    """
    try:
        yield
    except OSError as error:
        cache = cache_folder()
        if error.errno not in _UNWRITABLE or not _is_within(error.filename, cache):
            raise
        raise CacheError(
            f"nothing can be written to the cache ({error.strerror}: {cache}): {_REMEDY}"
        ) from error


def _is_within(path: object, cache: Path) -> bool:
    """Return whether a path is in the cache, or is a folder above one that does not exist."""
    if not isinstance(path, str | os.PathLike):
        return False
    place, cache = Path(os.path.abspath(path)), Path(os.path.abspath(cache))
    is_above = cache.is_relative_to(place) and not os.path.exists(cache)
    return is_above or place.is_relative_to(cache)
