"""An update takes vectors of the earlier generation, and writes what a job from nothing does."""

from pathlib import Path

import pytest

from pipeline.updates import cleaning
from tests.pipeline.reusing.moved_corpus import INVARIANT, TEXTS, content_of, embed, reused, write
from tests.pipeline.updates.growing import GrowingCorpus, text_of
from transforms.batching.batches import BatchingConfig
from transforms.bert.compute import ComputeConfig

pytestmark = pytest.mark.slow


def test_a_corpus_that_was_shuffled_is_not_computed_again(tiny_path: Path, tmp_path: Path) -> None:
    source, output = write(tmp_path / "in", TEXTS[:50], 5), tmp_path / "out"
    embed(source, output, tiny_path)
    write(source, TEXTS, 3, seed=1)
    # Some of the others have the same first wordpieces.
    assert 50 <= reused(embed(source, output, tiny_path, update=True)) < len(TEXTS)
    # Those that were taken have digests, too.
    write(source, TEXTS[20:], 4, seed=2)
    assert reused(embed(source, output, tiny_path, update=True)) == len(TEXTS) - 20
    embed(source, tmp_path / "fresh", tiny_path)
    assert content_of(output) == content_of(tmp_path / "fresh")


@pytest.fixture
def growing(tmp_path: Path, tiny_path: Path) -> GrowingCorpus:
    made = GrowingCorpus(tmp_path, tiny_path)
    made.write("a.txt", text_of(0, 120))
    made.write("b.txt", text_of(60))
    made.embed(**INVARIANT)
    return made


def digests_of(output: Path) -> set[str]:
    return {path.stem for path in (output / "digests").iterdir()}


def parts_of(output: Path) -> set[str]:
    return {path.stem for path in (output / "receipts").iterdir()}


def test_parts_that_are_kept_keep_their_digests(growing: GrowingCorpus) -> None:
    growing.append("a.txt", text_of(7, 5))
    summary = growing.update(check="content", **INVARIANT)
    assert summary.carried > 1
    assert digests_of(growing.output) == parts_of(growing.output)
    growing.write("a.txt", "the dog ran\n" + (growing.folder / "a.txt").read_text())
    assert reused(growing.update(**INVARIANT)) > 100


def test_cleaning_deletes_digests_with_their_parts(growing: GrowingCorpus) -> None:
    growing.write("a.txt", text_of(7, 120))
    growing.update(**INVARIANT)
    (growing.output / "digests/other.bin").write_bytes(b"")
    cleaning.clean(str(growing.output), 1)
    assert digests_of(growing.output) == parts_of(growing.output) | {"other"}
    summary = growing.update(**INVARIANT)
    assert summary.nothing_left
    assert len(parts_of(growing.output)) == len(summary.progress.parts)


def test_a_folder_of_an_earlier_release_is_computed_again(
    growing: GrowingCorpus, capfd: pytest.CaptureFixture[str]
) -> None:
    for path in (growing.output / "digests").iterdir():
        path.unlink()
    growing.write("a.txt", text_of(7, 120))
    assert reused(growing.update(**INVARIANT)) == 0
    lines = capfd.readouterr().err.splitlines()
    place = f"beam-bert: no vector of {growing.output} is taken"
    assert f"{place}: its parts have no digests of documents" in lines


def test_an_engine_whose_vectors_depend_on_batches_computes_all(
    growing: GrowingCorpus, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = {"compute": ComputeConfig(), "batching": BatchingConfig(64)}
    other = tmp_path / "other"
    growing.embed(other, **settings)
    growing.write("a.txt", text_of(7, 120))
    assert reused(growing.embed(other, update=True, **settings)) == 0
    assert f"no vector of {other} is taken: the last bits of a vector" in capfd.readouterr().err
