"""Lists, structs and maps of the input go through a whole job, in every pair of formats."""

import datetime
import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline import embed, reader
from pipeline.training.columns_of_examples import Ragged
from pipeline.training.example_batches import ExampleBatches
from pipeline.training.read_settings import Reading
from pipeline.vectors import vector_folder
from pipeline.vectors.folder_files import finished_files
from pipeline.verify.check_folder import VerifyConfig, verify
from transforms.features import POOLED_OUTPUT

TEXTS = ["The tide comes in.", "Clouds are white.", "The tide comes in.", "Rain"]
OBJECTS: list[dict[str, Any]] = [
    {"tags": ["a", "é"], "meta": {"big": 10**30, "x": [1.5, {"y": None}]}, "n": [1, 2**60]},
    {"tags": [], "meta": {}, "n": [3]},
    {"tags": ["b"], "meta": None, "n": []},
    {"meta": {"z": "ü"}, "n": [4]},
]
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5)
TABLE = pa.table(
    {
        "text": TEXTS,
        "tags": pa.array([["a", None], None, [], ["b"]], pa.list_(pa.string())),
        "vector": pa.array([[0.5], [], None, [1.5, 2.5]], pa.large_list(pa.float32())),
        "meta": pa.array(
            [{"a": 1, "t": MOMENT}, None, {"a": None, "t": None}, {"a": -3, "t": None}],
            pa.struct([("a", pa.int16()), ("t", pa.timestamp("ns"))]),
        ),
        "counts": pa.array([[("x", 1)], [], None, [("y", None)]], pa.map_(pa.string(), pa.uint8())),
    }
)
FORMATS = ["tfrecord", "parquet"]


def run(folder: Path, model: Path, format_: str, fields: str, **settings: Any) -> str:
    out = str(folder / format_)
    embed(
        [str(path) for path in sorted(folder.glob("in*"))],
        out,
        model=str(model),
        engine="tensorflow",
        output_format=format_,
        keep_fields=fields,
        max_seq_length=16,
        **{"features": f"{POOLED_OUTPUT},sequence_output", **settings},
    )
    verdict = verify(VerifyConfig(out, sample=4))
    assert not verdict.faults
    assert verdict.sample is not None
    assert verdict.sample.documents == 4
    return out


def records(folder: str, family: str, name: str) -> list[Any]:
    return [
        [one.decode() if isinstance(one, bytes) else one for one in record[name]]
        for record in reader.iterate_records(folder, family)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMATS)
def test_json_of_two_small_files_is_kept(tiny_path: Path, tmp_path: Path, format_: str) -> None:
    rows = [{"text": text, **kept} for text, kept in zip(TEXTS, OBJECTS, strict=True)]
    for number in (0, 2):
        lines = "\n".join(json.dumps(row) for row in rows[number : number + 2])
        (tmp_path / f"in{number}.jsonl").write_text(lines + "\n")
    out = run(tmp_path, tiny_path, format_, "tags,meta,n")
    for family in ("pooled", "sequence"):
        assert records(out, family, "tags") == [one.get("tags", []) for one in OBJECTS]
        assert records(out, family, "n") == [one["n"] for one in OBJECTS]
        kept = [json.loads(one[0]) if one else None for one in records(out, family, "meta")]
        assert kept == [one["meta"] for one in OBJECTS]
    (columns,) = ExampleBatches(Reading(out, "pooled", 8, columns=["n", "tags"])).read(0)
    numbers = columns["n"]
    assert isinstance(numbers, Ragged)
    assert (numbers.values.tolist(), numbers.splits.tolist()) == ([1, 2**60, 3, 4], [0, 2, 3, 3, 4])
    vectors = vector_folder.open_vectors(out, finished_files(out))
    batches = [batch for file in vectors.files.files for batch in vectors.read(file)]
    tags = [values for batch in batches for values in batch.column("tags").to_pylist()]
    assert tags == [one.get("tags", []) for one in OBJECTS]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("families", "settings"),
    [
        (("pooled", "sequence"), {}),
        (("pooled",), {"features": POOLED_OUTPUT, "dedup": "corpus"}),
    ],
)
def test_columns_of_parquet_stay_what_they_are_in_parquet(
    tiny_path: Path, tmp_path: Path, families: tuple[str, ...], settings: dict[str, str]
) -> None:
    parquet.write_table(TABLE, tmp_path / "in.parquet")
    out = run(tmp_path, tiny_path, "parquet", "tags,vector,meta,counts", **settings)
    for family in families:
        (path,) = (tmp_path / "parquet" / family).glob("*.parquet")
        kept = parquet.read_table(path)
        for name in ("tags", "meta", "counts"):
            assert kept[name].equals(TABLE[name])
        assert kept["vector"].to_pylist() == TABLE["vector"].to_pylist()
    batches = ExampleBatches(Reading(out, "pooled", 8, columns=["tags"]))
    message = f"tags of document '{tmp_path / 'in.parquet'}:0' has a null: leave tags"
    with pytest.raises(ValueError, match=re.escape(message)):
        list(batches.read(0))


@pytest.mark.slow
def test_columns_of_parquet_are_lists_and_json_in_tf_examples(
    tiny_path: Path, tmp_path: Path
) -> None:
    parquet.write_table(TABLE, tmp_path / "in.parquet")
    out = run(tmp_path, tiny_path, "tfrecord", "tags,vector,meta,counts")
    assert records(out, "pooled", "tags") == [['["a",null]'], [], ["[]"], ['["b"]']]
    assert records(out, "pooled", "vector") == [[0.5], [], [], [1.5, 2.5]]
    assert records(out, "pooled", "meta")[:3] == [
        ['{"a":1,"t":"2024-01-02T03:04:05.000000000"}'],
        [],
        ['{"a":null,"t":null}'],
    ]
    assert records(out, "pooled", "counts") == [['{"x":1}'], ["{}"], [], ['{"y":null}']]
    ragged = (tmp_path / "tfrecord" / "pooled" / "schema.pbtxt").read_text().count("ragged_tensor")
    assert ragged == 1
