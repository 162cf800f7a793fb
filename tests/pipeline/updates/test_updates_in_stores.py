"""Updates, carried parts and `clean` in object stores, which copy files by themselves."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli, reader
from tests.pipeline import corpus, object_stores

pytestmark = pytest.mark.slow


@pytest.fixture(params=object_stores.STORES)
def store(request: pytest.FixtureRequest) -> Iterator[object_stores.Store]:
    with object_stores.without_waiting(request.param) as store:
        yield store


def rows(first: int, count: int) -> bytes:
    numbers = range(first, first + count)
    lines = (json.dumps({"id": n, "text": corpus.sentence(n)}) + "\n" for n in numbers)
    return "".join(lines).encode()


def data(objects: dict[str, bytes]) -> dict[str, Any]:
    """Return the files of a folder whose bytes do not differ from call to call."""
    manifest = json.loads(objects["manifest.json"])
    manifest.pop("history", None)
    named = {name: content for name, content in objects.items() if name.startswith("pooled/")}
    return named | {"manifest": manifest, "plan": objects["plan.jsonl"]}


def test_a_file_that_was_appended_to(store: object_stores.Store, tiny_path: Path) -> None:
    # Other tests of the process leave objects in the same bucket.
    def embed(output: str, *more: str) -> int:
        words = ["embed", "--input", f"{store.url}/growing/*", "--model", str(tiny_path)]
        words += ["--output", f"{store.url}/{output}", "--id_field=id", "--features=mean"]
        words += ["--part_bytes=1500", "--max_seq_length=8", "--tokens_per_batch=64"]
        return cli.main([*words, "--engine=tensorflow", *more])

    store.upload("growing/rows.jsonl", rows(0, 60))
    assert embed("grown") == 0
    folder = f"{store.url}/grown"
    before = reader.load_embeddings(folder).ids
    store.upload("growing/rows.jsonl", rows(0, 70))
    store.upload("growing/more.jsonl", rows(80, 20))
    assert embed("grown") == 2
    assert embed("grown", "--update", "--check=content") == 0
    assert reader.load_embeddings(folder, generation=1).ids == before
    assert len(reader.load_embeddings(folder).ids) == 90
    assert cli.main(["verify", folder, "--generation", "1"]) == 0
    assert cli.main(["clean", folder, "--keep", "1"]) == 0
    assert cli.main(["verify", folder, "--sample", "9"]) == 0
    carried = [
        receipt
        for name, content in store.objects("grown").items()
        if name.startswith("receipts/") and not (receipt := json.loads(content))["seconds"]
    ]
    assert len(carried) > 1
    assert embed("grown-fresh") == 0
    assert data(store.objects("grown")) == data(store.objects("grown-fresh"))
