"""Receipts gathered: what is done, what is not, and the manifest of a finished job."""

import collections
import contextlib
import dataclasses
import itertools
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from apache_beam.io.filesystem import FileMetadata
from apache_beam.io.filesystems import FileSystems

from transforms import checked_json
from transforms.documents import FORMAT_VERSION, Split, part_key
from transforms.io import storage
from transforms.receipts import RECEIPTS, Receipt, WrittenFile, shares

MANIFEST_FILE = "manifest.json"
# The folders of files that receipts tell of.
DATA_FOLDERS = ("pooled", "sequence", "rejected")
# Of an object store every receipt is waited for: so many at once, and so many asked for ahead.
_THREADS, _AHEAD = 32, 4096
_Number = TypeVar("_Number", int, float)


@dataclasses.dataclass(frozen=True)
class Progress:
    """How far a job is.

    Attributes:
        parts: receipts of this job, in corpus order.
        pending: splits that are not done, or not done to their end.
        splits: all splits of the plan.
    """

    parts: tuple[Receipt, ...]
    pending: tuple[Split, ...]
    splits: int

    @property
    def complete(self) -> bool:
        """Whether every split is done."""
        return not self.pending

    def counts(self) -> dict[str, int]:
        """Sum the counts of all parts."""
        return _sum(part.counts for part in self.parts)

    def by_source(self) -> dict[str, dict[str, int]]:
        """Sum the counts of each file's parts, in corpus order."""
        parts: dict[str, list[Mapping[str, int]]] = {}
        for part in self.parts:
            parts.setdefault(part.source, []).append(part.counts)
        return {source: _sum(counts) for source, counts in parts.items()}

    def reasons(self) -> dict[str, int]:
        """Sum the rejected documents by reason."""
        return _sum(part.reasons for part in self.parts)


def load_receipts(folder: str) -> list[Receipt]:
    """Read all receipts of an output folder; those cut short or renamed are passed over."""
    return list(new_receipts(folder, set()))


def new_receipts(folder: str, known: Set[str]) -> Iterator[Receipt]:
    """Read the receipts whose names are not known yet."""
    paths = [
        metadata.path
        for name, metadata in storage.list_folder(FileSystems.join(folder, RECEIPTS)).items()
        if name.endswith(".json") and name.removesuffix(".json") not in known
    ]
    for receipt in _load_all(paths, waits="://" in folder):
        if receipt is not None:
            yield receipt


def _load_all(paths: Sequence[str], waits: bool) -> Iterator[Receipt | None]:
    """Load receipts, in order; where each is waited for, many at once."""
    if not waits:
        yield from map(_load, paths)
        return
    with ThreadPoolExecutor(_THREADS) as threads:
        for first in range(0, len(paths), _AHEAD):
            yield from threads.map(_load, paths[first : first + _AHEAD])


def _load(path: str) -> Receipt | None:
    """Read a receipt; None where it was cut short or renamed, or is gone."""
    try:
        receipt = Receipt.from_json(_read(path))
    except ValueError:
        return None
    named = os.path.basename(path) == f"{receipt.name}.json"
    return _sharing(receipt) if named else None


def _read(path: str) -> str:
    """Read what was listed just now, without asking for it first; nothing of what is gone."""
    try:
        with contextlib.closing(storage.open_for_reading(path)) as stream:
            return stream.read().decode()
    except OSError:
        if FileSystems.exists(path):
            raise
        return ""


def _sharing(receipt: Receipt) -> Receipt:
    """Have a receipt share with others what is the same in them: there may be a million."""
    return dataclasses.replace(
        receipt,
        source=sys.intern(receipt.source),
        worker=sys.intern(receipt.worker),
        counts=_interned(receipt.counts),
        reasons=_interned(receipt.reasons),
        seconds=_interned(receipt.seconds),
    )


def _interned(named: Mapping[str, _Number]) -> dict[str, _Number]:
    return {sys.intern(name): value for name, value in named.items()}


def withdraw_damaged(folder: str, receipts: Iterable[Receipt]) -> list[str]:
    """Withdraw the receipts whose files are not what they say, so that their parts are done again.

    A file counts as damaged if it is missing, has another size, or has changed since its receipt
    was written and then has another sha256. Files that changed without a trace are found by
    reading them all.

    Returns:
        a line for each part withdrawn.
    """
    listed = {
        f"{family}/{name}": metadata
        for family in DATA_FOLDERS
        for name, metadata in storage.list_folder(FileSystems.join(folder, family)).items()
    }
    lines = []
    for receipt in receipts:
        problems = [_problem(file, receipt.finished, listed) for file in receipt.files]
        if any(problems):
            withdraw(folder, receipt)
            lines.append(next(filter(None, problems)))
    return lines


def _problem(file: WrittenFile, since: float, listed: Mapping[str, FileMetadata]) -> str | None:
    metadata = listed.get(file.path)
    if metadata is None:
        return f"{file.path} is missing"
    if metadata.size_in_bytes != file.bytes:
        return f"{file.path} has {metadata.size_in_bytes} bytes, not {file.bytes}"
    touched = metadata.last_updated_in_seconds > since
    if touched and storage.hash_file(metadata.path) != file.sha256:
        return f"{file.path} has changed"
    return None


def withdraw(folder: str, receipt: Receipt) -> None:
    """Set a receipt that was proved wrong aside, and the manifest that counted on it."""
    path = FileSystems.join(folder, RECEIPTS, f"{receipt.name}.json")
    FileSystems.rename([path], [f"{path}.withdrawn"])
    manifest = FileSystems.join(folder, MANIFEST_FILE)
    if FileSystems.exists(manifest):
        FileSystems.delete([manifest])


def measure_progress(
    splits: Sequence[Split], receipts: Iterable[Receipt], run_fingerprint: str
) -> Progress:
    """Hold receipts against the plan.

    A receipt counts if its key is the one that the plan and the run give; others, of changed files
    or other configurations, do not.
    """
    by_place = {(receipt.source, receipt.start): receipt for receipt in receipts}
    parts: list[Receipt] = []
    pending = []
    for split in splits:
        chain, finished = _chain(split, by_place, run_fingerprint)
        parts += chain
        if not finished:
            pending.append(split)
    return Progress(parts=tuple(parts), pending=tuple(pending), splits=len(splits))


def _chain(
    split: Split, by_place: Mapping[tuple[str, int], Receipt], run_fingerprint: str
) -> tuple[list[Receipt], bool]:
    """Follow the receipts of a split from its start; say whether they reach its end."""
    chain: list[Receipt] = []
    start = split.start
    while (receipt := by_place.get((split.source.path, start))) is not None:
        if receipt.end <= start:
            break
        if receipt.key != part_key(split.source, start, receipt.end, run_fingerprint):
            break
        chain.append(receipt)
        if receipt.last:
            return chain, True
        start = receipt.end
    return chain, False


def write_manifest(folder: str, progress: Progress, run_fingerprint: str) -> None:
    """Write the manifest of a complete job, a part at a time: its text may not fit into memory.

    Raises:
        ValueError: the account does not close over the whole.
    """
    counts = progress.counts()
    if counts["documents"] != counts["embedded"] + counts["rejected"]:
        raise ValueError(f"the account of the job does not close: {counts}")
    totals = {
        "format_version": FORMAT_VERSION,
        "run_fingerprint": run_fingerprint,
        "counts": counts,
        "shares": shares(counts),
        "reasons": progress.reasons(),
    }
    sources = (
        f"{json.dumps(source)}: {_indented({**of_source, 'shares': shares(of_source)})}"
        for source, of_source in progress.by_source().items()
    )
    parts = (_indented(_part(receipt)) for receipt in progress.parts)
    with storage.atomic_write(folder, MANIFEST_FILE) as file:
        file.write(json.dumps(totals, indent=1).removesuffix("\n}").encode())
        for text in itertools.chain(
            _block("sources", "{", sources, "}"), _block("parts", "[", parts, "]")
        ):
            file.write(text.encode())
        file.write(b"\n}")


def _block(name: str, begin: str, members: Iterable[str], end: str) -> Iterator[str]:
    """Write an object or array of many members as `json.dumps` does, one at a time."""
    yield f',\n "{name}": {begin}'
    comma = ""
    for member in members:
        yield f"{comma}\n  {member}"
        comma = ","
    yield f"\n {end}"


def _indented(value: Any) -> str:
    return json.dumps(value, indent=1).replace("\n", "\n  ")


def load_manifest(folder: str) -> dict[str, Any]:
    """Read the manifest of a finished job.

    Raises:
        ValueError: there is none, or it is damaged or of another version.
    """
    text = storage.read_text(FileSystems.join(folder, MANIFEST_FILE))
    if text is None:
        raise ValueError(
            f"{folder} has no {MANIFEST_FILE}: it is no output folder, or the job is not finished; "
            "run the same embed again"
        )
    try:
        manifest: dict[str, Any] = checked_json.loads(text)
        version = checked_json.take(manifest, "format_version")
    except ValueError as error:
        raise ValueError(f"{folder}/{MANIFEST_FILE} is damaged: {error}") from error
    if version != FORMAT_VERSION:
        raise ValueError(
            f"{folder}/{MANIFEST_FILE} is of format {version}, not {FORMAT_VERSION}: read it with "
            "the release that wrote it, or embed anew"
        )
    return manifest


def _part(receipt: Receipt) -> dict[str, Any]:
    told = {key: getattr(receipt, key) for key in ("name", "source", "start", "end", "counts")}
    return told | {"files": [dataclasses.asdict(file) for file in receipt.files]}


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: collections.Counter[str] = collections.Counter()
    for one in counts:
        total.update(one)
    return dict(total)
