"""Corpora for clusters, and the output of jobs on this machine to compare with."""

import gzip
from pathlib import Path

import pytest

from tests.deploy.clusters import embed_here
from tests.pipeline import corpus
from tests.pipeline.conftest import globs  # noqa: F401  (a fixture)

DOCUMENTS = 9_000
READ = ("--id_field=id", "--keep_fields=k", "--part_bytes=8192")
_IN_GZIP = 3_000


@pytest.fixture(scope="session")
def many(globs: list[str], tmp_path_factory: pytest.TempPathFactory) -> list[str]:  # noqa: F811
    """The small corpus, a gzip, which one worker must read, and a file with splits."""
    folder = tmp_path_factory.mktemp("many")
    packed, path = folder / "many.txt.gz", folder / "lines.txt"
    packed.write_bytes(gzip.compress("".join(lines(0, _IN_GZIP)).encode(), mtime=0))
    path.write_text("".join(lines(_IN_GZIP, DOCUMENTS)))
    return [*globs, str(packed), str(path)]


def lines(first: int, last: int) -> list[str]:
    return [f"{corpus.sentence(number)} {number}\n" for number in range(first, last)]


@pytest.fixture(scope="session")
def many_finished(
    many: list[str], tiny_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The output of a job on this machine over `many`."""
    output = tmp_path_factory.mktemp("many_finished") / "out"
    embed_here(many, output, tiny_path, *READ)
    return output
