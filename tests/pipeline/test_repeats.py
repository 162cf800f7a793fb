"""`--dedup corpus`: a document of several parts is computed once, and nothing else changes."""

import dataclasses
import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import cli, job, reader
from pipeline.errors import JobError, UsageError
from pipeline.inputs import plan
from pipeline.result import Summary, to_text
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.faulty_files import forbidden
from tests.pipeline import corpus
from transforms.batching.windows import WindowConfig
from transforms.bert.tensorflow_engine import TensorflowEngine
from transforms.dedup import repeat_files
from transforms.steps import build_repeat_table

pytestmark = pytest.mark.slow

OWN = ("the dog", "a dog ran", "dog dog dog , the mat", "кот", "é e é", "ran un ing . cat !")


@pytest.fixture(scope="module")
def inputs(globs: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The small corpus, in which every document repeats, and a file of which none does."""
    path = tmp_path_factory.mktemp("own") / "own.txt"
    path.write_text("\n".join(OWN))
    return [*globs, str(path)]


def embed(inputs: list[str], output: Path, model: Path, **settings: object) -> Summary:
    settings = {"features": ("mean", "pooled_output"), "dedup": "corpus"} | settings
    return corpus.embed(inputs, output, model, **settings)


@pytest.fixture(scope="module")
def with_table(
    inputs: list[str], tiny_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    output = tmp_path_factory.mktemp("job") / "out"
    embed(inputs, output, tiny_path)
    return output


class CountedWindows:
    """Counts the windows that an engine computes, by their wordpieces."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.windows: Counter[tuple[int, ...]] = Counter()
        run = TensorflowEngine.run

        def counted(
            engine: object, ids: np.ndarray, mask: np.ndarray, segments: np.ndarray
        ) -> object:
            self.windows.update(
                tuple(row[kept.astype(bool)].tolist()) for row, kept in zip(ids, mask, strict=True)
            )
            return run(engine, ids, mask, segments)

        monkeypatch.setattr(TensorflowEngine, "run", counted)


@pytest.mark.parametrize("stride", [0, 3])
def test_each_repeated_document_is_computed_once_and_none_changes(
    stride: int,
    inputs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    windows = WindowConfig(8, stride)
    by_part = embed(inputs, tmp_path / "part", tiny_path, dedup="part", windows=windows)
    counted = CountedWindows(monkeypatch)
    monkeypatch.setattr(build_repeat_table, "_PIECE_ROWS", 7)
    summary = embed(inputs, tmp_path / "corpus", tiny_path, windows=windows)
    if not stride:
        assert set(counted.windows.values()) == {1}
    for feature in ("mean", "pooled_output"):
        one, other = (
            reader.load_embeddings(str(tmp_path / name), feature) for name in ("part", "corpus")
        )
        assert one.ids == other.ids
        np.testing.assert_allclose(one.vectors, other.vectors, rtol=0, atol=1e-5)
    counts, before = summary.progress.counts(), by_part.progress.counts()
    assert before["repeated_elsewhere"] == 0
    assert counts["repeated_elsewhere"] == counts["embedded"] - len(OWN) == counts["repeated"]
    for name in ("documents", "embedded", "rejected", "num_tokens", "truncated"):
        assert counts[name] == before[name]
    assert len(list((tmp_path / "corpus/repeats").glob("*.arrow"))) > 1
    assert summary.table is not None
    line = f"taken from a table of {summary.table.documents} that occur in several parts"
    assert line in to_text(summary)
    assert verify(VerifyConfig(str(tmp_path / "corpus"), sample=40)).faults == ()


@pytest.fixture
def parts_of_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make small files parts of their own."""
    monkeypatch.setattr(plan, "join_small_files", lambda splits, _: splits)


@pytest.mark.usefixtures("parts_of_files")
def test_pairs_are_told_apart_by_their_segments(tiny_path: Path, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("the cat|sat\nthe|cat sat\nthe cat sat\n")
    globs = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    config = corpus.config(globs, tmp_path / "x", tiny_path)
    read = dataclasses.replace(config.input.read, pair_separator="|")
    documents = dataclasses.replace(config.input, read=read)
    summary = embed(globs, tmp_path / "out", tiny_path, input=documents)
    assert summary.table is not None
    assert summary.table.documents == 3
    vectors = reader.load_embeddings(str(tmp_path / "out"), "mean").vectors
    assert len(np.unique(vectors, axis=0)) == 3
    np.testing.assert_array_equal(vectors[:3], vectors[3:])


@pytest.mark.parametrize("workers", [1, 2])
def test_threads_and_a_break_between_the_graphs_change_nothing(
    workers: int,
    with_table: Path,
    inputs: list[str],
    tiny_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*_: object) -> None:
        raise OSError("the disk is gone")

    features = {"features": ("mean", "pooled_output"), "dedup": "corpus"}
    config = corpus.config(inputs, tmp_path / "out", tiny_path, **features)
    flags = ["--direct_running_mode=multi_threading", f"--direct_num_workers={workers}"]
    for place in ("transforms.dedup.repeat_files.write_receipt", "pipeline.graphs.build_embed"):
        with monkeypatch.context() as patched:
            patched.setattr(place, breaks)
            with pytest.raises(JobError, match="the disk is gone"):
                job.run_job(config, PipelineOptions(flags))
    counted = CountedWindows(monkeypatch)
    job.run_job(config, PipelineOptions(flags))
    assert len(counted.windows) == len(OWN)
    assert corpus.data_files(tmp_path / "out") == corpus.data_files(with_table)


def _flip(path: Path, _: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def _cut(path: Path, _: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def _remove(path: Path, _: Path) -> None:
    path.unlink()


def _link(path: Path, elsewhere: Path) -> None:
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


@pytest.mark.parametrize("damage", [_flip, _cut, _remove, _link])
@pytest.mark.parametrize("pattern", ["*.arrow", "table.json"])
def test_a_damaged_table_is_found_and_made_again(
    pattern: str,
    damage: object,
    with_table: Path,
    inputs: list[str],
    tiny_path: Path,
    tmp_path: Path,
) -> None:
    output = tmp_path / "out"
    shutil.copytree(with_table, output)
    (path,) = (output / "repeats").glob(pattern)
    damage(path, tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes() if damage is _link else b""
    verdict = verify(VerifyConfig(str(output)))
    assert any(line.startswith("repeats/") for line in verdict.faults)
    assert "run the same embed again" in verdict.remedy
    embed(inputs, output, tiny_path)
    assert corpus.data_files(output) == corpus.data_files(with_table)
    assert verify(VerifyConfig(str(output))).faults == ()
    assert not path.is_symlink()
    assert not before or (tmp_path / "elsewhere").read_bytes() == before


def test_the_table_has_what_stands_in_the_most_parts_if_there_is_no_room(
    inputs: list[str], tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.graphs.MAX_TABLE_BYTES", 5 * (16 + 2 * 16 * 4) + 1)
    summary = embed(inputs, tmp_path / "out", tiny_path)
    assert summary.table is not None
    assert (summary.table.documents, summary.table.left_out > 5) == (5, True)
    assert f"no room for {summary.table.left_out} more" in to_text(summary)
    assert summary.progress.counts()["embedded"] == corpus.EMBEDDED + len(OWN)


@pytest.mark.usefixtures("parts_of_files")
def test_what_the_model_fails_on_is_rejected_in_each_part(
    tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = TensorflowEngine.run

    def fails_on_dogs(engine: object, ids: np.ndarray, *rest: np.ndarray) -> object:
        if (ids == 11).any():
            raise RuntimeError("no dogs")
        return run(engine, ids, *rest)

    monkeypatch.setattr(TensorflowEngine, "run", fails_on_dogs)
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("the cat\na dog\n")
    globs = [str(tmp_path / name) for name in ("a.txt", "b.txt")]
    with pytest.raises(JobError, match="2 of 4"):
        embed(globs, tmp_path / "out", tiny_path)
    manifest = json.loads((tmp_path / "out/manifest.json").read_text())
    assert manifest["reasons"] == {"model_failed": 2}
    assert manifest["counts"]["repeated_elsewhere"] == 2


def test_nothing_is_embedded_before_all_files_can_be_read(tiny_path: Path, tmp_path: Path) -> None:
    """Every vector of the table depends on all files, be it by its batch alone."""
    globs = [str(tmp_path / name) for name in ("a.txt", "b.txt", "c.txt", "d.csv")]
    for number, path in enumerate(map(Path, globs)):
        lines = [corpus.sentence(n) for n in (number, number + 1, 9)]
        path.write_text("\n".join(["text", *lines] if path.suffix == ".csv" else lines))
    output = tmp_path / "out"
    remedy = "--dedup corpus embeds nothing before it has read all files: run the same command"
    for lost in ([globs[2], globs[3]], [globs[2]]):
        with forbidden(*lost), pytest.raises(JobError) as broken:
            embed(globs, output, tiny_path)
        # A file that the plan needs is found before any other is read for the table.
        first, second = str(broken.value).splitlines()
        assert first.startswith(f"{len(lost)} of 4 splits could not be read: ")
        assert f"{lost[-1]} could" in first or f"{lost[-1]} cannot" in first
        assert second.startswith(remedy)
        assert list((output / "receipts").glob("*")) == []
        assert not (output / "repeats/table.json").exists()
    summary = embed(globs, output, tiny_path)
    assert summary.progress.counts()["repeated_elsewhere"] > 4
    embed(globs, tmp_path / "undisturbed", tiny_path)
    assert corpus.data_files(output) == corpus.data_files(tmp_path / "undisturbed")
    assert verify(VerifyConfig(str(output))).faults == ()


def test_a_failing_read_of_the_table_is_no_damage(
    with_table: Path, inputs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    output = shutil.copytree(with_table, tmp_path / "out")
    before = corpus.data_files(output)
    for path in output.glob("repeats/*"):
        with forbidden(str(path), error=OSError(5, "Input/output error")):
            verdict = verify(VerifyConfig(str(output)))
            assert verdict.faults == (f"repeats/{path.name}: cannot be read: Input/output error",)
            assert verdict.invalidated == ()
            with pytest.raises(OSError, match="Input/output error"):
                repeat_files.clear(str(output), "another run")
    assert corpus.data_files(output) == before
    assert embed(inputs, output, tiny_path).nothing_left


def test_vectors_of_tokens_are_refused(
    inputs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["embed", "--input", *inputs, "--output", str(tmp_path / "out"), "--dedup", "corpus"]
    command += ["--features", "sequence_output"]
    assert cli.main(command) == 2
    assert "--dedup corpus is for one vector a document" in capsys.readouterr().err


def test_a_folder_made_otherwise_is_refused(
    with_table: Path, inputs: list[str], tiny_path: Path
) -> None:
    with pytest.raises(UsageError, match="--dedup corpus there, part now"):
        embed(inputs, with_table, tiny_path, dedup="part")


def test_a_link_in_place_of_the_tables_folder_is_refused(with_table: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/repeats").symlink_to(with_table / "repeats")
    with pytest.raises(ValueError, match="symbolic link"):
        repeat_files.load_receipt(str(tmp_path / "out"))
