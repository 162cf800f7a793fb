"""Corpora for clusters, and what a job on this machine makes of them."""

import gzip
from pathlib import Path

import pytest

from tests.deploy.clusters import embed
from tests.pipeline import corpus
from tests.pipeline.conftest import globs  # noqa: F401  (a fixture)

DOCUMENTS = 20_000
READ = ("--id_field=id", "--keep_fields=k", "--part_bytes=16384")
_IN_GZIP = 5_000


@pytest.fixture(scope="session")
def many(globs: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:  # noqa: F811
    """20,000 documents, a quarter in a file that one worker has to read; and the small corpus."""
    folder = tmp_path_factory.mktemp("many")
    lines = [f"{corpus.sentence(number)} {number}\n" for number in range(DOCUMENTS)]
    (folder / "lines.txt").write_text("".join(lines[_IN_GZIP:]))
    packed = gzip.compress("".join(lines[:_IN_GZIP]).encode(), mtime=0)
    (folder / "many.txt.gz").write_bytes(packed)
    return [*globs, str(folder / "lines.txt"), str(folder / "many.txt.gz")]


@pytest.fixture(scope="session")
def many_finished(
    many: list[str], tiny_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A job over them on this machine."""
    output = tmp_path_factory.mktemp("many_finished") / "out"
    embed(many, output, tiny_path, *READ)
    return output
