"""Check one file of a part against its receipt: size, sha256, and sums over its content."""

import collections
import contextlib
import json
from collections.abc import Callable, Set
from typing import BinaryIO, TypeVar, cast

from pipeline.output.read_records import Layout
from pipeline.verify.check_records import CheckedRecords, check_records
from pipeline.verify.hashed_stream import HashedStream
from transforms import metrics
from transforms.features import ACCOUNT
from transforms.io import storage
from transforms.io.watching import DamagedError, decoding
from transforms.receipts import Receipt, WrittenFile

_REJECT_KEYS = ("detail", "id", "position", "reason", "source")

_T = TypeVar("_T")


def check_rejects_file(folder: str, file: WrittenFile, receipt: Receipt) -> None:
    """Read a file of rejected documents and compare its reasons with the receipt.

    Raises:
        ValueError: the file is missing, or not the file that was written.
        OSError: the file exists and cannot be read.
    """

    def check(stream: HashedStream) -> dict[str, dict[str, int]]:
        with decoding(cast(BinaryIO, stream)):
            return _count_reasons(stream, set(expected))

    expected = receipt.reasons_by_file()
    for path, reasons in _read_whole(folder, file, check).items():
        if reasons != expected[path]:
            of_file = f" of {path}" * bool(receipt.members)
            raise ValueError(
                f"its lines{of_file} have the reasons {reasons}, its receipt has {expected[path]}"
            )


def _count_reasons(stream: HashedStream, sources: Set[str]) -> dict[str, dict[str, int]]:
    """Count the lines of each file by reason.

    Raises:
        ValueError: a line does not describe a rejected document of one of the files.
    """
    reasons = {source: collections.Counter[str]() for source in sources}
    for number, text in enumerate(stream.lines(), 1):
        line = json.loads(text)
        if not isinstance(line, dict) or sorted(line) != list(_REJECT_KEYS):
            raise ValueError(f"line {number} does not have {', '.join(_REJECT_KEYS)}")
        if line["source"] not in sources:
            raise ValueError(f"line {number} is not of {' or '.join(sorted(sources)[:2])}")
        reasons[line["source"]][str(line["reason"])] += 1
    return {source: dict(counter) for source, counter in reasons.items()}


def check_records_file(
    folder: str, file: WrittenFile, receipt: Receipt, layout: Layout
) -> CheckedRecords:
    """Read a file of records and compare its sums with the receipt.

    Raises:
        ValueError: the file is missing, or not the file that was written.
        OSError: the file exists and cannot be read.
    """
    family = file.path.split("/")[0]

    def check(stream: HashedStream) -> CheckedRecords:
        if layout.records.file_format.reads_in_order:
            with decoding(cast(BinaryIO, stream)):
                return check_records(cast(BinaryIO, stream), family, layout)
        # A Parquet file is read from its end, which the hashed stream cannot do.
        path = storage.within(folder, file.path)
        seekable = storage.open_watched(path, file.bytes)
        with contextlib.closing(seekable), decoding(seekable):
            return check_records(seekable, family, layout)

    records = _read_whole(folder, file, check)
    sums = {"records": len(records.ids)}
    sums |= zip(ACCOUNT, records.account.sum(axis=1).tolist(), strict=True)
    if records.pairs is not None:
        sums[metrics.PAIRS] = records.pairs
    expected = {**receipt.counts, "records": file.records}
    for name, value in sums.items():
        if expected.get(name) != value:
            raise ValueError(f"its {name} are {value}, its receipt has {expected.get(name)}")
    _check_members(records, receipt)
    return records


def _check_members(records: CheckedRecords, receipt: Receipt) -> None:
    """Check the sums of each file of a part of several files; its records are in their order."""
    end = 0
    for member in receipt.members:
        counts = member.named_counts
        begin, end = end, end + counts[metrics.EMBEDDED]
        sums = records.account[:, begin:end].sum(axis=1).tolist()
        for name, value in zip(ACCOUNT, sums, strict=True):
            if counts[name] != value:
                raise ValueError(
                    f"its {name} of {member.path} are {value}, its receipt has {counts[name]}"
                )


def _read_whole(folder: str, file: WrittenFile, check: Callable[[HashedStream], _T]) -> _T:
    """Read a file to its end and compare its size and sha256 with the receipt.

    Args:
        folder: the output folder.
        file: one of its files.
        check: reads the stream; raises DamagedError, or StorageError.

    Raises:
        ValueError: the file is missing, or not the file that was written, or damaged.
        OSError: the file exists and cannot be read.
    """
    path = storage.within(folder, file.path)
    size = storage.size_of(path)
    if size is None:
        raise ValueError("the file is missing")
    if size != file.bytes:
        raise ValueError(f"has {size:,} bytes, its receipt has {file.bytes:,}")
    with contextlib.closing(storage.open_watched(path, size)) as raw:
        stream = HashedStream(raw)
        result: list[_T] = []
        problem = ""
        try:
            result.append(check(stream))
        except DamagedError as error:
            problem = str(error)
        stream.read_to_end()
    if stream.sha256 != file.sha256:
        raise ValueError("its sha256 differs from the one in its receipt")
    if problem:
        raise ValueError(problem)
    return result[0]
