"""`--check content` keeps the parts of a changed file whose documents are the same."""

import gzip
import json
from pathlib import Path

import pytest

from pipeline.errors import JobError
from pipeline.options.embed_config import InputConfig
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.pipeline import corpus
from tests.pipeline.updates.growing import GrowingCorpus, content_of, text_of
from transforms.sources.base import ReadConfig

LONG = text_of(0, 120)
BY_CONTENT = {"update": True, "check": "content"}


@pytest.fixture
def log(tmp_path: Path, tiny_path: Path) -> GrowingCorpus:
    """A finished job over a file of several parts."""
    growing = GrowingCorpus(tmp_path, tiny_path)
    growing.write("log.txt", LONG)
    growing.embed()
    return growing


def test_the_prefix_of_a_file_that_was_appended_to_is_kept(log: GrowingCorpus) -> None:
    parts = len(list(log.output.glob("receipts/*")))
    assert parts > 3
    log.append("log.txt", text_of(7, 40))
    summary = log.embed(**BY_CONTENT)
    # The last part had less than a whole range.
    assert (summary.carried, summary.parts_before) == (parts - 1, parts - 1)
    log.assert_as_from_nothing()
    assert verify(VerifyConfig(str(log.output), sample=99)).faults == ()


@pytest.mark.slow
def test_a_line_that_was_not_ended_is_computed_again(log: GrowingCorpus) -> None:
    """The last line of the file reaches beyond the range in which it begins."""
    whole = LONG[:2050].rpartition("\n")[0] + "\n"
    log.write("log.txt", whole[:1800].rpartition("\n")[0] + "\n" + "the cat " * 60)
    log.embed(**BY_CONTENT)
    log.append("log.txt", "sat on a mat\n" + text_of(3, 50))
    summary = log.embed(**BY_CONTENT)
    log.assert_as_from_nothing()
    assert summary.carried == 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv", "packed.txt.gz", "a small file.txt"])
def test_a_file_that_was_only_touched_is_not_computed(
    name: str, tmp_path: Path, tiny_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = GrowingCorpus(tmp_path, tiny_path)
    rows = [{"text": corpus.sentence(number)} for number in range(60)]
    contents = {
        "rows.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows).encode(),
        "rows.csv": "".join(["text\n", *(f"{row['text']}\n" for row in rows)]).encode(),
        "packed.txt.gz": gzip.compress(LONG.encode(), mtime=0),
        "a small file.txt": b"the cat\n",
    }
    for other in ("x.txt", "y.txt"):
        growing.write(other, "a mat\n")
    (growing.folder / name).write_bytes(contents[name])
    growing.touch(name)
    growing.embed()
    growing.touch(name)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.job._compute", lambda _: pytest.fail("it computes"))
        assert growing.embed(**BY_CONTENT).carried
    growing.assert_as_from_nothing()


@pytest.mark.slow
def test_by_time_a_file_that_was_touched_is_computed(log: GrowingCorpus) -> None:
    log.touch("log.txt")
    assert log.update().parts_before == 0
    log.assert_as_from_nothing()


@pytest.mark.slow
def test_a_changed_document_is_computed(log: GrowingCorpus) -> None:
    # Of the same length, so that the others stay in their ranges.
    log.write("log.txt", LONG.replace("cat", "mat", 1))
    summary = log.embed(**BY_CONTENT)
    parts = len(summary.progress.parts)
    assert (summary.carried, summary.parts_before) == (parts - 1, parts - 1)
    log.assert_as_from_nothing()


@pytest.mark.slow
def test_damage_is_not_carried(log: GrowingCorpus) -> None:
    first, second, *_ = sorted(log.output.glob("pooled/log-*"))
    first.unlink()
    content = second.read_bytes()
    second.unlink()
    second.write_bytes(bytes(len(content)))
    log.touch("log.txt")
    summary = log.embed(**BY_CONTENT)
    assert len(summary.redone) == 1
    log.assert_as_from_nothing()


@pytest.mark.slow
def test_receipts_without_a_hash_are_passed_over(log: GrowingCorpus) -> None:
    for path in log.output.glob("receipts/*"):
        value = json.loads(path.read_text())
        del value["documents_sha256"]
        path.write_text(json.dumps(value, sort_keys=True))
    log.touch("log.txt")
    assert log.embed(**BY_CONTENT).carried == 0
    log.assert_as_from_nothing()


@pytest.mark.slow
def test_a_carrying_that_fails_goes_on(log: GrowingCorpus, monkeypatch: pytest.MonkeyPatch) -> None:
    log.touch("log.txt")
    calls = []
    write = corpus.job.storage.write_text

    def fail_at_third(*arguments: object) -> None:
        calls.append(arguments)
        if len([one for one in calls if "receipts/" in one[1]]) == 3:
            raise OSError(28, "No space left on device")
        write(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.updates.carrying.storage.write_text", fail_at_third)
        with pytest.raises(JobError, match="No space left on device"):
            log.embed(**BY_CONTENT)
    before = content_of(log.output)["manifest"]
    assert before["counts"]["documents"] == 120
    log.embed(**BY_CONTENT)
    log.assert_as_from_nothing()


@pytest.mark.slow
def test_kept_fields_decide_too(tmp_path: Path, tiny_path: Path) -> None:
    growing = GrowingCorpus(tmp_path, tiny_path)
    lines = [json.dumps({"id": n, "text": corpus.sentence(n), "k": n}) + "\n" for n in range(80)]
    growing.write("rows.jsonl", "".join(lines))
    read = ReadConfig(part_bytes=1024, id_field="id", keep_fields=("k:int64",))
    fields = {"input": InputConfig((str(growing.folder),), "auto", read)}
    growing.embed(**fields)
    growing.write("rows.jsonl", "".join(lines).replace('"k": 1}', '"k": 2}'))
    summary = growing.embed(**BY_CONTENT, **fields)
    assert summary.carried == len(summary.progress.parts) - 1
    growing.assert_as_from_nothing(**fields)
