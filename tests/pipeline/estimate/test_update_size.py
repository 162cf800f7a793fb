"""`--max_output_gb` counts what an update adds and what the folder has."""

from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.estimate.update_size import stored_bytes
from pipeline.manifest import load_receipts
from pipeline.updates import cleaning
from tests.pipeline.updates.growing import GrowingCorpus, begin, receipts_of, text_of


def bytes_in(growing: GrowingCorpus) -> int:
    return stored_bytes(str(growing.output), load_receipts(str(growing.output)))


@pytest.mark.slow
def test_an_update_over_the_limit_writes_nothing(tmp_path: Path, tiny_path: Path) -> None:
    growing = begin(tmp_path, tiny_path)
    one, before = bytes_in(growing), receipts_of(growing.output)
    run = (growing.output / "run.json").read_bytes()
    for number, name in enumerate(("a.txt", "b.txt", "c.txt")):
        growing.write(name, text_of(20 * number + 1))
    # The folder keeps the parts of the first generation.
    with pytest.raises(UsageError, match=r"--max_output_gb is .*of new ones \(pooled .*\): raise"):
        growing.update(max_output_gb=1.5 * one / 1e9)
    assert receipts_of(growing.output) == before
    assert (growing.output / "run.json").read_bytes() == run
    assert not (growing.output / "manifests").exists()
    assert growing.update(max_output_gb=3 * one / 1e9).generation == 2
    both = bytes_in(growing)
    assert 1.5 * one < both < 3 * one
    # Nothing is added.
    assert growing.update(max_output_gb=one / 1e9).nothing_left
    growing.write("d.txt", text_of(90))
    limit = (both + 0.2 * one) / 1e9
    with pytest.raises(UsageError, match="or delete earlier generations with beam-bert clean"):
        growing.update(max_output_gb=limit)
    cleaning.clean(str(growing.output), 1)
    assert growing.update(max_output_gb=limit).generation == 3


def test_parts_that_share_a_file_count_once(tmp_path: Path, tiny_path: Path) -> None:
    growing = begin(tmp_path, tiny_path)
    before = bytes_in(growing)
    growing.touch("a.txt")
    growing.update(check="content")
    assert bytes_in(growing) == before
