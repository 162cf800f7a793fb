"""An output folder that somebody else has changed: nothing outside of it is read or written."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from pipeline import cli, reader, status
from pipeline.commands import head
from pipeline.errors import UsageError
from pipeline.output import output_folder, plan_file
from tests.pipeline import corpus
from transforms.io import tfrecord_framing

FOLDERS = (
    *("pooled", "sequence", "rejected", "receipts", "repeats"),
    *("tmp", "transform_fn", "transformed_metadata"),
)
FILES = ("manifest.json", "run.json", "plan.jsonl")
WRONG = (-1, 10**30, 1.5, float("nan"), "x", None, [], {}, True)


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """A copy of a finished job, with its times."""
    return shutil.copytree(finished, tmp_path / "out")


def set_at(path: Path, place: tuple, value: object) -> None:
    """Change one value in a JSON file, or in the first line of a file of them."""
    first, *others = path.read_text().split("\n") if path.suffix == ".jsonl" else [path.read_text()]
    whole = json.loads(first)
    inner = whole
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path.write_text("\n".join([json.dumps(whole), *others]))


def read_all(out: Path) -> None:
    list(head.head(str(out), 3))
    reader.load_embeddings(str(out))
    list(reader.iterate_sequences(str(out)))


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("name", [*FOLDERS, *FILES])
def test_a_job_does_not_write_through_a_link(
    name: str, overwrite: bool, out: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    if (out / name).exists():
        (out / name).rename(elsewhere / name)
    elif name in FOLDERS:
        (elsewhere / name).mkdir()
    (out / name).symlink_to(elsewhere / name)
    before = tree(tmp_path)
    with pytest.raises(UsageError) as refused:
        corpus.embed(globs, out, tiny_path, overwrite=overwrite)
    assert str(refused.value).startswith(f"--output: {out / name} is a symbolic link")
    assert "replace it by the file or folder itself" in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1
    assert tree(tmp_path) == before


@pytest.mark.parametrize("name", ["pooled", "receipts", "manifest.json", "run.json", "plan.jsonl"])
def test_nothing_is_read_through_a_link(name: str, out: Path, tmp_path: Path) -> None:
    (out / name).rename(tmp_path / "elsewhere")
    (out / name).symlink_to(tmp_path / "elsewhere")
    read = read_all if name in ("pooled", "manifest.json") else status.measure
    with pytest.raises(ValueError, match=f"{name} is a symbolic link"):
        read(str(out) if read is status.measure else out)


def test_a_pipe_in_the_place_of_a_file_does_not_hold_a_command_up(out: Path) -> None:
    for name, command in (("manifest.json", "head"), ("run.json", "status")):
        (out / name).unlink()
        os.mkfifo(out / name)
        assert cli.main([command, str(out)]) == 2


def test_an_output_folder_may_be_a_link_itself(
    out: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(out)
    assert corpus.embed(globs, tmp_path / "link", tiny_path).nothing_left
    assert len(reader.load_embeddings(str(tmp_path / "link")).ids) == corpus.EMBEDDED
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="dangling: cannot be written"):
        corpus.embed(globs, tmp_path / "dangling", tiny_path)


def test_links_in_the_place_of_parts_are_replaced_and_not_followed(
    out: Path, finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    part = min(out.glob("pooled/*.tfrecord"))
    receipt = out / "receipts" / f"{part.stem}.json"
    for path in (part, receipt, out / "pooled/schema.pbtxt"):
        path.unlink()
        (tmp_path / path.name).write_bytes(b"precious")
        path.symlink_to(tmp_path / path.name)
    summary = corpus.embed(globs, out, tiny_path)
    assert summary.parts_before == len(summary.progress.parts) - 1
    assert corpus.data_files(out).keys() == corpus.data_files(finished).keys()
    assert not part.is_symlink()
    assert not receipt.is_symlink()
    for path in (part, receipt, out / "pooled/schema.pbtxt"):
        assert (tmp_path / path.name).read_bytes() == b"precious"


@pytest.mark.parametrize(
    "path",
    [
        "../elsewhere.tfrecord",
        "pooled/../../elsewhere.tfrecord",
        "pooled//../../elsewhere.tfrecord",
        "pooled/link.tfrecord",
        "pooled/\0",
        "pooled/\ud800",
        "pooled/" + "a" * 5000,
        "pooled/none.tfrecord",
    ],
)
def test_a_manifest_that_points_elsewhere_opens_nothing(
    path: str, out: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    shutil.copy(min(out.glob("pooled/*.tfrecord")), tmp_path / "elsewhere.tfrecord")
    (out / "pooled/link.tfrecord").symlink_to(tmp_path / "elsewhere.tfrecord")
    place = ("parts", 0, "files", 0, "path")
    set_at(out / "manifest.json", place, path)
    if not path.startswith("pooled/"):
        # Of no family, it is not read at all; neither are its documents.
        assert len(reader.load_embeddings(str(out)).ids) < corpus.EMBEDDED
        return
    with pytest.raises(ValueError, match=r"points outside|is missing|is damaged"):
        reader.load_embeddings(str(out))
    assert cli.main(["head", str(out)]) == 2
    assert len(capsys.readouterr().err) < 500


PLACES = {
    "manifest.json": [
        *[("format_version",), ("parts",), ("parts", 0), ("parts", 0, "files")],
        *[("parts", 0, "files", 0), ("parts", 0, "files", 0, "path")],
        ("parts", 0, "files", 0, "records"),
    ],
    "run.json": [
        *[("format_version",), ("configuration",), ("model",), ("model", "fingerprint")],
        *[("transform",), ("transform", "fingerprint"), ("transform", "length_quantiles")],
        ("transform", "length_quantiles", 3),
    ],
    "plan.jsonl": [
        *[("source",), ("start",), ("end",), ("size",)],
        *[("version",), ("format",), ("compression",)],
    ],
}
# What a field may hold as well; then the rest has to hold together.
FINE = {("transform", None), ("end", None)}
FINE |= {(name, "x") for name in ("source", "version", "format", "compression", "fingerprint")}
FINE |= {("path", "x")}


@pytest.mark.parametrize(
    ("name", "place"), [(name, place) for name in PLACES for place in PLACES[name]], ids=str
)
def test_values_of_other_kinds_are_refused_in_one_line(
    name: str, place: tuple, finished: Path, tmp_path: Path
) -> None:
    shutil.copytree(finished, tmp_path / "out", ignore=shutil.ignore_patterns("transform*"))
    content = (tmp_path / "out" / name).read_text()
    read = {"manifest.json": read_all}.get(name, lambda out: status.measure(str(out)))
    for wrong in WRONG:
        (tmp_path / "out" / name).write_text(content)
        set_at(tmp_path / "out" / name, place, wrong)
        try:
            read(tmp_path / "out")
        except ValueError as error:
            assert len(str(error).splitlines()) == 1  # noqa: PT017
        else:
            empty = wrong in ([], {}) and place[-1] in ("configuration", "parts", "files")
            assert empty or (place[-1], wrong) in FINE, wrong


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "text", ["[" * 100_000, "", "{}", "[]", "7", '{"format_version": 1e400}', "\0", "1" * 5000]
)
def test_json_of_no_sense_is_refused(
    name: str, text: str, finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    shutil.copytree(finished, tmp_path / "out", ignore=shutil.ignore_patterns("transform*"))
    (tmp_path / "out" / name).write_text(text)
    assert cli.main(["head" if name == FILES[0] else "status", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert name in error
    assert len(error.splitlines()) == 1
    assert len(error) < 500


def more_records_than_bytes(manifest: Any) -> None:
    manifest["parts"][0]["files"][0]["records"] = 10**15


def one_record_less(manifest: Any) -> None:
    manifest["parts"][0]["files"][0]["records"] -= 1


def one_file_twice(manifest: Any) -> None:
    manifest["parts"][1] = manifest["parts"][0]


@pytest.mark.parametrize("change", [more_records_than_bytes, one_record_less, one_file_twice])
def test_a_manifest_that_does_not_fit_its_files_is_refused(
    change: Callable[[Any], None], out: Path
) -> None:
    manifest = json.loads((out / "manifest.json").read_text())
    change(manifest)
    (out / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(ValueError, match=r"do not fit into its files|does not have the|twice"):
        reader.load_embeddings(str(out))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name: "pooled_output"', 'name: "cls"'),
        ("size: 16", "size: 17"),
        ("size: 16", "size: 1099511627776"),
        ("size: 16", "size: -1"),
        ("type: FLOAT", "type: BYTES"),
        ("type: INT", "type: FLOAT"),
        ('name: "id"', 'name: "num_tokens"'),
        ('name: "id"', 'name: "ids"'),
        ("feature {", "feature {{"),
        ("type: INT", "type: NONE_SUCH"),
    ],
)
def test_a_schema_that_does_not_fit_is_refused(old: str, new: str, out: Path) -> None:
    schema = out / "pooled/schema.pbtxt"
    assert old in schema.read_text()
    schema.write_text(schema.read_text().replace(old, new, 1))
    with pytest.raises(ValueError, match=r"out"):
        reader.load_embeddings(str(out))


@pytest.mark.parametrize("length", [2**31 + 1, 2**50, 2**63, 2**64 - 1])
def test_a_record_that_says_it_is_endless_is_refused(length: int, out: Path) -> None:
    path = min(out.glob("pooled/*.tfrecord"))
    head_ = length.to_bytes(8, "little")
    path.write_bytes(head_ + tfrecord_framing.masked_crc(head_) + bytes(5000))
    with pytest.raises(ValueError, match=f"a record of {length} bytes"):
        reader.load_embeddings(str(out))


def test_a_receipt_that_points_elsewhere_costs_its_part_alone(
    out: Path, finished: Path, globs: list[str], tiny_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "passwd").write_text("secret")
    receipts = sorted((out / "receipts").iterdir())
    for receipt, path in zip(receipts, ["../passwd", str(tmp_path / "passwd")], strict=False):
        set_at(receipt, ("files", 0, "path"), path)
    set_at(receipts[2], ("finished",), "soon")
    set_at(receipts[3], ("counts", "num_tokens"), -5)
    summary = corpus.embed(globs, out, tiny_path)
    assert summary.parts_before == len(summary.progress.parts) - 4
    assert corpus.data_files(out) == corpus.data_files(finished)
    assert (tmp_path / "passwd").read_text() == "secret"


def test_a_plan_that_names_another_file_is_of_another_job(
    out: Path, globs: list[str], tiny_path: Path
) -> None:
    undisturbed = tree(out)
    set_at(out / "plan.jsonl", ("source",), "/etc/passwd")
    # run.json has the hash of the plan of the input, which is written again.
    assert corpus.embed(globs, out, tiny_path).nothing_left
    assert tree(out) == undisturbed
    set_at(out / "plan.jsonl", ("source",), "/etc/passwd")
    edited = hashlib.sha256((out / "plan.jsonl").read_bytes()).hexdigest()
    set_at(out / "run.json", ("plan",), edited)
    before = tree(out)
    with pytest.raises(UsageError, match=r"belongs to another job: /etc/passwd is missing"):
        corpus.embed(globs, out, tiny_path)
    assert tree(out) == before


@pytest.mark.slow
def test_a_run_that_cannot_be_read_is_refused_with_the_way_out(
    out: Path, globs: list[str], tiny_path: Path
) -> None:
    (out / "run.json").unlink()
    (out / "run.json").mkdir()
    with pytest.raises(UsageError, match="--overwrite starts again"):
        corpus.embed(globs, out, tiny_path)
    assert plan_file.load_plan(str(out))
    assert not corpus.embed(globs, out, tiny_path, overwrite=True).nothing_left


def test_times_beyond_every_clock_are_no_time_left(out: Path) -> None:
    for receipt in sorted((out / "receipts").iterdir())[1:]:
        receipt.unlink()
    (receipt,) = (out / "receipts").iterdir()
    set_at(receipt, ("seconds", "encode_seconds"), 1e11)
    state = status.measure(str(out))
    assert (state.parts, state.seconds_left) == (1, None)
    assert "time left" not in status.to_text(state)


@pytest.fixture
def hostile_module(tiny_path: Path, tmp_path: Path) -> Path:
    """A BERT whose pooled_output waits for a file to be written."""
    path = shutil.copytree(tiny_path, tmp_path / "hostile")
    model = saved_model_pb2.SavedModel.FromString((path / "saved_model.pb").read_bytes())
    for meta_graph in model.meta_graphs:
        for name in ("to", "what"):
            node = meta_graph.graph_def.node.add(name=name, op="Const")
            value = tf.make_tensor_proto(str(tmp_path / "written"), tf.string)
            node.attr["value"].tensor.CopyFrom(value)
            node.attr["dtype"].type = tf.string.as_datatype_enum
        meta_graph.graph_def.node.add(name="write", op="WriteFile", input=["to", "what"])
        pooled = meta_graph.signature_def["tokens"].outputs["pooled_output"].name.split(":")[0]
        nodes = {node.name: node for node in meta_graph.graph_def.node}
        nodes[pooled].input.append("^write")
    (path / "saved_model.pb").write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect-model", "{model}"],
        ["tokenize", "--model", "{model}", "--input", "{input}"],
        ["embed", "--model", "{model}", "--input", "{input}", "--output", "{output}"],
        ["plan", "--model", "{model}", "--input", "{input}", "--output", "{output}"],
    ],
    ids=lambda arguments: arguments[0],
)
def test_a_model_that_writes_files_is_refused_before_it_runs(
    arguments: list[str], hostile_module: Path, tmp_path: Path, capfd: pytest.CaptureFixture
) -> None:
    (tmp_path / "a.txt").write_text("the cat\n")
    places = {"model": hostile_module, "input": tmp_path / "a.txt", "output": tmp_path / "out"}
    assert cli.main([argument.format(**places) for argument in arguments]) == 2
    assert "has the operation WriteFile" in capfd.readouterr().err
    assert not (tmp_path / "written").exists()
    assert not (tmp_path / "out").exists()


def test_a_transform_that_writes_files_is_not_run(
    out: Path, globs: list[str], tiny_path: Path, hostile_module: Path, tmp_path: Path
) -> None:
    (out / "manifest.json").unlink()
    min(out.glob("receipts/*")).unlink()
    shutil.copy(hostile_module / "saved_model.pb", out / "transform_fn/saved_model.pb")
    stored = json.loads((out / "run.json").read_text())
    # Even if it has the hash that run.json names.
    stored["transform"]["sha256"] = output_folder.hash_transform(str(out))
    (out / "run.json").write_text(json.dumps(stored))
    corpus.embed(globs, out, tiny_path)
    assert not (tmp_path / "written").exists()
    assert b"WriteFile" not in (out / "transform_fn/saved_model.pb").read_bytes()
