"""`export-serving` writes a model that other programs load, with the vectors of the job."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pipeline import cli, reader
from tests.paths import ROOT
from tests.pipeline import corpus

TEXTS = [corpus.sentence(number) for number in range(60)]
# Neither has a module of beam-bert on its path, and TensorFlow's is a process of its own.
IN_TENSORFLOW = """
import json, sys
import tensorflow as tf
import tensorflow_text
model = tf.saved_model.load(sys.argv[1])
outputs = model.signatures["serving_default"](text=tf.constant(json.load(sys.stdin)))
assert not {"transforms", "pipeline", "beam_bert", "apache_beam"} & set(sys.modules)
print(json.dumps({name: output.numpy().tolist() for name, output in outputs.items()}))
"""
IN_PYTHON = """
import json, sys
from beam_bert import Query
query = Query(sys.argv[1], "pooled_output")
vectors = query(json.load(sys.stdin))
assert not {"tensorflow", "apache_beam", "pyarrow"} & set(sys.modules)
print(json.dumps(vectors.tolist()))
"""


@pytest.fixture(scope="module")
def exported(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serving") / "models" / "1"
    assert cli.main(["export-serving", str(finished), str(folder)]) == 0
    assert [path.name for path in folder.parent.iterdir()] == ["1"]
    return folder


def run(program: str, folder: Path, place: Path) -> object:
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)],
        input=json.dumps(TEXTS),
        capture_output=True,
        text=True,
        check=False,
        cwd=place,
        env={"PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": str(place)},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def stored(finished: Path, feature: str) -> np.ndarray:
    """Return the vectors of the documents of packed.txt.gz, which are TEXTS."""
    ids, vectors = reader.load_embeddings(str(finished), feature)
    return vectors[[place for place, id_ in enumerate(ids) if "packed.txt.gz" in id_]]


@pytest.mark.slow
def test_tensorflow_computes_the_records_of_the_job_without_beam_bert(
    exported: Path, finished: Path, tmp_path: Path
) -> None:
    outputs = run(IN_TENSORFLOW, exported, tmp_path)
    expected = stored(finished, "pooled_output")
    np.testing.assert_allclose(outputs["pooled_output"], expected, atol=1e-5)
    documents = [
        sequence
        for sequence in reader.iterate_sequences(str(finished))
        if "packed.txt.gz" in sequence.id
    ]
    assert outputs["num_tokens"] == [len(document.vectors) for document in documents]
    for row, document in zip(outputs["sequence_output"], documents, strict=True):
        np.testing.assert_allclose(row[: len(document.vectors)], document.vectors, atol=1e-5)


@pytest.mark.slow
def test_query_computes_them_without_tensorflow(exported: Path, finished: Path) -> None:
    pytest.importorskip("openvino")
    vectors = run(IN_PYTHON, exported, ROOT)
    np.testing.assert_allclose(vectors, stored(finished, "pooled_output"), atol=1e-5)


@pytest.mark.parametrize("words", [[], ["--prompt", ""], ["--prompt", "the cat "]], ids=str)
def test_a_prompt_replaces_the_transform_of_the_job(
    words: list[str],
    finished: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture,
) -> None:
    from transforms.serving import exporting

    calls = []
    monkeypatch.setattr(exporting, "export", lambda *call: calls.append(call))
    assert cli.main(["export-serving", str(finished), str(tmp_path / "1"), *words]) == 0
    ((_, config, destination),) = calls
    prompt = words[-1] if words else ""
    assert (config.wordpieces.prompt, destination) == (prompt, tmp_path / "1")
    assert config.transform == (None if prompt else finished / "transform_fn")
    assert ("prompt    'the cat '" in capfd.readouterr().out) == bool(prompt)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["{job}", "gs://bucket/models/1"], "DEST is gs://bucket/models/1: give a folder of this"),
        (["{job}", "{job}/models/1"], "it is in the output folder of the job"),
        (["{job}", "{full}"], "exists and is not empty: choose another folder"),
        (["{full}", "{new}"], "has no run.json: it is not an output folder of embed"),
        (["{job}", "{new}", "--model", "{other}"], "has the fingerprint"),
        (
            ["{job}", "{new}", "--prompt", "the the the the the the the"],
            "--prompt takes 9 of the 8",
        ),
    ],
)
def test_what_cannot_be_exported_is_refused(
    words: list[str],
    message: str,
    finished: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture,
) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/file").write_text("")
    places = {
        "job": finished,
        "full": tmp_path / "full",
        "new": tmp_path / "new",
        "other": ROOT / "tests/data/golden_job/module",
    }
    assert cli.main(["export-serving", *(word.format(**places) for word in words)]) == 2
    error = capfd.readouterr().err
    assert message in error
    assert len(error.splitlines()) <= 2
    assert not (tmp_path / "new").exists()
    assert not (finished / "models").exists()
