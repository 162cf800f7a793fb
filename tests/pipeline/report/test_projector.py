"""The files of the Embedding Projector, as TensorBoard serves them."""

import json
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline import cli, reader

pytestmark = pytest.mark.slow


@pytest.fixture
def served(drawn: Path, tmp_path: Path) -> Iterator[str]:
    """The address where TensorBoard serves the projector's data."""
    folder = tmp_path / "projector"
    assert cli.main(["report", str(drawn), "--projector", str(folder)]) == 0
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder)]
    command += ["--host", "127.0.0.1", "--port", "0", "--load_fast", "false"]
    log = tmp_path / "log"
    with log.open("wb") as stream:
        process = subprocess.Popen(command, stdout=stream, stderr=stream)
    try:
        for _ in range(600):
            addresses = [word for word in log.read_text().split() if word.startswith("http://127")]
            if addresses:
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        yield f"{addresses[0]}data/plugin/projector/"
    finally:
        process.terminate()
        process.wait(30)


def fetch(address: str, **query: str) -> bytes:
    url = f"{address}?{urllib.parse.urlencode(query)}"
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310  (our own server)
        return answer.read()


def test_the_projector_loads_the_vectors_of_the_records(served: str, drawn: Path) -> None:
    (run,) = json.loads(fetch(f"{served}runs"))
    info = json.loads(fetch(f"{served}info", run=run))
    (embedding,) = info["embeddings"]
    assert (embedding["tensorName"], embedding["tensorShape"]) == ("mean", [298, 16])
    content = fetch(f"{served}tensor", run=run, name="mean", num_rows="10000")
    embeddings = reader.load_embeddings(str(drawn), "mean")
    np.testing.assert_array_equal(
        np.frombuffer(content, "<f4").reshape(298, 16), embeddings.vectors
    )
    rows = fetch(f"{served}metadata", run=run, name="mean", num_rows="10000").decode()
    head, *lines = rows.rstrip("\n").split("\n")
    assert head.split("\t") == ["id", "source", "words", "num_tokens", "group"]
    assert len(lines) == 298
    assert {len(line.split("\t")) for line in lines} == {5}
    assert lines[0].split("\t")[0] == embeddings.ids[0]
