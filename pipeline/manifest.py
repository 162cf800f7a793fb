"""The manifest of a finished job."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from pipeline.errors import WRITTEN_AGAIN
from pipeline.parts.manifest_text import manifest_text, part_entry, source_entry, totals_entry
from pipeline.parts.part_entries import split_entries
from pipeline.parts.part_progress import Progress, measure_progress
from pipeline.parts.receipt_store import load_receipts
from pipeline.releases.format_check import OtherReleaseError, check_format
from transforms import strict_json
from transforms.io import path_kinds, storage
from transforms.receipts import adds_up
from transforms.records.record_content import POOLED, SEQUENCE
from transforms.rejects import FOLDER as REJECTED

__all__ = [
    "DATA_FOLDERS",
    "MANIFEST_FILE",
    "WITHDRAWN",
    "WITHDRAWN_MANIFEST",
    "Progress",
    "decode_manifest",
    "has_manifest",
    "iterate_parts",
    "load_manifest",
    "load_receipts",
    "measure_progress",
    "part_entry",
    "source_entry",
    "totals_entry",
    "write_manifest",
]

MANIFEST_FILE = "manifest.json"
# The folders of the files that receipts name.
DATA_FOLDERS = (POOLED, SEQUENCE, REJECTED)
# The ending that an invalidated receipt or manifest gets.
WITHDRAWN = ".withdrawn"
WITHDRAWN_MANIFEST = f"{MANIFEST_FILE}{WITHDRAWN}"
# Bytes of a manifest that is read a few parts at a time.
_LARGE = 64 << 20
_T = TypeVar("_T")


def write_manifest(
    folder: str,
    progress: Progress,
    run_fingerprint: str,
    history: Mapping[str, Any] | None = None,
) -> None:
    """Write the manifest of a complete job, part by part: its text may not fit into memory.

    Args:
        folder: the output folder.
        progress: of the job.
        run_fingerprint: see `run_file.Run`.
        history: the entry on the generation; None for the first one.

    Raises:
        ValueError: the sum of embedded and rejected rows is not the number of rows.
    """
    counts = progress.counts()
    if not adds_up(counts):
        raise ValueError(f"the counts of the job do not add up: {counts}")
    with storage.atomic_write(folder, MANIFEST_FILE) as file:
        for text in manifest_text(progress, run_fingerprint, history):
            file.write(text.encode())


def has_manifest(
    folder: str,
    progress: Progress,
    run_fingerprint: str,
    history: Mapping[str, Any] | None = None,
) -> bool:
    """Whether a folder has the manifest of a complete job, undamaged; see `write_manifest`.

    Raises:
        OSError: it cannot be read.
    """
    path = storage.join(folder, MANIFEST_FILE)
    if not storage.exists(path):
        return False
    digest = hashlib.sha256()
    for text in manifest_text(progress, run_fingerprint, history):
        digest.update(text.encode())
    return storage.hash_file(path) == digest.hexdigest()


class _ManifestVersion(msgspec.Struct):
    format_version: int


_VERSION_DECODER = msgspec.json.Decoder(_ManifestVersion)
_OBJECT_DECODER = msgspec.json.Decoder(dict[str, Any])


def load_manifest(folder: str, name: str = MANIFEST_FILE) -> dict[str, Any]:
    """Read the manifest of a finished job.

    Args:
        folder: the output folder.
        name: the path of the manifest in it.

    Raises:
        ValueError: there is no manifest, or it is damaged or of another format version.
    """
    return decode_manifest(folder, _OBJECT_DECODER, name)


def iterate_parts(folder: str, part: type[_T], name: str = MANIFEST_FILE) -> Iterator[_T]:
    """Yield the parts of a manifest, of which a large one is never in memory as a whole.

    Args:
        folder: the output folder.
        part: a struct of the fields that are needed.
        name: the path of the manifest in the folder.

    Raises:
        OtherReleaseError, ValueError: as `load_manifest`.
    """
    path = storage.join(folder, name)
    if (storage.size_of(path) or 0) > _LARGE:
        try:
            yield from _parts_of_large(folder, msgspec.json.Decoder(list[part]), name)  # type: ignore[valid-type]
            return
        except LookupError:
            # Somebody has written it in another layout.
            pass
        except OtherReleaseError:
            raise
        except ValueError as error:
            raise ValueError(f"{folder}/{name} is damaged: {error}; {WRITTEN_AGAIN}") from error
    whole = msgspec.defstruct("ManifestOfParts", [("parts", tuple[part, ...])])  # type: ignore[valid-type]
    yield from decode_manifest(folder, msgspec.json.Decoder(whole), name).parts  # type: ignore[attr-defined]


def _parts_of_large(
    folder: str, decoder: "msgspec.json.Decoder[list[_T]]", name: str
) -> Iterator[_T]:
    entries = split_entries(storage.read_blocks(storage.join(folder, name)))
    version = strict_json.decode(next(entries), _VERSION_DECODER).format_version
    check_format(f"{folder}/{name}", version)
    for text in entries:
        yield from strict_json.decode(text, decoder)


def decode_manifest(
    folder: str, decoder: "msgspec.json.Decoder[_T]", name: str = MANIFEST_FILE
) -> _T:
    """Read the manifest of a finished job into the type of a decoder; raises as `load_manifest`."""
    content = storage.read_bytes(storage.join(folder, name))
    if content is None:
        reason = path_kinds.describe_unless_folder(folder) or (
            "it is not an output folder, or the job is not finished; run the same embed again"
        )
        raise ValueError(f"{folder} has no {name}: {reason}")
    try:
        version = strict_json.decode(content, _VERSION_DECODER).format_version
        check_format(f"{folder}/{name}", version)
        return strict_json.decode(content, decoder)
    except OtherReleaseError:
        raise
    except ValueError as error:
        raise ValueError(f"{folder}/{name} is damaged: {error}; {WRITTEN_AGAIN}") from error
