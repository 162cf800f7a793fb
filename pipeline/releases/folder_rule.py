"""The rule by which folders of other releases are opened or refused.

A folder is opened if its records have the format version of this release, its identity version is
not higher, and its identity has only keys that this release knows. Otherwise every command and
every reader refuses it. docs/output.md has the rule for users.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pipeline.options.flags import FLAGS
from pipeline.options.identity_version import FIRST_IDENTITY_VERSION, IDENTITY_VERSION
from pipeline.releases.format_check import OtherReleaseError, check_format, remedy_by
from transforms import escaping, strict_json
from transforms.io import storage
from transforms.strict_json import Json

_PROGRAM = "beam-bert"
_RELEASE = re.compile(r"\d[\w.+-]{0,30}")
# Characters of names that a message shows.
_SHOWN = 100


class _Versions(msgspec.Struct):
    """The versions in run.json; other fields may have any type in another release."""

    format_version: int
    identity_version: int = FIRST_IDENTITY_VERSION
    versions: Any = None


class _Keys(msgspec.Struct):
    """The identity in a run.json of this format."""

    configuration: dict[str, Any] = {}


_VERSIONS_DECODER = msgspec.json.Decoder(_Versions)
_KEYS_DECODER = msgspec.json.Decoder(_Keys)


def check_run(path: str, content: Json) -> None:
    """Check that this release opens the folder of a run.json.

    Args:
        path: of run.json, for messages.
        content: its text.

    Raises:
        OtherReleaseError: the folder is of another release, which has to open it.
        ValueError: the text is not that of a run.json.
    """
    head = strict_json.decode(content, _VERSIONS_DECODER)
    release = _release_of(head.versions)
    check_format(path, head.format_version, release)
    if head.identity_version > IDENTITY_VERSION:
        raise OtherReleaseError(
            f"{path} has identity version {head.identity_version}, and this release knows up to "
            f"{IDENTITY_VERSION}: {remedy_by(release)}"
        )
    known = {row.option for row in FLAGS if row.decides_output}
    stored = strict_json.decode(content, _KEYS_DECODER).configuration
    if unknown := stored.keys() - known:
        names = escaping.one_line(", ".join(sorted(unknown))[:_SHOWN])
        raise OtherReleaseError(
            f"{path} has a configuration that this release does not know ({names}): "
            f"{remedy_by(release)}"
        )


def check_reading(path: str) -> None:
    """Check that this release reads the records of a folder.

    Readers need the manifest only: a folder without run.json passes, or with one that is damaged or
    that this user may not read.

    Args:
        path: of run.json.

    Raises:
        OtherReleaseError: the folder is of another release, which has to open it.
        OSError: run.json cannot be read.
    """
    try:
        content = storage.read_bytes(path)
        if content is not None:
            check_run(path, content)
    except OtherReleaseError:
        raise
    except (PermissionError, ValueError):
        return


def _release_of(versions: Any) -> str:
    """Return the release that began a job; empty if run.json does not have it."""
    release = str(versions.get(_PROGRAM, "")) if isinstance(versions, Mapping) else ""
    return release if _RELEASE.fullmatch(release) else ""
