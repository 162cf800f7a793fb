"""A job over Parquet files made to harm: they are rejected by name, and cost nothing else."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from pipeline.errors import JobError
from pipeline.options.embed_config import Limits
from tests.pipeline import corpus
from tests.pipeline.verify.damaging import check
from tests.transforms.decoding import hostile_parquet

pytestmark = pytest.mark.slow


def sound() -> bytes:
    table = pa.table({"text": [corpus.sentence(number) for number in range(60)]})
    return hostile_parquet.write(table, 20, compression="none", use_dictionary=False)


def lying() -> bytes:
    """Three row groups, of which the second claims 300 million rows."""
    return hostile_parquet.claim(sound(), lambda footer: footer.row_group(1).num_rows, 3 * 10**8)


def huge() -> bytes:
    """Three row groups, of which the last claims a column of 7 TiB."""
    return hostile_parquet.claim(
        sound(), lambda footer: footer.row_group(2).column(0).total_compressed_size, 7 << 40
    )


HOSTILE: dict[str, Callable[[], bytes]] = {
    "aborting": lambda: hostile_parquet.ABORTING,
    "huge": huge,
    "lying": lying,
}


def test_hostile_files_are_rejected_and_leave_the_others_as_they_are(
    tiny_path: Path, tmp_path: Path
) -> None:
    folder, alone, together = (tmp_path / name for name in ("in", "alone", "together"))
    folder.mkdir()
    (folder / "sound.parquet").write_bytes(sound())
    corpus.embed([str(folder)], alone, tiny_path)
    for name, make in HOSTILE.items():
        (folder / f"{name}.parquet").write_bytes(make())
    with pytest.raises(JobError) as failed:
        corpus.embed([str(folder)], together, tiny_path, limits=Limits(0.5))
    assert_named(str(failed.value), folder)

    files = corpus.data_files(together)
    expected = {name: data for name, data in corpus.data_files(alone).items() if "/sound-" in name}
    assert len(expected) == 6
    assert {name: data for name, data in files.items() if "/sound-" in name} == expected
    counts = corpus.truth(together)[0]
    # Of the lying file the rows of all groups, of the huge one those before the last group.
    assert (counts["documents"], counts["embedded"], counts["rejected"]) == (163, 160, 3)
    assert check(together, sample=20).faults == ()
    assert not (together / "tmp").exists()


def assert_named(message: str, folder: Path) -> None:
    """Check that a message names the damaged files, and why each is rejected."""
    first, *rejected, last = message.splitlines()
    names = [str(folder / f"{name}.parquet") for name in HOSTILE]
    assert first == f"3 of 4 files are damaged and were read only in part: {', '.join(names)}"
    reasons = (
        ":0 unreadable: the file cannot be read: decoding it ends the decoder (SIGABRT)",
        ":40 unreadable: 20 rows from here on cannot be read: ",
        ":40 unreadable: 299,999,980 rows from here on cannot be read: the footer claims 300,000",
    )
    for line, name, reason in zip(rejected, names, reasons, strict=True):
        assert line.startswith(f"rejected: {name}{reason}")
    assert last.startswith("The embedded documents stay valid")
