"""Load folders of known rows, and the errors that end a load."""

import contextlib
import io
from pathlib import Path
from typing import Any

from pipeline import cli
from tests.pipeline.vectors.typed_folder import typed_batch, typed_config, vectors_of, write_typed

IDS = ["plain", 'it\'s "quoted"\n\\t猫', "c", "d", "e"]


def small_folder(folder: Path, **settings: Any) -> Path:
    """Write a folder of two parts, of three and two rows."""
    scale = settings.pop("scale", 1.0)
    vectors = vectors_of(1, 5, scale)
    parts = [typed_batch(IDS[:3], vectors[:3]), typed_batch(IDS[3:], vectors[3:])]
    return write_typed(folder, typed_config(**settings), parts)


def load(folder: Path, url: str, *words: str) -> tuple[int, str]:
    """Run `load`; return its status, and what it prints on both streams."""
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        status = cli.main(["load", str(folder), "--to", url, *words])
    return status, stream.getvalue()
