"""What the files of a part are, against its receipt and each other."""

import collections
import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, TypeVar, cast

import numpy as np
from apache_beam.io.filesystems import FileSystems

from pipeline.verify.read_records import Layout, Records, check_records
from transforms import metrics
from transforms.features import ACCOUNT
from transforms.io import storage
from transforms.receipts import RECEIPTS, Receipt, WrittenFile
from transforms.records.record_config import PARQUET, POOLED, SEQUENCE, RecordConfig
from transforms.write import REJECTED

_READ_BYTES = 4 << 20
_LINE_KEYS = ("detail", "id", "position", "reason", "source")

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Contents:
    """What was found in a part.

    Attributes:
        damage: a line for each file that is not what the receipt tells; doing the part again
            mends it.
        faults: a line for each thing else that is wrong.
        ids: int64 [documents], hashes of the ids; none where there is damage.
    """

    damage: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    ids: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0, np.int64))


class _HashedReading:
    """A file being read that counts and hashes what goes through it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self.bytes = 0

    def read(self, length: int) -> bytes:
        """Read `length` bytes, or to the end; takes no more memory than there are bytes."""
        pieces: list[bytes] = []
        while length > 0 and (piece := self._stream.read(min(length, _READ_BYTES))):
            pieces.append(piece)
            length -= len(piece)
            self._count(piece)
        return b"".join(pieces)

    def lines(self) -> Iterator[bytes]:
        """Read line by line."""
        for line in self._stream:
            self._count(line)
            yield line

    def drain(self) -> None:
        """Read to the end."""
        while self.read(_READ_BYTES):
            pass

    def _count(self, data: bytes) -> None:
        self._digest.update(data)
        self.bytes += len(data)

    @property
    def sha256(self) -> str:
        """Hash of all read so far, 64 hex digits."""
        return self._digest.hexdigest()


def part_files(receipt: Receipt, records: RecordConfig) -> dict[str, int]:
    """Give the files that a part of these counts leaves, and the records in each."""
    embedded, rejected = receipt.counts[metrics.EMBEDDED], receipt.counts[metrics.REJECTED]
    families = records.families if embedded else ()
    files = {f"{family}/{receipt.name}{records.ending}": embedded for family in families}
    return files | ({f"{REJECTED}/{receipt.name}.jsonl": rejected} if rejected else {})


def check_part(folder: str, receipt: Receipt, layout: Layout) -> Contents:
    """Read every file of a part, and hold it against the receipt, the format and its siblings.

    Memory is that of a chunk of records, and some numbers a document of the part.
    """
    wrong = wrong_files(folder, receipt, layout.records)
    if wrong:
        return Contents(damage=(f"{RECEIPTS}/{receipt.name}.json: {wrong}",))
    damage: list[str] = []
    faults: list[str] = []
    families: dict[str, Records] = {}
    for file in receipt.files:
        family = file.path.split("/")[0]
        try:
            if family == REJECTED:
                _check_rejected(folder, file, receipt)
            else:
                families[family] = _check_family(folder, file, receipt, layout)
                faults += [f"{file.path}: {fault}" for fault in families[family].faults]
        except ValueError as error:
            damage.append(f"{file.path}: {error}")
        except OSError as error:
            faults.append(f"{file.path}: cannot be read: {error.strerror or error}")
    if not damage and len(families) == 2:
        damage += _differing(families[POOLED], families[SEQUENCE], receipt)
    if damage:
        return Contents(tuple(damage), tuple(faults))
    ids = [records.ids for records in families.values()] or [np.empty(0, np.int64)]
    return Contents(faults=tuple(faults), ids=ids[0])


def wrong_files(folder: str, receipt: Receipt, records: RecordConfig) -> str | None:
    """Say what is wrong with the files that a receipt names, without opening any."""
    for file in receipt.files:
        try:
            storage.within(folder, file.path)
        except ValueError as error:
            return f"names a file that is none of this folder: {error}"
    told = {file.path: file.records for file in receipt.files}
    expected = part_files(receipt, records)
    if told != expected or len(told) < len(receipt.files):
        return f"its files are {_listed(told)}; by its counts they are {_listed(expected)}"
    return None


def _listed(files: Mapping[str, int]) -> str:
    return ", ".join(f"{path} of {count}" for path, count in files.items()) or "none"


def _check_rejected(folder: str, file: WrittenFile, receipt: Receipt) -> None:
    reasons = _read_whole(folder, file, lambda stream: _reasons(stream, receipt.source))
    if reasons != receipt.reasons:
        told = dict(receipt.reasons)
        raise ValueError(f"its lines have the reasons {reasons}, its receipt tells {told}")


def _reasons(stream: _HashedReading, source: str) -> dict[str, int]:
    """Count the lines by reason; ValueError where one is none of a rejected document."""
    reasons: collections.Counter[str] = collections.Counter()
    for number, text in enumerate(stream.lines(), 1):
        line = json.loads(text)
        if not isinstance(line, dict) or sorted(line) != list(_LINE_KEYS):
            raise ValueError(f"line {number} does not have {', '.join(_LINE_KEYS)}")
        if line["source"] != source:
            raise ValueError(f"line {number} is not of {source}")
        reasons[str(line["reason"])] += 1
    return dict(reasons)


def _check_family(folder: str, file: WrittenFile, receipt: Receipt, layout: Layout) -> Records:
    """Read a file of records, and hold its sums against the receipt."""
    family = file.path.split("/")[0]

    def check(stream: _HashedReading) -> Records:
        if layout.records.format != PARQUET:
            return check_records(cast(BinaryIO, stream), family, layout)
        # Its end comes first.
        path = storage.within(folder, file.path)
        with contextlib.closing(storage.open_for_reading(path)) as own:
            return check_records(own, family, layout)

    found = _read_whole(folder, file, check)
    sums = {"records": len(found.ids)}
    sums |= zip(ACCOUNT, found.account.sum(axis=1).tolist(), strict=True)
    if found.pairs is not None:
        sums[metrics.PAIRS] = found.pairs
    told = {**receipt.counts, "records": file.records}
    for name, value in sums.items():
        if told.get(name) != value:
            raise ValueError(f"its {name} are {value}, its receipt tells {told.get(name)}")
    return found


def _read_whole(folder: str, file: WrittenFile, check: Callable[[_HashedReading], _T]) -> _T:
    """Read a file to its end, and hold its size and sha256 against the receipt.

    Raises:
        ValueError: it is not the file that was written, or `check` cannot read it.
        OSError: it is there, and cannot be read.
    """
    path = storage.within(folder, file.path)
    if not FileSystems.exists(path) or ("://" not in path and not os.path.isfile(path)):
        raise ValueError("the file is missing")
    with contextlib.closing(storage.open_for_reading(path)) as raw:
        stream = _HashedReading(raw)
        found: list[_T] = []
        problem = ""
        try:
            found.append(check(stream))
        except (ValueError, RuntimeError) as error:
            problem = (str(error).splitlines() or [type(error).__name__])[0]
        stream.drain()
    if stream.bytes != file.bytes:
        raise ValueError(f"has {stream.bytes:,} bytes, its receipt tells {file.bytes:,}")
    if stream.sha256 != file.sha256:
        raise ValueError("its sha256 is not the one that its receipt tells")
    if problem:
        raise ValueError(problem)
    return found[0]


def _differing(pooled: Records, sequence: Records, receipt: Receipt) -> list[str]:
    """Hold the two records of each document against each other."""
    same = (pooled.ids == sequence.ids) & (pooled.account == sequence.account).all(axis=0)
    if same.all():
        return []
    row = int(np.argmin(same))
    return [
        f"{SEQUENCE}/{receipt.name}: record {row} is not of the document that {POOLED}/ has there"
    ]
