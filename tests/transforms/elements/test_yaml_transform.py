"""A Beam YAML pipeline, run in this process by the provider in docs/pipelines.md."""

import json
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from transforms import BertModelHandler
from transforms.elements.yaml_transform import YamlBertEmbeddings

PROVIDERS = """
providers:
  - type: python
    config: {}
    transforms:
      BertEmbeddings: transforms.elements.yaml_transform.YamlBertEmbeddings
"""


def run(tmp_path: Path, model: Path, error_handling: str) -> None:
    # Its import compiles a grammar for a second, in each process that collects this file.
    from apache_beam.yaml.yaml_transform import expand_pipeline

    rows = [{"id": 1, "text": "the cat sat"}, {"id": 2, "text": " "}, {"id": 3, "text": "a dog"}]
    (tmp_path / "rows.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    rejected = (
        f"""
    - type: WriteToJson
      name: WriteRejected
      input: BertEmbeddings.bad
      config: {{path: {tmp_path}/rejected}}
"""
        if error_handling
        else ""
    )
    spec = f"""
pipeline:
  transforms:
    - type: ReadFromJson
      config: {{path: {tmp_path}/rows.jsonl}}
    - type: BertEmbeddings
      input: ReadFromJson
      config:
        model: {model}
        features: [mean]
        max_seq_length: 8
        engine: tensorflow
        {error_handling}
    - type: WriteToJson
      input: BertEmbeddings
      config: {{path: {tmp_path}/vectors}}
{rejected}
{PROVIDERS}
"""
    options = PipelineOptions(["--pickle_library=cloudpickle"])
    with beam.Pipeline(runner=FnApiRunner(), options=options) as pipeline:
        expand_pipeline(pipeline, spec)


def written(tmp_path: Path, prefix: str) -> list[dict]:
    lines = [line for path in tmp_path.glob(f"{prefix}*") for line in path.read_text().splitlines()]
    return sorted(map(json.loads, lines), key=str)


@pytest.mark.slow
def test_a_yaml_pipeline_embeds_rows_and_writes_dead_letters(
    tmp_path: Path, tiny_path: Path
) -> None:
    run(tmp_path, tiny_path, "error_handling: {output: bad}")
    handler = BertModelHandler(str(tiny_path), engine="tensorflow", max_seq_length=8)
    embedder = handler.load_model()
    first, second = written(tmp_path, "vectors")
    assert (first["id"], first["text"]) == (1, "the cat sat")
    assert (second["id"], second["text"]) == (3, "a dog")
    for row in (first, second):
        (wanted,) = embedder.embed([row["text"]]).vectors
        assert row["mean"] == pytest.approx(wanted["mean"].tolist(), abs=1e-5)
    (rejected,) = written(tmp_path, "rejected")
    assert rejected["element"] == {"id": 2, "text": " "}
    assert rejected["reason"] == "empty"


@pytest.mark.slow
def test_without_error_handling_such_a_row_fails_the_pipeline(
    tmp_path: Path, tiny_path: Path
) -> None:
    with pytest.raises(Exception, match=r"cannot be embedded: empty.*in YAML error_handling"):
        run(tmp_path, tiny_path, "")
    with pytest.raises(ValueError, match="error_handling takes output"):
        YamlBertEmbeddings({"send": "bad"}, model=str(tiny_path))
