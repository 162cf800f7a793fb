"""Output other than plain TFRecords, from the job to its readers and to `verify`."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline import cli, reader
from pipeline.commands import head
from tests.pipeline import corpus
from tests.pipeline.verify.damaging import check, first, fix_up
from transforms.records.dtypes import narrow, widen
from transforms.records.postprocess import Shaping

FEATURES = ("pooled_output", "mean", "sequence_output")
CASES = [
    {"output_format": "parquet", "dtype": "float32", "compression": "zstd"},
    {"output_format": "parquet", "dtype": "int8"},
    {"output_format": "parquet", "dtype": "bfloat16", "shaping": Shaping(8, normalize=True)},
    {"compression": "gzip", "dtype": "int8", "keep_tokens": True},
]


@pytest.mark.slow
@pytest.mark.parametrize("settings", CASES, ids=lambda case: "-".join(map(str, case.values())))
def test_readers_give_the_same_of_every_format_and_verify_proves_it(
    settings: dict, globs: list[str], tiny_path: Path, tmp_path: Path, finished: Path
) -> None:
    out = tmp_path / "out"
    corpus.embed(globs, out, tiny_path, features=FEATURES, **settings)
    dtype, shaping = settings["dtype"], settings.get("shaping", Shaping())
    ours, plain = (reader.load_embeddings(str(folder)) for folder in (out, finished))
    assert ours.ids == plain.ids
    expected = widen(narrow(shaping.apply(plain.vectors), dtype))
    np.testing.assert_allclose(ours.vectors, expected, atol=2e-3 if dtype != "float32" else 1e-6)
    for one, other in zip(
        reader.iterate_sequences(str(out)), reader.iterate_sequences(str(finished)), strict=True
    ):
        assert one.id == other.id
        np.testing.assert_array_equal(one.input_ids, other.input_ids)
        atol = np.abs(other.vectors).max() / (127 if dtype == "int8" else 200)
        np.testing.assert_allclose(one.vectors, other.vectors, atol=atol)
        assert (one.tokens is not None) == ("keep_tokens" in settings)
    lines = list(head.head(str(out), 2))
    assert any(f"mean [{shaping.width(16)}]" in line for line in lines)
    kept = [record["k"] for record in reader.iterate_records(str(out), "pooled")]
    assert kept[-1] == [b"v59"]
    assert kept[0] == []

    verdict = check(out, sample=corpus.EMBEDDED)
    assert verdict.faults == ()
    assert {drift.feature for drift in verdict.sample.drifts} == set(FEATURES)
    configuration = json.loads((out / "run.json").read_text())["configuration"]
    assert configuration["--truncate_dim"] == shaping.truncate_dim
    assert configuration["--compression"] == settings.get("compression", "none")

    path = first(out, "pooled/*-*")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    verdict = check(out)
    assert any("sha256" in fault for fault in verdict.faults)
    summary = corpus.embed(globs, out, tiny_path, features=FEATURES, **settings)
    assert not summary.nothing_left
    assert check(out).faults == ()


def test_what_a_parquet_file_should_not_hold_is_found(
    globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    settings = {"features": ("mean",), "output_format": "parquet"}
    corpus.embed(globs[2:], out, tiny_path, **settings)
    path = first(out, "pooled/*.parquet")
    table = parquet.read_table(path)
    values = table["mean"].combine_chunks().flatten().to_numpy().copy()
    values[16 + 3] = np.nan
    spoiled = pa.FixedSizeListArray.from_arrays(pa.array(values), 16)
    number = table.schema.get_field_index("mean")
    changed = table.set_column(number, table.schema.field("mean"), spoiled)
    parquet.write_table(changed, path)
    fix_up(out, path)
    (fault,) = check(out).faults
    assert "mean of '1' is not finite" in fault

    parquet.write_table(table.drop_columns(["truncated"]), path)
    fix_up(out, path)
    with pytest.raises(ValueError, match="its columns are not those"):
        reader.load_embeddings(str(out))
    (fault,) = check(out).faults
    assert "its columns are not those of the job's records" in fault


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--output_format", "csv"], "--output_format is 'csv'; there are parquet, tfrecord"),
        (["--compression", "zstd"], "--compression is 'zstd'; for tfrecord there are none, gzip"),
        (["--truncate_dim", "0"], "--truncate_dim is 0; give 1 or more"),
        (["--truncate_dim", "17", "--max_seq_length", "8"], "the model's vectors have 16 numbers"),
        (["--normalize", "--features", "sequence_output"], "add one, such as mean, to --features"),
    ],
)
def test_wrong_flags_are_told(
    flags: list[str],
    message: str,
    tmp_path: Path,
    tiny_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")
    command = ["embed", "--input", str(tmp_path / "a.txt"), "--output", str(tmp_path / "out")]
    assert cli.main([*command, "--model", str(tiny_path), *flags]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert len(error.splitlines()) == 1


@pytest.mark.slow
def test_a_schema_file_that_is_not_the_jobs_is_a_fault(
    globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    corpus.embed(globs[2:], out, tiny_path, features=("mean",), output_format="parquet")
    path = out / "pooled/_common_metadata"
    schema = parquet.read_schema(path)
    about = json.loads(schema.metadata[b"beam_bert"])
    assert about["model"] == json.loads((out / "run.json").read_text())["model"]["fingerprint"]
    assert about["embed"]["--features"] == ["mean"]
    parquet.write_metadata(schema.with_metadata({"beam_bert": "{}"}), path)
    assert check(out).faults == (
        "pooled/_common_metadata: is not the schema of this job's records",
    )
    path.write_bytes(b"no Parquet at all")
    (fault,) = check(out).faults
    assert fault.startswith("pooled/_common_metadata: cannot be read: ")
    with pytest.raises(ValueError, match="_common_metadata is damaged"):
        reader.load_embeddings(str(out))
    path.unlink()
    assert check(out).faults == ("pooled/_common_metadata: the file is missing",)
    corpus.embed(globs[2:], out, tiny_path, features=("mean",), output_format="parquet")
    assert check(out).faults == ()
