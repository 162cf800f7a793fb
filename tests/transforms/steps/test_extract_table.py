"""Reading BigQuery, as far as it can be tested without the service: the graph and the lines."""

import datetime
import decimal
import json
from pathlib import Path

import apache_beam as beam
from apache_beam.io.gcp import bigquery
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.utils.timestamp import Timestamp

from transforms.rejects import Reason
from transforms.sources import json_values
from transforms.sources.base import ReadConfig
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
        "raw": "\udcff",
    }


def test_what_json_does_not_hold_is_rejected_by_name() -> None:
    row = {"text": "a", "n": float("nan"), "raw": b"\xff", "price": decimal.Decimal("1E+3")}
    line = row_to_json(row).encode()
    read = json_values.to_record(line, ReadConfig(keep_fields=("n:string", "price:string")))
    assert read.fields == ("NaN", "1000")
    for name, what in (("n:float64", "NaN"), ("raw:string", "a lone surrogate")):
        read = json_values.to_record(line, ReadConfig(keep_fields=(name,)))
        assert f"field {name.partition(':')[0]!r} holds {what}" in str(read.detail)
    assert json_values.to_record(line, ReadConfig(text_field="raw")).reason is Reason.NOT_UTF8
    assert row_to_json({"at": Timestamp(1.5)}) == '{"at":"1970-01-01T00:00:01.500000Z"}'
