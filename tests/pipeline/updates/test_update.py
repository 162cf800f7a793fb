"""`--update` follows a corpus: what is new is computed, and the rest stays as it is."""

import dataclasses
import json
import os
import re
from pathlib import Path

import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import api, cli, reader, result, status
from pipeline.errors import JobError, UsageError
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline import corpus
from tests.pipeline.updates.growing import (
    LINES,
    GrowingCorpus,
    content_of,
    history_of,
    receipts_of,
    text_of,
)


def test_files_that_came_changed_and_went(
    growing: GrowingCorpus, capfd: pytest.CaptureFixture[str]
) -> None:
    before, first = receipts_of(growing.output), content_of(growing.output)
    growing.write("a2.txt", text_of(70))
    growing.append("b.txt", text_of(90))
    growing.remove("c.txt")
    with pytest.raises(UsageError, match=r"a2\.txt is new.*\nAdd --update to compute only what"):
        growing.embed()
    summary = growing.update()
    files, work = capfd.readouterr().err.splitlines()[:2]
    assert files == "beam-bert: generation 2: 1 file unchanged, 1 added, 1 changed, 1 gone"
    # The mean of the parts that are done, by bytes: the second file has longer lines.
    expected = "beam-bert: 1 part kept; 2 of 3 splits to compute: about 37 documents, "
    assert re.fullmatch(rf"{expected}\d+:\d\d at the speed so far", work)
    assert (summary.generation, summary.parts_before, len(summary.progress.parts)) == (2, 1, 3)
    names = {name: str(growing.folder / name) for name in ("a2.txt", "b.txt", "c.txt")}
    history = history_of(growing.output)
    assert history.pop("plan") == json.loads((growing.output / "run.json").read_text())["plan"]
    assert history.pop("changes")["added"] == 2 * LINES
    assert history == {
        "generation": 2,
        "parent": 1,
        "unchanged": 1,
        "added": [names["a2.txt"]],
        "changed": [names["b.txt"]],
        "gone": [names["c.txt"]],
    }
    growing.assert_as_from_nothing()
    # Nothing of the first generation was touched.
    assert before.items() <= receipts_of(growing.output).items()
    kept = json.loads((growing.output / "manifests/000001.json").read_text())
    assert kept == first["manifest"]
    assert all(
        (growing.output / name).read_bytes() == content
        for name, content in first.items()
        if name.startswith("pooled/")
    )
    assert growing.update().nothing_left
    assert history_of(growing.output)["generation"] == 2


@pytest.mark.slow
def test_readers_name_a_generation(growing: GrowingCorpus) -> None:
    output = str(growing.output)
    first = reader.load_embeddings(output)
    opened = reader.iterate_records(output, "pooled")
    assert next(opened)["id"] == [first.ids[0].encode()]
    growing.write("a0.txt", text_of(50))
    growing.remove("c.txt")
    growing.update()
    # A reader of the first generation reads it to its end.
    assert [record["id"][0].decode() for record in opened] == first.ids[1:]
    assert reader.load_embeddings(output, generation=1).ids == first.ids
    second = reader.load_embeddings(output, generation=2)
    assert second.ids == reader.load_embeddings(output).ids
    assert second.ids != first.ids
    assert len(list(reader.iterate_records(output, "pooled", generation=1))) == len(first.ids)
    with pytest.raises(ValueError, match=r"has no generation 3; it has 1, 2"):
        reader.load_embeddings(output, generation=3)


@pytest.mark.slow
def test_status_and_verify_know_generations(growing: GrowingCorpus) -> None:
    output = str(growing.output)
    assert "generation" not in status.to_text(status.measure(output))
    growing.write("d.txt", text_of(50))
    growing.remove("a.txt")
    growing.update()
    measured = status.measure(output)
    assert (measured.generation, measured.published, measured.complete) == (2, 2, True)
    assert status.to_text(measured).splitlines()[0] == "generation 2"
    for generation, others in ((None, 1), (1, 1), (2, 1)):
        verdict = verify(VerifyConfig(output, generation=generation))
        assert verdict.faults == ()
        assert verdict.notes[0].startswith(f"{others} parts are of other generations; ")
    with pytest.raises(ValueError, match="has no generation 9; it has 1, 2"):
        verify(VerifyConfig(output, generation=9))


@pytest.mark.slow
def test_an_unfinished_update_keeps_what_readers_have(
    growing: GrowingCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = str(growing.output)
    first = reader.load_embeddings(output)
    growing.write("d.txt", text_of(50))

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("transforms.write.write_part", full)
        with pytest.raises(JobError, match="No space left"):
            growing.update()
    assert reader.load_embeddings(output).ids == first.ids
    measured = status.measure(output)
    assert (measured.generation, measured.published, measured.complete) == (2, 1, False)
    assert status.to_text(measured).startswith(
        "generation 2 is being written; readers have generation 1"
    )
    assert verify(VerifyConfig(output)).faults == ()
    # The corpus changes again: the unfinished generation keeps its number.
    growing.write("e.txt", text_of(90))
    growing.remove("d.txt")
    growing.update()
    assert history_of(growing.output)["generation"] == 2
    assert history_of(growing.output)["added"] == [str(growing.folder / "e.txt")]
    growing.assert_as_from_nothing()
    assert verify(VerifyConfig(output)).faults == ()


def test_a_corpus_that_is_as_it_was_is_the_generation_that_it_was(
    growing: GrowingCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content_of(growing.output)
    growing.write("d.txt", text_of(50))
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.job._compute", lambda _: pytest.fail("stopped"))
        with pytest.raises(pytest.fail.Exception):
            growing.update()
    growing.remove("d.txt")
    assert growing.update().generation == 1
    assert content_of(growing.output) == before


def test_files_that_only_went_make_a_generation(growing: GrowingCorpus) -> None:
    config = corpus.config([str(growing.folder)], growing.output, growing.model, features=("mean",))
    growing.remove("c.txt")
    summary, problem = api.embed_and_draw(
        dataclasses.replace(config, update=True), PipelineOptions([])
    )
    assert problem is None
    assert not summary.nothing_left
    assert summary.parts_before == len(summary.progress.parts) == 2
    text = result.to_text(summary)
    assert text.splitlines()[1] == "generation  2: 2 files unchanged, 0 added, 0 changed, 1 gone"
    drawn = (growing.output / "report.html").read_text()
    assert "c.txt" not in drawn
    assert growing.embed().nothing_left
    growing.assert_as_from_nothing()


@pytest.mark.slow
def test_a_plan_says_what_an_update_will_do(
    growing: GrowingCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["plan", "--input", str(growing.folder), "--output", str(growing.output)]
    words += ["--model", str(growing.model), "--features=mean", "--part_bytes=1024"]
    words += ["--max_seq_length=8", "--tokens_per_batch=64", "--max_rejected=0.1", "--json"]
    words += ["--engine=tensorflow"]
    before = content_of(growing.output)
    growing.write("d.txt", text_of(50))
    growing.remove("a.txt")
    assert cli.main(words) == 2
    assert cli.main([*words, "--update", "--check=content"]) == 0
    update = json.loads(capsys.readouterr().out)["update"]
    assert update.pop("documents") > 5
    assert update.pop("seconds") > 0
    assert update == {
        "generation": 2,
        "unchanged": 2,
        "added": 1,
        "changed": 0,
        "gone": 1,
        "splits": 3,
        "splits_left": 1,
        "parts_kept": 2,
        "compares": True,
        "reusable": 0,
    }
    assert content_of(growing.output) == before
    assert not (growing.output / "manifests").exists()


@pytest.mark.slow
def test_small_files_are_grouped_as_from_nothing(tmp_path: Path, tiny_path: Path) -> None:
    growing = GrowingCorpus(tmp_path, tiny_path)
    for number in range(9):
        growing.write(f"{number}.txt", text_of(number, 1))
    growing.embed()
    growing.write("35.txt", text_of(40, 1))
    growing.remove("7.txt")
    growing.update()
    history = history_of(growing.output)
    assert (history["unchanged"], len(history["added"]), len(history["gone"])) == (8, 1, 1)
    growing.assert_as_from_nothing()


def test_a_part_that_is_damaged_and_then_gone(growing: GrowingCorpus) -> None:
    """A withdrawn manifest has the number 1, which no other plan gets."""
    (path,) = growing.output.glob("pooled/a-*")
    path.unlink()
    (fault,) = verify(VerifyConfig(str(growing.output))).faults
    assert fault.startswith("pooled/a-")
    assert not (growing.output / "manifest.json").exists()
    growing.remove("a.txt")
    assert growing.update().generation == 2
    growing.assert_as_from_nothing()
    assert not list(growing.output.glob("*.withdrawn"))


@pytest.mark.slow
def test_a_damaged_manifest_of_a_later_generation_is_written_again(growing: GrowingCorpus) -> None:
    growing.write("d.txt", text_of(50))
    growing.update()
    path = growing.output / "manifest.json"
    before = path.read_bytes()
    for damage in (b"", before[: len(before) // 2], bytes(len(before))):
        path.write_bytes(damage)
        assert growing.embed().nothing_left
        assert path.read_bytes() == before
    path.unlink()
    run = growing.output / "run.json"
    run.write_bytes(b"")
    growing.embed()
    assert path.read_bytes() == before
    assert json.loads(run.read_text())["generation"] == 2


def test_what_cannot_be_read_is_not_gone(growing: GrowingCorpus) -> None:
    before = content_of(growing.output)
    (growing.folder / "pipe").symlink_to("nowhere")
    with pytest.raises(JobError, match=r"the input cannot be compared, for .*link to nowhere"):
        growing.update()
    assert content_of(growing.output) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"overwrite": True}, "--update keeps what --overwrite deletes"),
        ({"dedup": "corpus"}, "--update is for --dedup part"),
        ({"check": "content", "update": False}, "--check content is used only with --update"),
    ],
)
def test_flags_that_exclude_each_other(
    settings: dict, message: str, tmp_path: Path, tiny_path: Path
) -> None:
    growing = GrowingCorpus(tmp_path, tiny_path)
    with pytest.raises(ValueError, match=message):
        growing.embed(**({"update": True} | settings))


def test_an_update_of_nothing_begins_a_job(tmp_path: Path, tiny_path: Path) -> None:
    growing = GrowingCorpus(tmp_path, tiny_path)
    growing.write("a.txt", text_of(0))
    assert growing.update().generation == 1
    assert not os.path.exists(growing.output / "manifests")
