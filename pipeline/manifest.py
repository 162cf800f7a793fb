"""The progress of a job, computed from its receipts, and the manifest of a finished job."""

import collections
import dataclasses
import functools
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec

from pipeline.errors import WRITTEN_AGAIN
from pipeline.releases.format_check import OtherReleaseError, check_format
from transforms import strict_json
from transforms.documents import FORMAT_VERSION, Split, part_key
from transforms.io import path_kinds, storage
from transforms.receipts import RECEIPTS, Receipt, adds_up, shares
from transforms.records.record_content import POOLED, SEQUENCE
from transforms.rejects import FOLDER as REJECTED

MANIFEST_FILE = "manifest.json"
# The folders of the files that receipts name.
DATA_FOLDERS = (POOLED, SEQUENCE, REJECTED)
# The ending that an invalidated receipt or manifest gets.
WITHDRAWN = ".withdrawn"
WITHDRAWN_MANIFEST = f"{MANIFEST_FILE}{WITHDRAWN}"
# An object store answers each read after a delay: threads, and reads started ahead.
_THREADS, _AHEAD = 32, 4096
_Number = TypeVar("_Number", int, float)
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Progress:
    """The finished parts and the pending splits of a job.

    Attributes:
        parts: receipts of this job, in corpus order.
        pending: splits that are not finished.
        splits: number of splits in the plan.
    """

    parts: tuple[Receipt, ...]
    pending: tuple[Split, ...]
    splits: int

    @property
    def complete(self) -> bool:
        """Whether every split is finished."""
        return not self.pending

    def counts(self) -> dict[str, int]:
        """Sum the counts of all parts."""
        return _sum(part.counts for part in self.parts)

    @functools.cached_property
    def by_source(self) -> Mapping[str, dict[str, int]]:
        """The sums of the counts of the parts of each file, in corpus order."""
        parts: dict[str, list[Mapping[str, int]]] = {}
        for path, counts in (pair for part in self.parts for pair in part.by_file().items()):
            parts.setdefault(path, []).append(counts)
        return {
            source: _sum(counts) if len(counts) > 1 else dict(counts[0])
            for source, counts in parts.items()
        }

    def reasons(self) -> dict[str, int]:
        """Sum the rejected documents by reason."""
        return _sum(part.reasons for part in self.parts)

    def seconds(self) -> dict[str, float]:
        """Sum the seconds of all parts by stage."""
        return _sum(part.seconds for part in self.parts)

    def written(self) -> tuple[dict[str, int], dict[str, int]]:
        """Count the files of all parts and their bytes, each by folder."""
        numbers, sizes = collections.Counter[str](), collections.Counter[str]()
        for file in (file for part in self.parts for file in part.files):
            folder = file.path.partition("/")[0]
            numbers[folder] += 1
            sizes[folder] += file.bytes
        return dict(numbers), dict(sizes)


def load_receipts(folder: str) -> list[Receipt]:
    """Read all receipts of an output folder; skip those that were truncated or renamed."""
    return list(new_receipts(folder, set()))


def new_receipts(folder: str, known: Set[str]) -> Iterator[Receipt]:
    """Read the receipts whose names are not in `known`."""
    paths = [
        metadata.path
        for name, metadata in storage.list_folder(storage.join(folder, RECEIPTS)).items()
        if name.endswith(".json") and name.removesuffix(".json") not in known
    ]
    receipts = _load_in_parallel(paths) if "://" in folder else map(_load, paths)
    yield from filter(None, receipts)


def _load_in_parallel(paths: Sequence[str]) -> Iterator[Receipt | None]:
    """Load receipts, in order, in several threads."""
    with ThreadPoolExecutor(_THREADS) as threads:
        for first in range(0, len(paths), _AHEAD):
            yield from threads.map(_load, paths[first : first + _AHEAD])


def _load(path: str) -> Receipt | None:
    """Read a receipt; return None if it was truncated or renamed, or no longer exists."""
    try:
        receipt = Receipt.from_json(_read(path))
    except ValueError:
        return None
    has_its_name = os.path.basename(path) == f"{receipt.name}.json"
    return _with_shared_strings(receipt) if has_its_name else None


def _read(path: str) -> bytes:
    """Read a file that was just listed; return nothing if it no longer exists.

    It is opened without a check before: of a million receipts the check would take as long again.
    """
    try:
        return storage.read_whole(path)
    except OSError:
        if storage.exists(path):
            raise
        return b""


def _with_shared_strings(receipt: Receipt) -> Receipt:
    """Share equal strings with other receipts: of a million, they would take a gigabyte."""
    return dataclasses.replace(
        receipt,
        source=sys.intern(receipt.source),
        worker=sys.intern(receipt.worker),
        machine=sys.intern(receipt.machine),
        counts=_interned(receipt.counts),
        reasons=_interned(receipt.reasons),
        seconds=_interned(receipt.seconds),
    )


def _interned(named: Mapping[str, _Number]) -> dict[str, _Number]:
    return {sys.intern(name): value for name, value in named.items()}


def measure_progress(
    splits: Sequence[Split], receipts: Iterable[Receipt], run_fingerprint: str
) -> Progress:
    """Match receipts with the plan.

    A receipt counts if it has the key that the plan and the run give. Receipts of other versions
    of a file and of other configurations, which may be beside them, have other keys.
    """
    at_place = _by_place(receipts)
    parts: list[Receipt] = []
    pending = []
    for split in splits:
        chain, finished = _chain(split, at_place, run_fingerprint)
        parts += chain
        if not finished:
            pending.append(split)
    return Progress(parts=tuple(parts), pending=tuple(pending), splits=len(splits))


# Returns the receipts of the parts of a file that begin at a position.
_AtPlace = Callable[[str, int], Iterable[Receipt]]


def _by_place(receipts: Iterable[Receipt]) -> _AtPlace:
    """Index receipts by file and first position; only few places have several."""
    first: dict[tuple[str, int], Receipt] = {}
    more: dict[tuple[str, int], list[Receipt]] = {}
    for receipt in receipts:
        place = (receipt.source, receipt.start)
        if first.setdefault(place, receipt) is not receipt:
            more.setdefault(place, []).append(receipt)

    def at_place(source: str, start: int) -> Iterator[Receipt]:
        place = (source, start)
        if place in first:
            yield first[place]
            yield from more.get(place, ())

    return at_place


def _chain(split: Split, at_place: _AtPlace, run_fingerprint: str) -> tuple[list[Receipt], bool]:
    """Return the receipts of a split from its start on, and whether they reach its end."""
    chain: list[Receipt] = []
    start = split.start
    while (receipt := _part_of(split, start, at_place, run_fingerprint)) is not None:
        chain.append(receipt)
        if receipt.last:
            return chain, True
        start = receipt.end
    return chain, False


def _part_of(split: Split, start: int, at_place: _AtPlace, run_fingerprint: str) -> Receipt | None:
    """Return the receipt of the part of a split that begins at a position; None if it has none."""
    source = split.source
    for receipt in at_place(source.path, start):
        if receipt.end > start and receipt.key == part_key(
            source, start, receipt.end, run_fingerprint
        ):
            return receipt
    return None


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
        for text in _manifest_text(progress, run_fingerprint, history):
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
    for text in _manifest_text(progress, run_fingerprint, history):
        digest.update(text.encode())
    return storage.hash_file(path) == digest.hexdigest()


def _manifest_text(
    progress: Progress, run_fingerprint: str, history: Mapping[str, Any] | None
) -> Iterator[str]:
    """Yield the text of the manifest, piece by piece."""
    totals = totals_entry(progress, run_fingerprint, history)
    sources = (
        f"{json.dumps(source)}: {_indented_numbers(source_entry(of_source), 3)}"
        for source, of_source in progress.by_source.items()
    )
    parts = (_indented(part_entry(receipt)) for receipt in progress.parts)
    yield json.dumps(totals, indent=1).removesuffix("\n}")
    yield from _block("sources", "{", sources, "}")
    yield from _block("parts", "[", parts, "]")
    yield "\n}"


def _block(name: str, begin: str, members: Iterable[str], end: str) -> Iterator[str]:
    """Yield the text of an object or array as `json.dumps` writes it, member by member."""
    yield f',\n "{name}": {begin}'
    comma = ""
    for member in members:
        yield f"{comma}\n  {member}"
        comma = ","
    yield f"\n {end}"


def _indented(value: Any) -> str:
    return json.dumps(value, indent=1).replace("\n", "\n  ")


def _indented_numbers(value: Mapping[str, Any], depth: int) -> str:
    """Return the text of an object of numbers, and of objects of numbers, as `_indented` does.

    The encoder of `json` is twenty times slower where it indents, and a corpus may have 100,000
    files.
    """
    members = (
        f'"{name}": {_indented_numbers(one, depth + 1) if isinstance(one, dict) else repr(one)}'
        for name, one in value.items()
    )
    separator = ",\n" + " " * depth
    return f"{{{separator[1:]}{separator.join(members)}{separator[1:-1]}}}"


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


def totals_entry(
    progress: Progress, run_fingerprint: str, history: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the fields of the manifest of a job before its sources and parts."""
    counts = progress.counts()
    return {
        "format_version": FORMAT_VERSION,
        **({} if history is None else {"history": history}),
        "run_fingerprint": run_fingerprint,
        "counts": counts,
        "shares": shares(counts),
        "reasons": progress.reasons(),
    }


def source_entry(counts: Mapping[str, int]) -> dict[str, Any]:
    """Return the entry of a file in the manifest, from the sums of its parts."""
    return {**counts, "shares": shares(counts)}


def part_entry(receipt: Receipt) -> dict[str, Any]:
    """Return the entry of a part in the manifest."""
    part = {key: getattr(receipt, key) for key in ("name", "source", "start", "end", "counts")}
    return part | {"files": [msgspec.structs.asdict(file) for file in receipt.files]}


def _sum(named: Iterable[Mapping[str, _Number]]) -> dict[str, _Number]:
    total: dict[str, _Number] = {}
    for one in named:
        for name, value in one.items():
            total[name] = total[name] + value if name in total else value
    return total
