"""Vectors of 16 bits from the job to its readers, and to `verify`."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline import cli, reader
from pipeline.commands import head
from tests.pipeline import corpus
from tests.pipeline.verify.damaging import check, first, rewrite, values
from transforms.bert import tensorflow_engine
from transforms.bert.output_spec import Encoded
from transforms.records.dtypes import narrow, widen


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_readers_give_what_was_stored_and_verify_proves_it(
    dtype: str, globs: list[str], tiny_path: Path, tmp_path: Path, finished: Path
) -> None:
    features = ("pooled_output", "sequence_output")
    out = tmp_path / "out"
    corpus.embed(globs, out, tiny_path, dtype=dtype, features=features)
    ours, exact = (reader.load_embeddings(str(folder), features[0]) for folder in (out, finished))
    assert ours.ids == exact.ids
    assert ours.vectors.dtype == np.float32
    np.testing.assert_array_equal(ours.vectors, widen(narrow(exact.vectors, dtype)))
    pairs = zip(
        reader.iterate_sequences(str(out)), reader.iterate_sequences(str(finished)), strict=True
    )
    for one, other in pairs:
        np.testing.assert_array_equal(one.vectors, widen(narrow(other.vectors, dtype)))
    assert any("sequence_output [" in line for line in head.head(str(out), 2))
    verdict = check(out, sample=corpus.EMBEDDED)
    assert verdict.faults == ()
    assert {drift.feature for drift in verdict.sample.drifts} == set(features)
    configuration = json.loads((out / "run.json").read_text())["configuration"]
    assert configuration["--dtype"] == dtype

    rewrite(out, first(out, "pooled/*"), lambda arguments: _cut(arguments[3]))
    (fault,) = check(out).faults
    assert "pooled_output of " in fault
    assert "has 15 values, not 16" in fault


def _cut(record: object) -> None:
    vector = values(record, "pooled_output")
    vector[0] = vector[0][:-2]


def test_a_document_with_a_value_beyond_the_type_is_rejected_and_told(
    tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.txt").write_text("the cat\nsat on a mat\nmat\n")
    run = tensorflow_engine.TensorflowEngine.run

    def large(self: object, ids: np.ndarray, *rest: np.ndarray) -> Encoded[np.ndarray]:
        encoded = run(self, ids, *rest)
        pooled = encoded.pooled.copy()
        pooled[(ids != 0).sum(axis=1) == 3, 5] = 70000.0
        return encoded._replace(pooled=pooled)

    monkeypatch.setattr(tensorflow_engine.TensorflowEngine, "run", large)
    out = tmp_path / "out"
    arguments = ([str(tmp_path / "a.txt")], out, tiny_path)
    corpus.embed(
        *arguments, features=("pooled_output",), limits=corpus.Limits(1.0), dtype="float16"
    )
    (line,) = (out / "rejected").glob("*.jsonl").__next__().read_text().splitlines()
    rejected = json.loads(line)
    assert rejected["reason"] == "model_failed"
    assert "`dtype` float16 cannot hold" in rejected["detail"]
    assert len(reader.load_embeddings(str(out)).ids) == 2


def test_an_unknown_type_is_wrong_usage(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["embed", "--input", str(tmp_path), "--output", str(tmp_path / "out")]
    assert cli.main([*command, "--dtype", "int4"]) == 2
    assert "--dtype is 'int4'" in capsys.readouterr().err
