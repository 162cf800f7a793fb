"""What every measured process is given, and what it tells."""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import processes

# The vectors of so many documents are compared.
_COMPARED = 200


@dataclasses.dataclass(frozen=True)
class Measured:
    """What a process came to.

    Attributes:
        ready: UNIX time at which it had imported, loaded and run a first tiny batch.
        seconds: for all documents, from then on.
        documents: how many.
        details: what it tells of its settings, for the notes.
        peak_mb: of its resident memory.
    """

    ready: float
    seconds: float
    documents: int
    details: dict[str, Any]
    peak_mb: float = dataclasses.field(default_factory=processes.peak_mb)


def parser(description: str | None) -> argparse.ArgumentParser:
    """Make the parser of a measured process."""
    made = argparse.ArgumentParser(description=description, allow_abbrev=False)
    made.add_argument("--input", type=Path, required=True, help="a document a line")
    made.add_argument("--vectors", type=Path, required=True, help="where the first vectors go")
    made.add_argument("--model", default="minilm", help="a folder, or minilm")
    made.add_argument("--max_seq_length", type=int, default=128)
    return made


def read(path: Path) -> list[str]:
    """Read the documents."""
    return path.read_text("utf-8").splitlines()


def tell(measured: Measured, vectors: Any, path: Path) -> None:
    """Keep the first vectors, float [documents, hidden], and print the rest as JSON."""
    np.save(path, np.asarray(vectors[:_COMPARED], np.float32))
    print(json.dumps(dataclasses.asdict(measured)))
