"""The same documents in every input format give the same results, types and rejects."""

import bz2
import csv
import gzip
import json
import lzma
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf
from backports import zstd
from pyarrow import parquet

from pipeline import cli, job, reader
from pipeline.errors import JobError
from pipeline.options.embed_config import EmbedConfig, InputConfig, Limits
from tests.pipeline import corpus
from tests.pipeline.verify.damaging import check
from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.io import tfrecord_framing
from transforms.sources.base import ReadConfig

ROWS = [
    {"id": f"d{n}", "text": corpus.sentence(n), "year": 1900 + n, "score": n / 4, "new": n % 3 == 0}
    for n in range(60)
]
KEEP = ("year", "score", "new:bool")


def write_jsonl(path: Path) -> None:
    path.write_text("".join(f"{json.dumps(row)}\n" for row in ROWS))


def write_json(path: Path) -> None:
    path.write_bytes(lzma.compress(json.dumps(ROWS, indent=1).encode()))


def write_csv(path: Path) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(ROWS[0]), delimiter="\t" if "tsv" in path.name else ",")
        writer.writeheader()
        writer.writerows(ROWS)


def write_parquet(path: Path) -> None:
    parquet.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=25)


def write_tfrecord(path: Path) -> None:
    records = []
    for row in ROWS:
        example = tf.train.Example()
        feature = example.features.feature
        feature["id"].bytes_list.value.append(row["id"].encode())
        feature["text"].bytes_list.value.append(row["text"].encode())
        feature["year"].int64_list.value.append(row["year"])
        feature["score"].float_list.value.append(row["score"])
        feature["new"].int64_list.value.append(int(row["new"]))
        records.append(example.SerializeToString())
    path.write_bytes(tfrecord_framing.frame(pa.array(records, pa.large_binary())))


WRITERS: dict[str, Callable[[Path], None]] = {
    "a.jsonl": write_jsonl,
    "a.json": write_json,
    "a.csv": write_csv,
    "a.tsv": write_csv,
    "a.parquet": write_parquet,
    "a.tfrecord": write_tfrecord,
}


def embed(output: Path, model: Path, *globs: object, format_: str = "auto", **read: object) -> None:
    config = ReadConfig(part_bytes=1024, **read)
    job.run_job(
        EmbedConfig(
            input=InputConfig(tuple(map(str, globs)), format_, config),
            output=str(output),
            model=str(model),
            features=("mean",),
            windows=WindowConfig(8),
            batching=BatchingConfig(64),
            limits=Limits(0.2),
        )
    )


def kept(output: Path, *names: str) -> list[tuple]:
    records = reader.iterate_records(str(output), "pooled")
    return [tuple(record[name][0] for name in names) for record in records]


@pytest.fixture(scope="module")
def expected(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> reader.Embeddings:
    folder = tmp_path_factory.mktemp("expected")
    write_jsonl(folder / "a.jsonl")
    embed(folder / "out", tiny_path, folder / "a.jsonl", id_field="id")
    return reader.load_embeddings(str(folder / "out"))


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITERS)
def test_every_format_gives_the_same_documents_and_types(
    name: str, tiny_path: Path, tmp_path: Path, expected: reader.Embeddings
) -> None:
    folder = tmp_path / "lang=de%2FAT" / "shard=7"
    folder.mkdir(parents=True)
    WRITERS[name](folder / name)
    out = tmp_path / "out"
    keep = KEEP if name != "a.tfrecord" else ("year", "score", "new")
    embed(out, tiny_path, folder / name, id_field="id", keep_fields=(*keep, "lang", "shard"))
    loaded = reader.load_embeddings(str(out))
    assert loaded.ids == expected.ids
    np.testing.assert_allclose(loaded.vectors, expected.vectors, atol=1e-6)
    assert kept(out, "year", "score", "new") == [
        (row["year"], row["score"], int(row["new"])) for row in ROWS
    ]
    assert set(kept(out, "lang", "shard")) == {(b"de/AT", 7)}
    assert check(out, sample=10).faults == ()
    kept_types = json.loads((out / "run.json").read_text())["configuration"]["--keep_fields"]
    assert kept_types[:2] == ["year:int64", "score:exact_float32"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pack", "name"),
    [
        (gzip.compress, "a.jsonl.gz"),
        (bz2.compress, "a.jsonl.bz2"),
        (zstd.compress, "a.jsonl.zst"),
        (lambda data: data.decode().encode("utf-16"), "a.jsonl"),
        (gzip.compress, "no-ending"),
        (zstd.compress, "no-ending"),
    ],
)
def test_compressed_files_other_encodings_and_names_that_tell_nothing(
    pack: Callable[[bytes], bytes],
    name: str,
    tiny_path: Path,
    tmp_path: Path,
    expected: reader.Embeddings,
) -> None:
    write_jsonl(tmp_path / "plain")
    (tmp_path / name).write_bytes(pack((tmp_path / "plain").read_bytes()))
    encoding = "utf-16" if name == "a.jsonl" else "utf-8"
    embed(tmp_path / "out", tiny_path, tmp_path / name, id_field="id", encoding=encoding)
    assert reader.load_embeddings(str(tmp_path / "out")).ids == expected.ids
    assert check(tmp_path / "out", sample=10).faults == ()


@pytest.mark.slow
def test_whole_files_share_parts_and_a_damaged_one_costs_itself(
    tiny_path: Path, tmp_path: Path, expected: reader.Embeddings
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    for row in ROWS:
        (folder / f"{row['id']:>4}.md").write_text(row["text"])
    (folder / "bad.md.gz").write_bytes(b"\0no gzip")
    (folder / "empty.md").write_bytes(b"")
    with pytest.raises(JobError, match=r"bad\.md\.gz\) unreadable"):
        embed(tmp_path / "out", tiny_path, folder, format_="files")
    loaded = reader.load_embeddings(str(tmp_path / "out"))
    assert sorted(Path(id_).stem.strip() for id_ in loaded.ids) == sorted(expected.ids)
    vectors = {Path(id_).stem.strip(): v for id_, v in zip(*loaded, strict=True)}
    for id_, vector in zip(*expected, strict=True):
        np.testing.assert_allclose(vectors[id_], vector, atol=1e-6)
    assert len(list((tmp_path / "out/pooled").glob("*.tfrecord"))) < 10
    lines = [
        json.loads(line)
        for path in (tmp_path / "out/rejected").iterdir()
        for line in path.read_text().splitlines()
    ]
    assert {Path(line["id"]).name: line["reason"] for line in lines} == {
        "bad.md.gz": "unreadable",
        "empty.md": "empty",
    }
    assert check(tmp_path / "out", sample=20).faults == ()


@pytest.mark.slow
def test_later_values_of_another_type_are_rejected_and_told(
    tiny_path: Path, tmp_path: Path
) -> None:
    rows = [{"text": "the cat", "n": n} for n in range(300)] + [{"text": "the mat", "n": 1.5}]
    (tmp_path / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    cells = "".join(f"{row['n']},{row['text']}\n" for row in rows)
    (tmp_path / "a.csv").write_text(f"n,text\n{cells}")
    for name, fields in (("a.jsonl", ("n", "absent:string")), ("a.csv", ("n:int64",))):
        out = tmp_path / f"out-{name}"
        embed(out, tiny_path, tmp_path / name, keep_fields=fields)
        assert kept(out, "n") == [(n,) for n in range(300)]
        (path,) = (out / "rejected").iterdir()
        assert "`keep_fields` n:string keeps it as text" in json.loads(path.read_text())["detail"]


@pytest.mark.parametrize(
    ("content", "flags", "message"),
    [
        (b"", [], "every file is empty"),
        (b'{\n"text": "a"\n}', [], "jq -c . converts it, and --input_format json reads it"),
        (b'["a",\n"b"]', [], r"is a JSON array .*: jq -c '.\[\] \| {text: .}' converts it"),
        (b"PK\3\4", [], "data.* is a ZIP archive: unpack it, and give the files"),
        ("text\n".encode("utf-16"), [], "is in another encoding: --encoding utf-16"),
        (b"a\n", ["--encoding", "klingon"], "--encoding is 'klingon'"),
        (b"a\n", ["--input_format", "csv"], "--text_field: .* has no column 'text'; it has a"),
        (b"a\n", ["--input_format=files", "--id_field=id"], "--id_field needs records"),
        (
            b"a\n",
            ["--input_format", "parquet"],
            "data does not begin as --input_format parquet does",
        ),
        (b"caf\xe9\n", ["--encoding", "utf-16"], "data: it is not in --encoding utf-16: "),
        (
            b"id;text\n",
            ["--input_format=csv"],
            "its separator looks like ';': --csv_delimiter ';' reads it",
        ),
    ],
)
def test_what_cannot_be_read_so_is_told_in_a_line(
    content: bytes, flags: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    name = "data"
    (tmp_path / name).write_bytes(content)
    command = ["embed", "--input", str(tmp_path / name), "--output", str(tmp_path / "out"), *flags]
    assert cli.main(command) == 2
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1
    assert re.search(message, error), error
    assert not (tmp_path / "out").exists()
