"""Tables of BigQuery as inputs; rows of ours replace the service."""

import json
import sys
from pathlib import Path

import apache_beam as beam
import pytest

from pipeline import cli, reader
from tests.pipeline import corpus
from tests.pipeline.test_damage import DAMAGES
from tests.pipeline.verify.damaging import check
from transforms.steps import extract_table

TABLE = "bq://some-project.corpus.articles"
ROWS = [{"id": n, "text": corpus.sentence(n), "k": n % 3} for n in range(50)]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    """What the reader was asked for, each time."""
    asked: list[dict] = []

    class Rows(beam.PTransform):
        Method = extract_table.ReadFromBigQuery.Method

        def __init__(self, **settings: object) -> None:
            super().__init__()
            asked.append(settings)

        def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[dict]:
            return begin | beam.Create(ROWS)

    monkeypatch.setattr(extract_table, "ReadFromBigQuery", Rows)
    return asked


def command(out: Path, model: Path, *more: str) -> list[str]:
    flags = ["--id_field=id", "--keep_fields=k", "--features=mean", "--max_seq_length=8"]
    return ["embed", "--input", TABLE, "--output", str(out), "--model", str(model), *flags, *more]


@pytest.mark.slow
def test_a_table_is_read_once_and_embedded(
    read: list[dict], tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert cli.main(command(out, tiny_path)) == 0
    assert [settings["table"] for settings in read] == ["some-project:corpus.articles"]
    assert read[0]["selected_fields"] == ["text", "id", "k"]
    embeddings = reader.load_embeddings(str(out))
    assert sorted(embeddings.ids, key=int) == [str(n) for n in range(50)]
    kept = {r["id"][0]: r["k"][0] for r in reader.iterate_records(str(out), "pooled")}
    assert kept[b"4"] == 1
    plan = [json.loads(line) for line in (out / "plan.jsonl").read_text().splitlines()]
    assert all(line["source"].startswith(f"{TABLE}/rows") for line in plan)
    assert not [path for path in (out / "bigquery").rglob("*") if "temp" in path.name]

    capsys.readouterr()
    assert cli.main(command(out, tiny_path)) == 0
    assert "nothing left to do" in capsys.readouterr().out
    assert check(out, sample=5).faults == ()
    assert len(read) == 1
    (extracted,) = (out / "bigquery").glob("*/extracted.json")
    columns = extracted.read_bytes()
    for damage in DAMAGES:
        damage(extracted)
        damage(out / "run.json")
        assert cli.main(command(out, tiny_path)) == 0
        assert "nothing left to do" in capsys.readouterr().out
        assert extracted.read_bytes() == columns
    assert len(read) == 1
    ROWS.append({"id": 50, "text": "the cat", "k": 0})
    try:
        assert cli.main(command(out, tiny_path, "--overwrite")) == 0
    finally:
        ROWS.pop()
    assert len(read) == 2
    assert len(reader.load_embeddings(str(out)).ids) == 51


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--input", "bq://corpus.articles"], "name a table as bq://PROJECT.DATASET.TABLE"),
        (["--input", "bq://a.b.c/../d"], "name a table as bq://PROJECT.DATASET.TABLE"),
        (["--input_format", "csv"], "remove --input_format"),
    ],
)
@pytest.mark.usefixtures("read")
def test_what_is_no_table_is_told(
    arguments: list[str],
    message: str,
    tiny_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(command(tmp_path / "out", tiny_path, *arguments)) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("read")
def test_a_strangers_folder_stays_as_it_is(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    assert cli.main(command(tmp_path, tiny_path)) == 2
    assert "which is not part of a job" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_other_commands_and_a_missing_extra_say_what_to_do(
    tiny_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flags = command(tmp_path / "out", tiny_path)
    assert cli.main(["plan", *flags[1:]]) == 2
    assert "only embed reads tables" in capsys.readouterr().err
    assert cli.main(["tokenize", "--input", TABLE, "--model", str(tiny_path)]) == 2
    assert "only embed reads tables" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "transforms.steps.extract_table", None)
    assert cli.main(flags) == 2
    assert 'pip install "beam-bert[gcp]"' in capsys.readouterr().err


def test_a_table_that_cannot_be_read_is_told_in_one_line(
    tiny_path: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**_: object) -> beam.PTransform:
        def refuse(_: int) -> None:
            raise PermissionError("403 no access to the table\nmore")

        return beam.Create([1]) | beam.Map(refuse)

    fail.Method = extract_table.ReadFromBigQuery.Method  # type: ignore[attr-defined]
    monkeypatch.setattr(extract_table, "ReadFromBigQuery", fail)
    assert cli.main(command(tmp_path / "out", tiny_path)) == 1
    error = capsys.readouterr().err
    assert f"{TABLE} could not be read: " in error
    assert len(error.splitlines()) == 1
