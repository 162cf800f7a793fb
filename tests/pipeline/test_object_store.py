"""A corpus and an output folder on an S3-compatible server, through Beam's file systems."""

import json
from collections.abc import Iterator
from pathlib import Path

import boto3
import numpy as np
import pytest
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import cli, reader
from tests.pipeline import object_stores
from transforms import write
from transforms.io import storage

FLAGS = ["--id_field=id", "--keep_fields=k", "--part_bytes=3000", "--max_rejected=0.1"]
FLAGS += ["--max_seq_length=8", "--tokens_per_batch=64", "--engine=tensorflow"]
FLAGS += ["--features=pooled_output,sequence_output", "--keep_fields_in=pooled"]


@pytest.fixture(scope="module")
def server() -> Iterator[object]:
    """A client of the server; what Beam and boto find in the environment leads there too."""
    with object_stores.s3() as (host, port), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        client = boto3.client("s3")
        for bucket in ("corpus", "results"):
            client.create_bucket(Bucket=bucket)
        yield client


def keys(client: object, prefix: str) -> list[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket="results", Prefix=prefix)
    return [item["Key"] for page in pages for item in page.get("Contents", [])]


def body(client: object, key: str) -> bytes:
    return client.get_object(Bucket="results", Key=key)["Body"].read()


@pytest.mark.slow
def test_a_job_reads_and_writes_objects_and_continues(
    server: object,
    globs: list[str],
    finished: Path,
    tiny_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    used = [globs[0], globs[2]]
    for path in used:
        server.upload_file(path, "corpus", f"some/{Path(path).name}")
    inputs = [f"s3://corpus/some/{Path(path).name}" for path in used]
    command = ["embed", "--input", *inputs, "--model", str(tiny_path)]
    command += ["--output", "s3://results/job", *FLAGS]

    # Broken off after some receipts, in the middle of a file.
    written = []
    whole = write.write_part

    def break_off(*arguments: object) -> object:
        written.append(1)
        if len(written) > 2:
            with storage.atomic_write("s3://results/job", "pooled/half") as file:
                file.write(b"half")
                raise OSError("broken off")
        return whole(*arguments)

    monkeypatch.setattr(write, "write_part", break_off)
    assert cli.main(command) == 1
    assert "broken off" in capsys.readouterr().err
    monkeypatch.setattr(write, "write_part", whole)
    done = keys(server, "job/receipts/")
    assert done
    assert not keys(server, "job/tmp/")
    assert "job/lock.json" not in keys(server, "job/")
    assert "job/pooled/half" not in keys(server, "job/")
    assert "job/manifest.json" not in keys(server, "job/")
    first = {key: body(server, key) for key in keys(server, "job/pooled/")}

    assert cli.main(command) == 0
    assert set(done) < set(keys(server, "job/receipts/"))
    assert all(body(server, key) == content for key, content in first.items())
    assert not keys(server, "job/tmp/")
    assert cli.main(command) == 0
    assert "nothing left to do" in capsys.readouterr().out
    assert cli.main(["verify", "s3://results/job", "--sample", "10"]) == 0
    assert "no faults: s3://results/job" in capsys.readouterr().out
    # As in a process that did not embed.
    monkeypatch.setattr(FileSystems, "_pipeline_options", None)
    assert cli.main(["head", "s3://results/job", "-n", "1"]) == 0
    assert "job/report.html" in keys(server, "job/")
    monkeypatch.setattr(FileSystems, "_pipeline_options", None)
    assert cli.main(["status", "s3://results/job"]) == 0
    assert "complete" in capsys.readouterr().out

    ours, local = (reader.load_embeddings(folder) for folder in ("s3://results/job", str(finished)))
    vectors = dict(zip(map(_place, local.ids), local.vectors, strict=True))
    assert len(ours.ids) == 118 + 60
    for id_, vector in zip(ours.ids, ours.vectors, strict=True):
        np.testing.assert_allclose(vector, vectors[_place(id_)], atol=1e-5)

    assert cli.main([*command, "--overwrite", "--part_bytes=6000"]) == 0
    plan = body(server, "job/plan.jsonl").decode().splitlines()
    assert {json.loads(line)["source"] for line in plan} == set(inputs)
    assert len(keys(server, "job/receipts/")) < len(done) * 3


def _place(id_: str) -> str:
    """Return an id without the folder of its file."""
    return id_.rpartition("/")[2]


@pytest.mark.usefixtures("server")
def test_what_is_not_there_is_told(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    FileSystems.set_options(PipelineOptions([]))
    for glob in ("s3://nowhere/*.txt", "s3://corpus/none*"):
        assert cli.main(["embed", "--input", glob, "--output", str(tmp_path / "out")]) == 2
        error = capsys.readouterr().err
        assert f"--input {glob}" in error
        assert len(error.splitlines()) == 1
