"""A failure to read an output file proves no damage: nothing is invalidated for it."""

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pytest

from pipeline import cli, manifest
from pipeline.output import invalidation
from pipeline.output.read_records import Layout
from pipeline.verify.check_file import check_records_file
from pipeline.verify.verdict import Verdict
from tests.faulty_files import CUT, forbidden, one_fault
from tests.pipeline.verify.damaging import check, first
from tests.transforms.embedded_documents import CONFIG, WIDTHS, batch_of
from transforms.features import ACCOUNT
from transforms.io import storage
from transforms.receipts import Receipt, WrittenFile
from transforms.records import record_files

EIO = OSError(5, "Input/output error")
# Calls of a run that fail, one in each run.
_MOST = 40


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextlib.contextmanager
def one_failing_status(at: int) -> Iterator[list[int]]:
    """Let one call fail that asks for the status of a path or the entries of a folder."""
    calls = [0]

    def failing(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            calls[0] += 1
            if calls[0] == at:
                raise OSError(5, "Input/output error", str(arguments[:1]))
            return function(*arguments, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in ("stat", "scandir"):
            patch.setattr(os, name, failing(getattr(os, name)))
        yield calls


def verdict_of(folder: Path) -> Verdict | None:
    """Verify a folder; None if that ends in a failure to read."""
    with contextlib.suppress(OSError):
        return check(folder)
    return None


@pytest.mark.slow
@pytest.mark.parametrize("fault", [EIO, CUT], ids=["eio", "cut"])
def test_one_failing_read_invalidates_nothing(fault: Exception | str, out: Path) -> None:
    before = files_of(out)
    with one_fault(0, CUT) as counted:
        assert check(out).faults == ()
    seen = set()
    for at in range(1, counted.calls + 1, max(1, counted.calls // _MOST)):
        with one_fault(at, fault):
            verdict = verdict_of(out)
        where = f"call {at} of {counted.calls}"
        lines = ["the command fails"] if verdict is None else verdict.faults
        assert all(": cannot be read: " in line for line in lines) or verdict is None, where
        assert verdict is None or verdict.invalidated == (), where
        assert files_of(out) == before, where
        seen |= {line.split("/")[0] for line in lines}
    # Other calls have no effect: what is cut short may end there, say.
    assert {"the command fails", "pooled", "sequence"} <= seen
    assert check(out).faults == ()


@pytest.mark.slow
def test_one_failing_status_or_list_invalidates_nothing(out: Path) -> None:
    before = files_of(out)
    with one_failing_status(0) as calls:
        assert check(out).faults == ()
    for at in range(1, calls[0] + 1, max(1, calls[0] // _MOST)):
        with one_failing_status(at):
            verdict = verdict_of(out)
        assert verdict is None or verdict.invalidated == (), at
        assert files_of(out) == before, at
    assert check(out).faults == ()


def test_a_file_that_cannot_be_read_is_named_and_stays(
    out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before, path = files_of(out), first(out, "pooled/*.tfrecord")
    with forbidden(str(path)):
        assert cli.main(["verify", str(out)]) == 1
    printed = capsys.readouterr().out
    assert f"pooled/{path.name}: cannot be read: Permission denied" in printed
    assert "invalidated" not in printed
    assert files_of(out) == before


@pytest.mark.slow
def test_one_failure_while_embed_checks_earlier_parts_invalidates_nothing(out: Path) -> None:
    receipts = manifest.load_receipts(str(out))
    # Their files are read only if they were changed later.
    for path in out.glob("*/*"):
        os.utime(path)
    before = files_of(out)

    def invalidate() -> list[str]:
        return invalidation.invalidate_damaged(str(out), manifest.load_receipts(str(out)))

    for failing, faults in ((one_fault, (EIO, CUT)), (one_failing_status, (None,))):
        for fault in faults:
            arguments = [] if fault is None else [fault]
            with failing(0, *arguments) as counted:
                assert invalidate() == []
            calls = counted[0] if isinstance(counted, list) else counted.calls
            for at in range(1, calls + 1, max(1, calls // _MOST)):
                with failing(at, *arguments), contextlib.suppress(OSError):
                    assert invalidate() == [], at
                assert files_of(out) == before, at
    assert manifest.load_receipts(str(out)) == receipts


@pytest.mark.parametrize("format_", ["parquet", "tfrecord"])
def test_a_failing_read_of_records_is_no_damage(format_: str, tmp_path: Path) -> None:
    """Arrow reports damage and failures of the storage by the same exceptions."""
    config = dataclasses.replace(CONFIG, format=format_)
    batch, path = batch_of(40), f"pooled/part{config.ending}"
    with storage.atomic_write(str(tmp_path), path) as stream:
        for block, _ in record_files.encode(batch, "pooled", config):
            stream.write(block)
    file = WrittenFile(path, 40, stream.bytes, stream.sha256)
    sums = {name: pc.sum(batch.column(name)).as_py() for name in ACCOUNT}
    counts = {"documents": 40, "embedded": 40, "rejected": 0, **sums}
    receipt = Receipt("a", 0, 1, True, "key", "part", counts, {}, {}, (file,), "worker", 1.0)

    def check_it() -> None:
        check_records_file(str(tmp_path), file, receipt, Layout(config, WIDTHS))

    with one_fault(0, CUT) as counted:
        check_it()
    for fault in (EIO, CUT):
        failures = 0
        for at in range(1, counted.calls + 1):
            with one_fault(at, fault):
                try:
                    check_it()
                except OSError:
                    failures += 1
        assert failures > 1
    content = bytearray((tmp_path / path).read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / path).write_bytes(content)
    with pytest.raises(ValueError, match="its sha256 differs"):
        check_it()
