import io
import os
import sys
import threading
import time
import types
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from rich.console import Console

from pipeline import status
from pipeline.commands import embed
from pipeline.console import progress
from pipeline.monitoring import observing
from pipeline.output.run_file import Run, Transform
from pipeline.parts.receipt_store import ReceiptStore
from tests.pipeline import corpus
from transforms.documents import PartHeader, Source, Split, part_key
from transforms.receipts import RECEIPTS, Receipt
from transforms.running.board import Board, RunningPart, Snapshot

SOURCE = Source("a.txt", 3000, "1", "text")
SPLITS = [Split(SOURCE, start, start + 1000) for start in (0, 1000, 2000)]
RUN = Run({}, "model", 16, Transform("transform", tuple(range(19)), ""))


def receipt_of(split: Split, end: int, finished: float, last: bool = True) -> Receipt:
    key = part_key(split.source, split.start, end, RUN.fingerprint)
    counts = dict.fromkeys(("num_wordpieces", "num_unknown", "truncated", "pairs"), 0)
    counts |= dict.fromkeys(("computed_tokens", "padded_tokens", "batches"), 0)
    counts |= {"documents": 50, "embedded": 49, "rejected": 1, "num_tokens": 1000}
    return Receipt(
        *(split.source.path, split.start, end, last, key, key[:12], counts, {"empty": 1}),
        *({"encode_seconds": 2.0}, (), "worker", finished),
    )


def write_receipt(folder: Path, split: Split, finished: float) -> None:
    receipt = receipt_of(split, split.end or 0, finished)
    (folder / RECEIPTS).mkdir(exist_ok=True)
    (folder / RECEIPTS / f"{receipt.name}.json").write_text(receipt.to_json())


def watch(folder: Path) -> AbstractContextManager[None]:
    config = corpus.config([], folder, folder)
    observer = observing.Observer(config, is_wanted=False)
    context = types.SimpleNamespace(
        config=types.SimpleNamespace(output=str(folder)),
        splits=SPLITS,
        run=RUN,
        receipts=ReceiptStore(str(folder)),
    )
    return embed._watch(observer, "warning", context)  # type: ignore[arg-type]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_SHORT_SECONDS", "_LINE_SECONDS", "_FIRST_SECONDS", "_STEADY_SECONDS"):
        monkeypatch.setattr(progress, name, 0.01)


def shown(
    folder: Path, terminal: bool, until: Callable[[str], bool], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Watch until something is shown, and return all of it."""
    finished = threading.Event()

    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return terminal

        def write(self, text: str) -> int:
            length = super().write(text)
            if until(self.getvalue()):
                finished.set()
            return length

    screen = Screen()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.setattr(sys, "__stderr__", screen)
    with watch(folder):
        assert finished.wait(20)
    text = screen.getvalue()
    threading.Event().wait(0.05)
    assert screen.getvalue() == text
    return text


LINE = "2 of 3 parts, 100 documents, 66% of 3.0 kB, 2 rejected, 500 tokens/s, 0:02 left"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("terminal", [True, False])
def test_receipts_decide_what_is_shown(
    terminal: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soon = time.time() + 60
    for number, split in enumerate(SPLITS[:2]):
        write_receipt(tmp_path, split, finished=soon + 2 * number)
    text = shown(tmp_path, terminal, lambda text: LINE in text, monkeypatch)
    if terminal:
        # The bar is cleared away at the end.
        assert "\x1b[2K" in text[text.rindex(LINE) :]
    else:
        assert set(text.splitlines()) == {LINE}


@pytest.mark.usefixtures("quick")
def test_a_missing_folder_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watch(tmp_path / "gone"):
        threading.Event().wait(0.05)
    (tmp_path / RECEIPTS).write_text("a file")
    text = shown(tmp_path, False, lambda text: "documents" in text, monkeypatch)
    assert text.startswith("0 of 3 parts, 0 doc")


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("error", [BrokenPipeError, OSError(5, "Input/output error"), ValueError])
@pytest.mark.parametrize("terminal", [True, False])
def test_a_terminal_or_pipe_may_go_away(
    terminal: bool, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried, outputs_lost = threading.Event(), threading.Event()

    class Gone(io.StringIO):
        def isatty(self) -> bool:
            return terminal

        def flush(self) -> None:
            tried.set()
            raise error

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys, "__stderr__", Gone())
    # Where a pipe breaks, rich would send the rest of standard output nowhere.
    monkeypatch.setattr(Console, "on_broken_pipe", lambda _: outputs_lost.set())
    with watch(tmp_path):
        assert tried.wait(20)
    assert not outputs_lost.is_set()


@pytest.mark.usefixtures("quick")
def test_a_file_gets_lines_whatever_the_environment_asks_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = threading.Event()

    class File(io.StringIO):
        def write(self, text: str) -> int:
            written.set()
            return super().write(text)

    file = File()
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "__stderr__", file)
    with watch(tmp_path):
        assert written.wait(20)
    assert set(file.getvalue().splitlines()) == {"0 of 3 parts, 0 documents, 0% of 3.0 kB"}


def test_receipts_are_read_once_and_broken_ones_again(tmp_path: Path) -> None:
    measure = status.repeated_measure(str(tmp_path), SPLITS, RUN)
    assert measure().parts == 0
    write_receipt(tmp_path, SPLITS[0], 1.0)
    (tmp_path / RECEIPTS / "half.json").write_text("{")
    assert measure().parts == 1
    for path in (tmp_path / RECEIPTS).iterdir():
        listed = path.stat()
        path.write_text(("not read again" * 999)[: listed.st_size])
        os.utime(path, ns=(listed.st_atime_ns, listed.st_mtime_ns))
    write_receipt(tmp_path, SPLITS[1], 2.0)
    assert measure().parts == 2


def test_short_jobs_show_no_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", screen)
    with watch(tmp_path):
        threading.Event().wait(0.05)
    assert screen.getvalue() == ""


def test_lines_leave_out_unknown_figures() -> None:
    gzip = Split(Source("a.gz", 9, "1", "text", "gzip"), 0, None)
    assert status.to_line(status.measure_job([gzip], RUN, [])) == (
        "0 parts, 0 documents, 0% of 9 bytes"
    )
    unfinished = status.measure_job([gzip], RUN, [receipt_of(gzip, 1000, 1.0, last=False)])
    assert status.to_line(unfinished) == "1 parts, 50 documents, 1 rejected, 500 tokens/s"


def test_the_part_that_is_computed_counts_by_its_share(tmp_path: Path) -> None:
    header = PartHeader(SOURCE.path, 0, 1000, True, "key")
    board = Board()
    measure = status.repeated_measure(str(tmp_path), SPLITS, RUN, board.snapshot)
    with board.running(header, documents=50, tokens=1000) as set_share:
        before = measure()
        assert (before.documents_done, before.input_bytes_done, before.seconds_left) == (0, 0, None)
        set_share(0.5)
        half = measure()
        assert (half.documents_done, half.input_bytes_done, half.share_done) == (25, 500, 1 / 6)
        assert half.tokens_per_second
        assert half.seconds_left == pytest.approx(2500 / half.tokens_per_second)
        assert (half.parts, half.documents, half.tokens) == (0, 0, 0)


def test_a_part_with_a_receipt_counts_once(tmp_path: Path) -> None:
    receipt = receipt_of(SPLITS[0], 1000, 1.0)
    part = RunningPart(receipt.name, SOURCE.path, 0, 1000, documents=50, tokens=1000, share=1.0)
    running = Snapshot(parts=(part,))
    measure = status.repeated_measure(str(tmp_path), SPLITS, RUN, lambda: running)
    assert measure().input_bytes_done == 1000
    write_receipt(tmp_path, SPLITS[0], 1.0)
    now = measure()
    assert (now.parts, now.documents_done, now.input_bytes_done) == (1, 50, 1000)


def test_parts_of_an_earlier_call_do_not_count_into_the_speed(tmp_path: Path) -> None:
    write_receipt(tmp_path, SPLITS[0], finished=time.time() - 100)
    measure = status.repeated_measure(str(tmp_path), SPLITS, RUN)
    assert (measure().parts, measure().tokens_per_second, measure().seconds_left) == (1, None, None)
    write_receipt(tmp_path, SPLITS[1], finished=time.time() + 100)
    assert measure().tokens_per_second == 500


def lines_at(seconds_of_time_left: float | None, until: int) -> list[int]:
    """Return the seconds at which a job shows lines whose time left is known from then on."""
    clock = 0.0
    written = io.StringIO()
    lines = progress._Lines(Console(file=written), now=lambda: clock)
    shown = []
    while clock < until:
        known = seconds_of_time_left is not None and clock >= seconds_of_time_left
        before = len(written.getvalue())
        pause = lines.show(progress.Shown(0.5, known, "a line"))
        if len(written.getvalue()) > before:
            shown.append(round(clock))
        clock += pause
    return shown


def test_the_first_lines_come_early_and_the_others_every_30_seconds() -> None:
    assert lines_at(2, until=100) == [7, 37, 67, 97]
    assert lines_at(20, until=100) == [10, 25, 55, 85]
    assert lines_at(None, until=100) == [10, 40, 70]
    assert lines_at(2, until=7) == []
