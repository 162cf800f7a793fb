import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from tensorflow.core.protobuf import saved_model_pb2

from pipeline import cli
from pipeline.options.embed_config import InputConfig
from pipeline.output import open_job
from tests.conftest import TINY_VOCABULARY
from tests.faulty_files import forbidden
from tests.lower_precision import skip_without_bfloat16
from tests.pipeline import corpus
from tests.pipeline.corpus import EMBEDDED
from tests.pipeline.verify.damaging import check, edit_json, first, fix_up, rewrite, values
from transforms.batching.windows import WindowConfig
from transforms.bert.compute import ComputeConfig
from transforms.bert.module import BertModule
from transforms.bert.vocabulary import Vocabulary
from transforms.sources.base import ReadConfig
from transforms.wordpiece import word_matching

pytestmark = pytest.mark.slow


def test_vectors_that_differ_from_the_models_are_faults(out: Path) -> None:
    pooled, sequence = first(out, "pooled/rows*"), first(out, "sequence/rows*")

    def move(records: list[Any]) -> None:
        values(records[7], "mean")[3] += 0.01

    rewrite(out, pooled, move)
    rewrite(out, sequence, lambda records: values(records[2], "input_ids").__setitem__(1, 9))
    rewrite(out, sequence, lambda records: values(records[9], "tokens").__setitem__(1, b"dog"))
    assert check(out).faults == ()
    off, *others = sorted(check(out, sample=EMBEDDED).faults)
    assert off == "--sample: mean of '7' is off by 1.0e-02, more than --tolerance 0.0001"
    assert others == [
        f"sequence/{pooled.name}: input_ids of '2' differs from what its source gives",
        f"sequence/{pooled.name}: tokens of '9' differs from what its source gives",
    ]
    assert check(out, sample=EMBEDDED, tolerance=0.1).faults == tuple(others)
    assert (out / "manifest.json").exists()


@pytest.fixture
def touched(sources: list[str]) -> Iterator[Callable[[str], None]]:
    """Change the times of sources during a test."""
    before = {path: os.stat(path).st_mtime_ns for path in sources}
    yield lambda path: os.utime(path, (5, 5))
    for path, time in before.items():
        os.utime(path, ns=(time, time))


def test_sources_that_changed_are_not_checked(
    out: Path, sources: list[str], touched: Callable[[str], None]
) -> None:
    touched(sources[1])
    verdict = check(out, sample=EMBEDDED)
    assert verdict.faults == ()
    assert verdict.sample.documents == EMBEDDED - 60
    changed = f"{sources[1]} has changed since the job was planned"
    assert verdict.not_checked[0] == f"60 documents of the sample: {changed}"
    for path in sources:
        touched(path)
    (fault,) = check(out, sample=9).faults
    assert fault.startswith("--sample: no document could be embedded again")


def test_files_of_the_job_that_cannot_be_read_are_faults(out: Path, sources: list[str]) -> None:
    path = first(out, "rejected/lines*")
    with forbidden(str(path)):
        verdict = check(out, sample=EMBEDDED)
    assert verdict.faults == (
        f"rejected/{path.name}: cannot be read: Permission denied",
        f"{sources[0]}: a file of its parts: cannot be read: Permission denied",
    )
    assert verdict.invalidated == ()


def test_a_damaged_transform_is_a_fault(out: Path) -> None:
    (out / "transform_fn/saved_model.pb").write_bytes(b"\xff" * 9)
    of_files, fault = check(out, sample=1).faults
    assert of_files in check(out).faults
    assert "do not have the sha256 that run.json names" in of_files
    assert fault.startswith("transform_fn/: cannot be loaded: ")


def test_a_transform_of_another_vocabulary_is_a_fault(out: Path, tiny_module: BertModule) -> None:
    tokens = list(TINY_VOCABULARY)
    cat, sat = tokens.index("cat"), tokens.index("sat")
    tokens[cat], tokens[sat] = tokens[sat], tokens[cat]
    swapped = Vocabulary(tuple(tokens), "")
    path = out / "transform_fn/saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    tries = {
        word_matching._build_trie(tiny_module.vocabulary.tokens, most, split=True): (
            word_matching._build_trie(swapped.tokens, most, split=True)
        )
        for most in (200, 800)
    }
    functions = model.meta_graphs[0].graph_def.library.function
    constants = [n for one in functions for n in one.node_def if n.op == "Const"]
    tables = [node for node in constants if node.attr["value"].tensor.tensor_content in tries]
    assert tables
    for node in tables:
        tensor = node.attr["value"].tensor
        tensor.tensor_content = tries[tensor.tensor_content]
    path.write_bytes(model.SerializeToString())
    _, first_, *others = check(out, sample=40).faults
    assert first_ == "transform_fn/: its wordpieces are not those of the module"
    assert all(line.startswith("transform_fn/: for documents of ") for line in others)
    assert others


def test_long_documents_and_token_vectors_alone(tiny_path: Path, tmp_path: Path) -> None:
    long = "The cat sat, unable. A dog ran on the mats! " * 9
    (tmp_path / "long.txt").write_text(f"{long}\n\nthe cat\n\u200b\nthe mat\n")
    settings = {"windows": WindowConfig(16, 5), "features": ("sequence_output",)}
    limits = {"limits": corpus.Limits(0.5)}
    corpus.embed([str(tmp_path / "long.txt")], tmp_path / "out", tiny_path, **settings, **limits)
    verdict = check(tmp_path / "out", sample=9)
    assert verdict.faults == ()
    assert verdict.records == {"sequence": 3, "rejected": 2}
    assert verdict.sample.documents == 3
    assert verdict.sample.drifts[0].difference < 1e-5
    path = first(tmp_path / "out", "sequence/*.tfrecord")
    rewrite(
        tmp_path / "out", path, lambda records: values(records[1], "sequence_output").append(1.0)
    )
    (fault,) = check(tmp_path / "out").faults
    assert fault.endswith("has 65 values, not 64")


def test_pairs_and_a_model_that_moved_or_changed(
    tiny_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    rows = [{"id": "a", "text": "the cat", "b": "a dog"}, {"id": "b", "text": "sat", "b": None}]
    (tmp_path / "a.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    read = ReadConfig(text_b_field="b", id_field="id", part_bytes=1024)
    settings = {"input": InputConfig((str(tmp_path / "a.jsonl"),), "auto", read)}
    model, out = tmp_path / "model", tmp_path / "out"
    shutil.copytree(tiny_path, model)
    corpus.embed([], out, model, **settings)
    verdict = check(out, sample=2)
    assert (verdict.faults, verdict.sample.documents) == ((), 2)
    assert (
        open_job.open_job(str(out)).config.identity()
        == corpus.config([], out, model, **settings).identity()
    )

    model.rename(tmp_path / "moved")
    assert cli.main(["verify", str(out), "--sample", "1"]) == 2
    error = capsys.readouterr().err
    assert "there is no such folder" in error
    assert "Give the current place of the job's module with --model" in error
    assert check(out, sample=1, model=str(tmp_path / "moved")).faults == ()
    (tmp_path / "moved/assets/other.txt").write_text("another module")
    assert cli.main(["verify", str(out), "--sample", "1", "--model", str(tmp_path / "moved")]) == 2
    assert "the job's module had" in capsys.readouterr().err

    edit_json(first(out, "receipts/*.json"), lambda counts: counts["counts"].update(pairs=2))
    assert check(out).faults[0].endswith("its pairs are 1, its receipt has 2")


@pytest.mark.parametrize("output_format", ["tfrecord", "parquet"])
def test_kept_numbers_must_be_equal_to_the_last_bit(
    output_format: str, tiny_path: Path, tmp_path: Path
) -> None:
    table = pa.table({"text": ["the cat", "a dog"], "score": [float("nan"), 0.25]})
    parquet.write_table(table, tmp_path / "a.parquet")
    out = tmp_path / "out"
    read = ReadConfig(keep_fields=("score",), part_bytes=1024)
    settings = {"input": InputConfig((str(tmp_path / "a.parquet"),), "auto", read)}
    features = {"features": ("mean",), "output_format": output_format}
    corpus.embed([], out, tiny_path, **settings, **features)
    assert check(out, sample=2).faults == ()
    path = first(out, f"pooled/*.{output_format}")
    if output_format == "tfrecord":
        rewrite(out, path, lambda records: values(records[1], "score").__setitem__(0, 0.250001))
    else:
        stored = parquet.read_table(path)
        place = stored.schema.get_field_index("score")
        moved = pa.array([float("nan"), 0.25 + 1e-12])
        parquet.write_table(stored.set_column(place, stored.schema.field(place), moved), path)
        fix_up(out, path)
    (fault,) = check(out, sample=2).faults
    assert "score of " in fault
    assert fault.endswith("a.parquet:1' differs from what its source gives")


def test_lower_precision_may_differ_by_a_share_of_the_largest_value(
    sources: list[str], tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skip_without_bfloat16("tensorflow", monkeypatch)
    out = tmp_path / "out"
    compute = ComputeConfig("tensorflow", "bfloat16")
    corpus.embed(sources, out, tiny_path, compute=compute, features=("mean",))
    # A part that is sampled whole has the batches of the job, and so its vectors.
    verdict = check(out, sample=EMBEDDED)
    (drift,) = verdict.sample.drifts
    assert (verdict.faults, drift.difference) == ((), 0.0)

    def move(records: list[Any]) -> None:
        values(records[1], "mean")[3] += 0.04 * drift.magnitude

    rewrite(out, first(out, "pooled/rows*"), move)
    assert check(out, sample=EMBEDDED).faults == ()
    (fault,) = check(out, sample=EMBEDDED, tolerance=1e-7).faults
    assert "more than --tolerance 1e-07" in fault
    rewrite(out, first(out, "pooled/rows*"), move)
    (fault,) = check(out, sample=EMBEDDED).faults
    assert fault.startswith("--sample: mean of '1' is off by ")
