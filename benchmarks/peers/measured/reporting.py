"""The flags and the output of all measured processes."""

import argparse
import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import processes

# The number of documents whose vectors are compared: all contenders embed as many.
_COMPARED = 1000


@dataclasses.dataclass(frozen=True)
class Figures:
    """The figures of a process.

    Attributes:
        ready: UNIX time after imports, loading and a first tiny batch.
        seconds: from then until all documents were embedded.
        documents: their number.
        details: its settings, for the notes.
        peak_mb: peak resident memory.
    """

    ready: float
    seconds: float
    documents: int
    details: dict[str, Any]
    peak_mb: float = dataclasses.field(default_factory=processes.peak_mb)


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of a measured process."""
    made = argparse.ArgumentParser(description=description, allow_abbrev=False)
    made.add_argument("--input", type=Path, required=True, help="file with a document per line")
    made.add_argument("--vectors", type=Path, required=True, help="file for the first vectors")
    made.add_argument("--model", default="minilm", help="a folder or minilm")
    made.add_argument("--max_seq_length", type=int, default=128)
    return made


def read(path: Path) -> list[str]:
    """Return the documents."""
    return path.read_text("utf-8").splitlines()


def report(figures: Figures, vectors: Any, path: Path) -> None:
    """Write the first vectors, float [documents, hidden], and print the figures as JSON."""
    np.save(path, np.asarray(vectors[:_COMPARED], np.float32))
    print(json.dumps(dataclasses.asdict(figures)))
