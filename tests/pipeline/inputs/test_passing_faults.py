"""One read that fails in passing, at any place of any format, costs no document."""

import bz2
import contextlib
import functools
import gzip
import http.client
import io
import json
import lzma
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pytest
from pyarrow import parquet

from pipeline.inputs import field_types, plan, sampling
from pipeline.options.embed_config import InputConfig
from pipeline.output import followed_plan
from tests.faulty_files import CUT, one_fault
from transforms.documents import Split, header_of
from transforms.groups.read_split import SourceError, read_unchanged
from transforms.io import decompressing, tfrecord_framing
from transforms.sources.base import ReadConfig

ROWS = [{"id": f"n{n}", "text": f"the cat sat on {n * 7919}", "k": n} for n in range(40)]
LINES = {
    "json": json.dumps(ROWS, indent=1),
    "txt": "".join(f"{row['text']}\n" for row in ROWS),
    "jsonl": "".join(f"{json.dumps(row)}\n" for row in ROWS),
    "csv": "id,text,k\n" + "".join(f'{r["id"]},"{r["text"]}",{r["k"]}\n' for r in ROWS),
    "tsv": "id\ttext\tk\n" + "".join(f"{r['id']}\t{r['text']}\t{r['k']}\n" for r in ROWS),
}
PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gz": functools.partial(gzip.compress, mtime=0),
    "bz2": bz2.compress,
    "zst": decompressing.zstd.compress,
    "xz": lzma.compress,
}


def as_parquet() -> bytes:
    file = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(ROWS), file, row_group_size=16)
    return file.getvalue()


def as_tfrecord() -> bytes:
    from tensorflow.core.example import example_pb2

    examples = []
    for row in ROWS:
        example = example_pb2.Example()
        example.features.feature["id"].bytes_list.value.append(row["id"].encode())
        example.features.feature["text"].bytes_list.value.append(row["text"].encode())
        example.features.feature["k"].int64_list.value.append(row["k"])
        examples.append(example.SerializeToString())
    return tfrecord_framing.frame(pa.array(examples, pa.large_binary()))


def contents(name: str) -> dict[str, bytes]:
    """Return the files of a corpus: of two files each, of which one has an ending."""
    if name == "parquet":
        return {"a.parquet": as_parquet(), "b": as_parquet()}
    if name == "tfrecord":
        return {"a.tfrecord": as_tfrecord(), "b": as_tfrecord()}
    if name == "files":
        texts = [row["text"].encode() for row in ROWS[:6]]
        return {f"{n}{['.md', '', '.gz'][n % 3]}": _packed(t, n) for n, t in enumerate(texts)}
    ending, _, packed = name.partition(".")
    content = LINES[ending].encode()
    if packed:
        content = PACKED[packed](content)
    return {f"a.{name}": content, "b": content}


def _packed(text: bytes, number: int) -> bytes:
    return gzip.compress(text, mtime=0) if number % 3 else text


class Outcome(NamedTuple):
    """What a job makes of its input."""

    splits: list[Split]
    kept: tuple[str, ...]
    parts: dict[str, str]


def run(config: InputConfig, stored: list[Split] | None = None) -> Outcome:
    """Plan, find types, read the sample and all parts, as a job does."""
    splits = list(followed_plan.follow(plan.make_plan(config), stored or [], True).splits)
    typed = field_types.with_types(config, splits)
    assert sampling.read_parts(splits, typed.read)
    parts = {}
    for split in splits:
        with contextlib.suppress(SourceError):
            for part in read_unchanged(split, typed.read, "run"):
                header = header_of(part)
                parts[header.key] = f"{header.name} {header.last} {part.to_pydict()}"
    return Outcome(splits, typed.read.keep_fields, parts)


FAULTS = {
    "eio": OSError(5, "Input/output error"),
    "client": http.client.IncompleteRead(b"", 9),
    "cut": CUT,
}
QUICK = ["txt", "txt.bz2", "jsonl.gz", "files"]
SLOW = [
    "csv",
    "csv.zst",
    "json.xz",
    "jsonl",
    "parquet",
    "tfrecord",
    "tsv",
    "tsv.bz2",
    "txt.gz",
    "txt.zst",
]


def _step(name: str, kind: str) -> int:
    """Return how many calls lie between two faults; 1 would take a minute for all formats."""
    # Of errors that are raised, the law for one kind is that for the other.
    return 9 if kind == "client" else 4 if name == "parquet" else 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [*QUICK, *(pytest.param(name, marks=pytest.mark.slow) for name in SLOW)]
)
def test_one_fault_at_any_call_changes_no_document(name: str, tmp_path: Path) -> None:
    for file, content in contents(name).items():
        (tmp_path / file).write_bytes(content)
    fields = {"id_field": "id", "keep_fields": ("k",)}
    read = ReadConfig(part_bytes=1024, **({} if name[:3] in ("txt", "fil") else fields))
    format_ = "files" if name == "files" else "auto"
    config = InputConfig((str(tmp_path),), format_, read)
    with one_fault(0, CUT) as counted:
        undisturbed = run(config)
    assert not any(split.unread for split in undisturbed.splits)
    for kind, fault in FAULTS.items():
        for at in range(1, counted.calls + 1, _step(name, kind)):
            with one_fault(at, fault):
                disturbed = run(config)
            where = f"{kind} at call {at} of {counted.calls}"
            assert disturbed.kept == undisturbed.kept, where
            # The parts that are done are those of an undisturbed job, and the next job has all.
            assert disturbed.parts.items() <= undisturbed.parts.items(), where
            followed = followed_plan.follow(disturbed.splits, undisturbed.splits, is_proven=True)
            assert followed.splits == undisturbed.splits, where
