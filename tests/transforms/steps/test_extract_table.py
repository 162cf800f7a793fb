"""Reading BigQuery, as far as it can be tested without the service: the graph and the lines."""

import datetime
import json
from pathlib import Path

import apache_beam as beam
from apache_beam.io.gcp import bigquery
from apache_beam.options.pipeline_options import PipelineOptions

from transforms.steps.extract_table import ExtractTable, row_to_json


def test_the_graph_reads_the_columns_of_the_table_and_writes_lines(tmp_path: Path) -> None:
    pipeline = beam.Pipeline(options=PipelineOptions(["--project=billed"]))
    pipeline | ExtractTable("some-project:corpus.articles", ("text", "id"), str(tmp_path / "rows"))

    applied: dict[str, beam.PTransform] = {}

    class Visitor(beam.pipeline.PipelineVisitor):
        def enter_composite_transform(self, node: object) -> None:
            applied[node.full_label] = node.transform

        def visit_transform(self, node: object) -> None:
            applied[node.full_label] = node.transform

    pipeline.visit(Visitor())
    (source,) = {
        id(node.source): node.source
        for node in applied.values()
        if isinstance(node, beam.io.Read)
        and isinstance(node.source, bigquery._CustomBigQueryStorageSource)
    }.values()
    table = source.table_reference
    assert (table.projectId, table.datasetId, table.tableId) == (
        *("some-project", "corpus", "articles"),
    )
    assert source.selected_fields == ["text", "id"]
    assert any(isinstance(node, beam.io.WriteToText) for node in applied.values())
    # What a runner is handed.
    assert pipeline.to_runner_api().components.transforms


def test_rows_become_lines_whatever_is_in_them() -> None:
    moment = datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    row = {"text": "a\nb\u2028\x00", "n": None, "at": moment, "raw": b"\xff", "tags": ["x", 1.5]}
    line = row_to_json(row)
    assert "\n" not in line
    assert json.loads(line) == {
        **row,
        "at": "2026-01-02T03:04:05+00:00",
        "raw": "\ufffd",
    }
    assert json.loads(row_to_json({"n": float("nan")})) == {"n": None}
