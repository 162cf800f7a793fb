"""Check the format version of a file in an output folder."""

from transforms.documents import FORMAT_VERSION

# The release that wrote an earlier format version.
_WRITTEN_BY = {2: "0.1.0"}


class OtherReleaseError(ValueError):
    """A folder of another release, which this one does not open; the message has the remedy."""


def check_format(path: str, version: int, release: str = "") -> None:
    """Check that a file has the format version of this release.

    Args:
        path: of the file, for messages.
        version: the format version in it.
        release: the version of the release that wrote it; empty if that is not known.

    Raises:
        OtherReleaseError: it has another.
    """
    if version != FORMAT_VERSION:
        raise OtherReleaseError(
            f"{path} has format version {version}, not {FORMAT_VERSION}: "
            f"{remedy_by(_WRITTEN_BY.get(version, release))}"
        )


def remedy_by(release: str) -> str:
    """Return what to do with a folder of another release.

    >>> remedy_by("0.1.0")
    'read it with beam-bert 0.1.0, or embed the corpus again into another folder'
    """
    reader = f"beam-bert {release}" if release else "the release that wrote it"
    return f"read it with {reader}, or embed the corpus again into another folder"
