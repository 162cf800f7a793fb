"""Load folders of known rows into stores."""

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from pipeline import cli
from tests.paths import ROOT
from tests.pipeline.stores.stored_rows import READERS, Rows
from tests.pipeline.vectors.typed_folder import typed_batch, typed_config, vectors_of, write_typed

# Load into PostgreSQL with batches of so many bytes, and die before a write.
_KILLED = """
import os, signal, sys
from pipeline import cli
from pipeline.stores.kinds import pgvector

deadly, pgvector.STORE.batch_bytes = int(sys.argv[1]), int(sys.argv[2])
write = pgvector.PostgresTable.write
written = 0

def write_or_die(store, rows):
    global written
    written += 1
    if written == deadly:
        os.kill(os.getpid(), signal.SIGKILL)
    write(store, rows)

pgvector.PostgresTable.write = write_or_die
cli.main(["load", *sys.argv[3:]])
"""
IDS = ["plain", 'it\'s "quoted"\n\\t猫', "c", "d", "e"]


class Place(NamedTuple):
    """A table of a store: the name of the store, and the URL."""

    store: str
    url: str

    def load(self, folder: Path, *words: str) -> tuple[int, str]:
        """Run `load`, with products as the metric, so that no store changes a vector."""
        return load(folder, self.url, "--feature", "mean", "--metric", "dot", *words)

    def rows(self) -> Rows:
        return READERS[self.store](self.url)


def small_folder(folder: Path, scale: float = 1.0, **settings: Any) -> Path:
    """Write a folder of two parts, of three and two rows."""
    vectors = vectors_of(1, 5, scale)
    parts = [typed_batch(IDS[:3], vectors[:3]), typed_batch(IDS[3:], vectors[3:])]
    return write_typed(folder, typed_config(**settings), parts)


def load(folder: Path, url: str, *words: str) -> tuple[int, str]:
    """Run `load`; return its status, and what it prints on both streams."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        status = cli.main(["load", str(folder), "--to", url, *words])
    return status, stream.getvalue()


def load_and_die(folder: Path, url: str, *words: str, writes: int, batch_bytes: int) -> None:
    """Run `load` in a process that SIGKILL ends before a write, counted from 1."""
    arguments = [str(writes), str(batch_bytes), str(folder), "--to", url, *words]
    died = subprocess.run([sys.executable, "-c", _KILLED, *arguments], cwd=ROOT, check=False)
    assert died.returncode == -9


def place_of(store: str, folder: Path) -> Place:
    """Return the place of a store in a folder."""
    urls = {
        "qdrant": f"qdrant:{folder}/q?collection=articles",
        "lancedb": f"lancedb:{folder}/l?table=articles",
        "milvus": f"milvus:{folder}/m.db?collection=articles",
        "faiss": f"faiss:{folder}/f.index",
    }
    return Place(store, urls[store])
