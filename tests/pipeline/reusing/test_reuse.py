"""`--reuse`: vectors of documents that were computed before are taken, and no byte changes."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline import status
from pipeline.errors import JobError, UsageError
from pipeline.options.embed_config import InputConfig
from pipeline.result import to_text
from pipeline.runners import surroundings
from pipeline.verify.check_folder import VerifyConfig, verify
from tests.conftest import make_checkpoint
from tests.pipeline.reusing.moved_corpus import (
    TEXTS,
    content_of,
    embed,
    reused,
    write,
)
from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.bert.compute import ComputeConfig
from transforms.checkpoints import importing
from transforms.records.postprocess import Shaping
from transforms.rows.row_config import RowConfig
from transforms.sources.base import ReadConfig

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("before") / "in", TEXTS, 5)


@pytest.fixture(scope="module")
def earlier(source: Path, tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished job; it must not be changed."""
    output = tmp_path_factory.mktemp("earlier") / "out"
    embed(source, output, tiny_path)
    return output


def both(
    source: Path, place: Path, model: Path, reuse: Path, **settings: Any
) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Embed with the vectors of a folder and from nothing; return what was taken and written."""
    summary = embed(source, place / "reusing", model, reuse=str(reuse), **settings)
    embed(source, place / "fresh", model, **settings)
    assert verify(VerifyConfig(str(place / "reusing"), sample=50)).faults == ()
    return reused(summary), *(content_of(place / name) for name in ("reusing", "fresh"))


CHANGED = (*TEXTS[3:], "a dog ran", "dogs dogs dogs .", "кот e é")


@pytest.mark.parametrize(
    ("texts", "files"), [(TEXTS, 3), (TEXTS, 1), (CHANGED, 5)], ids=["sharded", "merged", "changed"]
)
def test_documents_that_moved_cost_no_computing(
    texts: tuple[str, ...], files: int, earlier: Path, tiny_path: Path, tmp_path: Path
) -> None:
    moved = write(tmp_path / "in", texts, files, seed=1)
    taken, made, fresh = both(moved, tmp_path, tiny_path, earlier)
    assert made == fresh
    assert taken == len(set(texts) & set(TEXTS))
    assert not (tmp_path / "reusing/tmp").exists()


STORED = [
    {"dtype": "float16", "compression": "gzip"},
    {"dtype": "int8", "shaping": Shaping(normalize=True)},
    {"dtype": "bfloat16", "output_format": "parquet"},
    {"shaping": Shaping(5, normalize=True)},
]


@pytest.mark.parametrize("settings", STORED, ids=str)
def test_stored_vectors_are_copied_as_they_are(
    settings: dict[str, Any], source: Path, tiny_path: Path, tmp_path: Path
) -> None:
    embed(source, tmp_path / "earlier", tiny_path, **settings)
    moved = write(tmp_path / "in", TEXTS, 2, seed=1)
    taken, made, fresh = both(moved, tmp_path, tiny_path, tmp_path / "earlier", **settings)
    assert made == fresh
    assert taken == len(TEXTS)


ROWS = [
    {"windows": WindowConfig(8, 3)},
    {"rows": RowConfig("windows"), "windows": WindowConfig(12)},
]


@pytest.mark.parametrize("settings", ROWS, ids=["averaged", "rows"])
def test_windows_are_found_by_their_own_wordpieces(
    settings: dict[str, Any], source: Path, tiny_path: Path, tmp_path: Path
) -> None:
    embed(source, tmp_path / "earlier", tiny_path, **settings)
    moved = write(tmp_path / "in", CHANGED, 2, seed=1)
    taken, made, fresh = both(moved, tmp_path, tiny_path, tmp_path / "earlier", **settings)
    assert made == fresh
    assert taken >= len(set(CHANGED) & set(TEXTS))


def test_flags_of_the_input_and_the_records_may_differ(
    earlier: Path, tiny_path: Path, tmp_path: Path
) -> None:
    lines = [json.dumps({"key": n, "body": text}) for n, text in enumerate(TEXTS)]
    (tmp_path / "in.jsonl").write_text("\n".join(lines))
    read = ReadConfig(part_bytes=4096, text_field="body", keep_fields=("key:int64",))
    settings = {
        "input": InputConfig((str(tmp_path / "in.jsonl"),), "jsonl", read),
        "features": ("pooled_output",),
        "output_format": "parquet",
        "batching": BatchingConfig(128, length_group=8),
        "windows": WindowConfig(30),
    }
    embed(tmp_path, tmp_path / "long", tiny_path, **settings)
    # Documents of more than 8 tokens are others there.
    taken, made, fresh = both(tmp_path, tmp_path, tiny_path, earlier, **settings)
    assert made == fresh
    assert 0 < taken < len(TEXTS)


def _break_digests(output: Path) -> None:
    for path in (output / "digests").iterdir():
        path.write_bytes(path.read_bytes()[::-1])


def _break_vectors(output: Path) -> None:
    for path in (output / "pooled").glob("*.tfrecord"):
        content = bytearray(path.read_bytes())
        content[-8] ^= 1
        path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [_break_digests, _break_vectors])
def test_nothing_is_taken_from_damaged_files(
    damage: Callable[[Path], None],
    source: Path,
    tiny_path: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    parts = len(embed(source, tmp_path / "earlier", tiny_path).progress.parts)
    damage(tmp_path / "earlier")
    moved = write(tmp_path / "in", TEXTS, 2, seed=1)
    taken, made, fresh = both(moved, tmp_path, tiny_path, tmp_path / "earlier")
    assert (taken, made) == (0, fresh)
    assert f"no vector is taken from {parts} damaged parts of {tmp_path}" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"windows": WindowConfig(8, 3)}, "--window_stride 0 there, 3 now"),
        ({"dtype": "float16"}, "--dtype float32 there, float16 now"),
        ({"features": ("mean", "max")}, "--features has no max there"),
        ({"prompt": "the cat"}, "--prompt not given there, the cat now"),
    ],
)
def test_vectors_of_another_configuration_are_refused(
    settings: dict[str, Any],
    why: str,
    earlier: Path,
    source: Path,
    tiny_path: Path,
    tmp_path: Path,
) -> None:
    with pytest.raises(UsageError, match=r"--reuse .*: its vectors are not those of this job") as e:
        embed(source, tmp_path / "out", tiny_path, reuse=str(earlier), **settings)
    assert why in str(e.value)
    assert not (tmp_path / "out/run.json").exists()


def test_vectors_of_another_model_are_refused(earlier: Path, source: Path, tmp_path: Path) -> None:
    importing.write_module(make_checkpoint(seed=1), tmp_path / "other")
    with pytest.raises(UsageError, match="--model is another one"):
        embed(source, tmp_path / "out", tmp_path / "other", reuse=str(earlier))


def test_a_folder_without_a_job_or_without_digests_is_refused(
    source: Path, tiny_path: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match=r"has no run\.json: it is not an output folder"):
        embed(source, tmp_path / "out", tiny_path, reuse=str(tmp_path / "empty"))
    embed(source, tmp_path / "earlier", tiny_path)
    for path in (tmp_path / "earlier/digests").iterdir():
        path.unlink()
    with pytest.raises(UsageError, match="its parts have no digests"):
        embed(source, tmp_path / "out", tiny_path, reuse=str(tmp_path / "earlier"))


def test_what_was_taken_is_shown(
    earlier: Path, source: Path, tiny_path: Path, tmp_path: Path
) -> None:
    summary = embed(source, tmp_path / "out", tiny_path, reuse=str(earlier))
    line = f"reused      {len(TEXTS)} documents got vectors of earlier parts"
    assert line in to_text(summary)
    shown = status.to_text(status.measure(str(tmp_path / "out")))
    assert f"reused     {len(TEXTS)}, with vectors of earlier parts" in shown


def test_a_job_that_was_killed_takes_the_rest(
    earlier: Path, tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transforms import write as writing

    moved = write(tmp_path / "in", CHANGED, 3, seed=1)
    write_part, calls = writing.write_part, itertools.count()

    def two_parts(*arguments: Any) -> object:
        if next(calls) >= 2:
            raise OSError("killed")
        return write_part(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(writing, "write_part", two_parts)
        # Several write parts.
        patched.setattr(surroundings, "MOST_THREADS", 3)
        with pytest.raises(JobError, match="killed"):
            embed(moved, tmp_path / "reusing", tiny_path, reuse=str(earlier))
    taken, made, fresh = both(moved, tmp_path, tiny_path, earlier)
    assert made == fresh
    assert taken == len(set(CHANGED) & set(TEXTS))


@pytest.mark.parametrize("name", ["compute", "features", "dedup"])
def test_jobs_that_cannot_take_vectors_say_why(
    name: str, source: Path, tiny_path: Path, tmp_path: Path
) -> None:
    settings: dict[str, dict[str, Any]] = {
        "compute": {"compute": ComputeConfig(), "batching": BatchingConfig(64)},
        "features": {"features": ("mean", "sequence_output")},
        "dedup": {"dedup": "corpus"},
    }
    with pytest.raises(ValueError, match=r"^--reuse: "):
        embed(source, tmp_path / "out", tiny_path, reuse="somewhere", **settings[name])


def test_jobs_whose_vectors_depend_on_batches_keep_no_digests(
    source: Path, tiny_path: Path, tmp_path: Path
) -> None:
    settings = {"compute": ComputeConfig(), "batching": BatchingConfig(64)}
    embed(source, tmp_path / "out", tiny_path, **settings)
    assert not (tmp_path / "out/digests").exists()
