import json
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.reader import load_embeddings
from pipeline.vectors.folder_files import files_so_far, finished_files
from pipeline.vectors.vector_folder import VectorFolder, open_vectors
from tests.pipeline.vectors import typed_folder
from tests.pipeline.vectors.typed_folder import FIELDS, IDS, typed_batch, typed_config, vectors_of
from transforms.records.output_format import find
from transforms.records.record_config import RecordConfig

FORMATS = [
    (name, compression)
    for name in ("tfrecord", "parquet")
    for compression in find(name).compressions
]


def read_all(vectors: VectorFolder) -> pa.Table:
    batches = [batch for file in vectors.files.files for batch in vectors.read(file)]
    return pa.Table.from_batches(batches, schema=vectors.schema)


@pytest.mark.parametrize(("format_", "compression"), FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int8"])
def test_batches_have_ids_vectors_and_typed_fields(
    format_: str, compression: str, dtype: str, tmp_path: Path
) -> None:
    config = typed_config(dtype=dtype, compression=compression, format=format_)
    parts = [typed_batch(list(IDS), vectors_of(0, 3)), typed_batch(["x", "y"], vectors_of(9, 2))]
    folder = str(typed_folder.write_typed(tmp_path / "out", config, parts))
    vectors = open_vectors(folder, finished_files(folder), "mean")
    table = read_all(vectors)
    assert (vectors.feature, vectors.dtype, vectors.width) == ("mean", dtype, 3)
    assert vectors.fields == tuple(FIELDS)
    assert vectors.files.records == table.num_rows == 5
    ids, expected = load_embeddings(folder, "mean")
    assert table["id"].to_pylist() == ids == [*IDS, "x", "y"]
    stored = np.concatenate([chunk.flatten().to_numpy() for chunk in table["mean"].chunks])
    assert np.array_equal(stored.reshape(-1, 3), expected)
    for name, (_, values) in FIELDS.items():
        assert table[name].to_pylist() == [*values, *values[:2]], name


def test_the_first_feature_is_the_default_and_others_are_named(tmp_path: Path) -> None:
    parts = [typed_batch(["a"], vectors_of(1, 1))]
    folder = str(typed_folder.write_typed(tmp_path, typed_config(), parts))
    assert open_vectors(folder, finished_files(folder)).feature == "pooled_output"
    with pytest.raises(ValueError, match="has no 'max'; it has pooled_output, mean"):
        open_vectors(folder, finished_files(folder), "max")


def test_structs_and_maps_are_json(tmp_path: Path) -> None:
    kept = ("a:struct<n:int64>", "b:map<string,int64>")
    config = RecordConfig(("mean",), keep_fields=kept, format="parquet")
    part = typed_batch(["x", "y"], vectors_of(1, 2)).select(range(7))
    for field, values in zip(config.kept, ([{"n": 3}, None], [[("k", 1)], None]), strict=True):
        part = part.append_column(f"fields.{field.name}", pa.array(values, field.arrow))
    folder = str(typed_folder.write_typed(tmp_path, config, [part]))
    table = read_all(open_vectors(folder, finished_files(folder)))
    assert table["a"].to_pylist() == ['{"n":3}', None]
    assert table["b"].to_pylist() == ['{"k":1}', None]


def test_a_folder_without_run_json_has_text(tmp_path: Path) -> None:
    parts = [typed_batch(["a"], vectors_of(1, 1))]
    config = typed_config(format="parquet")
    folder = typed_folder.write_typed(tmp_path, config, parts)
    (folder / "run.json").unlink()
    with pytest.raises(ValueError, match=r"pooled/part-0.parquet is damaged: .*UTF8"):
        read_all(open_vectors(str(folder), finished_files(str(folder))))


def test_a_running_job_has_the_files_of_its_receipts(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    shutil.copytree(finished, folder)
    whole = finished_files(str(folder))
    assert whole == files_so_far(str(folder))
    (folder / "manifest.json").unlink()
    assert files_so_far(str(folder)) == whole
    receipt = next((folder / "receipts").glob("rows-000000000000-*"))
    removed = [f["path"] for f in json.loads(receipt.read_text())["files"]]
    receipt.unlink()
    rest = files_so_far(str(folder))
    assert rest.pending == 1
    assert {file.path for file in whole.files} - {file.path for file in rest.files} >= {
        path for path in removed if re.match("pooled/", path)
    }
    assert whole.records == len(load_embeddings(str(finished)).ids)
    with pytest.raises(ValueError, match="not finished"):
        finished_files(str(folder))


def test_other_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no run.json: it is not an output folder"):
        files_so_far(str(tmp_path))
