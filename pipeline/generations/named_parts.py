"""The names of the parts in a manifest, without the rest of it, which may be large."""

from collections.abc import Iterator

import msgspec

from pipeline.manifest import MANIFEST_FILE, iterate_parts


class _NamedPart(msgspec.Struct, gc=False):
    name: str


def names_of_parts(folder: str, name: str = MANIFEST_FILE) -> Iterator[str]:
    """Yield the names of the parts that a manifest has.

    Args:
        folder: the output folder.
        name: the path of the manifest in it.

    Raises:
        ValueError: there is no manifest, or it is damaged or of another format version.
    """
    return (part.name for part in iterate_parts(folder, _NamedPart, name))
