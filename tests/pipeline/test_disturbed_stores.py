"""Whole jobs on object stores whose connections break and whose servers fail."""

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tensorflow_transform as tft

from pipeline import cli, graphs
from pipeline.output import layout, lock_owner
from tests.pipeline import corpus, object_stores
from transforms.io import storage

DATA = ("pooled/", "rejected/", "manifest.json", "plan.jsonl")


class Jobs(NamedTuple):
    """A store with a corpus and the output `sound` of an undisturbed job, and what starts a job."""

    store: object_stores.Store
    embed: Callable[[str], int]
    sound: dict[str, bytes]


@pytest.fixture(scope="module", params=object_stores.STORES)
def store(request: pytest.FixtureRequest) -> Iterator[object_stores.Store]:
    with object_stores.without_waiting(request.param) as store:
        yield store


@pytest.fixture(scope="module")
def jobs(store: object_stores.Store, tiny_path: Path, tmp_path_factory: Any) -> Iterator[Jobs]:
    with pytest.MonkeyPatch.context() as patch:
        lines = [corpus.sentence(number) for number in range(60)]
        rows = [{"id": n, "text": line, "k": f"v{n}"} for n, line in enumerate(lines)]
        content = "\n".join(["{not json", *map(json.dumps, rows)]).encode()
        store.upload("corpus/rows.jsonl", content)
        store.upload("corpus/rows.jsonl.gz", gzip.compress(content, mtime=0))

        def embed(output: str) -> int:
            words = ["embed", "--input", f"{store.url}/corpus/*", "--model", str(tiny_path)]
            words += ["--output", f"{store.url}/{output}", "--id_field=id", "--keep_fields=k"]
            words += ["--part_bytes=1500", "--max_rejected=0.1", "--max_seq_length=8"]
            return cli.main([*words, "--tokens_per_batch=64", "--engine=tensorflow"])

        assert embed("sound") == 0
        sound = store.objects("sound")
        _analyze_once(patch, sound, tmp_path_factory.mktemp("analysis"))
        yield Jobs(store, embed, data(sound))


def _analyze_once(patch: pytest.MonkeyPatch, objects: dict[str, bytes], folder: Path) -> None:
    """Give later jobs the transform of an earlier one; TensorFlow loads it once."""
    for name, content in objects.items():
        if name.startswith("transform"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def copy(_: object, __: object, target: str) -> None:
        shutil.copytree(folder, target, dirs_exist_ok=True)

    load, loaded = tft.TFTransformOutput, {}

    def load_once(place: str) -> tft.TFTransformOutput:
        content = (Path(place) / "transform_fn/saved_model.pb").read_bytes()
        key = hashlib.sha256(content).digest()
        if key not in loaded:
            loaded[key] = load(place)
            loaded[key].transform_features_layer()
        return loaded[key]

    patch.setattr(graphs, "build_analyze", copy)
    patch.setattr(tft, "TFTransformOutput", load_once)


def data(objects: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in objects.items() if name.startswith(DATA)}


def check(jobs: Jobs, output: str) -> None:
    """Check that a job has written what the undisturbed one has, and left nothing."""
    jobs.store.proxy.share = 0.0
    objects = jobs.store.objects(output)
    assert data(objects) == jobs.sound
    assert not [name for name in objects if name.startswith(("tmp/", "transform_tmp/"))]
    assert layout.LOCK_FILE not in objects
    assert not jobs.store.unfinished()


def test_files_are_as_over_a_sound_connection(store: object_stores.Store) -> None:
    store.proxy.restart(0.2, seed=1)
    folder = f"{store.url}/files"
    contents = {f"{number}": bytes([number]) * (number * 1000) for number in range(9)}
    for name, content in contents.items():
        storage.write_bytes(folder, f"a/{name}", content)
        assert storage.read_bytes(f"{folder}/a/{name}") == content
        assert storage.identify(f"{folder}/a/{name}")[0] == len(content)
    assert list(storage.list_folder(f"{folder}/a")) == list(contents)
    assert storage.read_bytes(f"{folder}/a/none") is None
    storage.rename(f"{folder}/a/8", f"{folder}/b")
    storage.delete([f"{folder}/a/{number}" for number in range(6)])
    storage.delete_file(f"{folder}/a/6")
    assert store.objects("files") == {"a/7": contents["7"], "b": contents["8"]}
    assert not store.unfinished()
    assert len(store.proxy.faults) > 3


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.05, 0.15])
def test_faults_change_no_byte_and_leave_nothing(
    jobs: Jobs, share: float, capsys: pytest.CaptureFixture[str]
) -> None:
    proxy = jobs.store.proxy
    proxy.restart(share, seed=round(share * 100))
    attempts = 1
    while jobs.embed(f"at {share}") != 0:
        assert_one_line(jobs, capsys.readouterr().err)
        attempts += 1
    check(jobs, f"at {share}")
    assert attempts == 1 or share > 0.05
    assert sum(proxy.faults.values()) > share * proxy.requests / 3


@pytest.mark.slow
def test_an_outage_ends_the_job_and_the_same_command_continues(
    jobs: Jobs, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store fails at every request from one on: of the plan, the analysis, workers, the end."""
    # A job cannot release its lock in an outage. Its process would end; here it is this one.
    monkeypatch.setattr(lock_owner, "has_ended", lambda _: True)
    for answered in (0, 20, 60, 100, 140):
        jobs.store.proxy.restart(0.0, 0, answered)
        assert jobs.embed("outage") == 1
        assert_one_line(jobs, capsys.readouterr().err)
    jobs.store.proxy.restart(0.0, 0)
    assert jobs.embed("outage") == 0
    check(jobs, "outage")


def assert_one_line(jobs: Jobs, error: str) -> None:
    """Check that a failure names an object, says how to continue, and is not a traceback."""
    line, *rest = [line for line in error.splitlines() if line.strip()]
    assert f"{jobs.store.url}/" in line
    assert "Traceback" not in error
    assert len(rest) <= 1
