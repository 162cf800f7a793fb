"""Small files that are read together."""

import gzip
import json
from pathlib import Path

from tests.pipeline import corpus

FILES = 60
BAD = {7: b"\xff\n", 21: b"{no json\n", 33: b"\n"}


def content(number: int) -> bytes:
    """Return the lines of a file: at most 64 bytes, a sixteenth of a part."""
    line = corpus.sentence(number)[:40]
    text = f"{line}\n" if number % 3 else json.dumps({"text": line}) + "\n"
    return BAD.get(number, text.encode())


def write_files(folder: Path) -> Path:
    """Write small files of text and JSON Lines, some packed; and one that is a part of its own."""
    folder.mkdir()
    for number in range(FILES):
        path = folder / f"{number:03}{'.txt' if number % 3 else '.jsonl'}"
        path.write_bytes(content(number))
        if 40 <= number < 50:
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(content(number), mtime=0))
            path.unlink()
    lines = [corpus.sentence(number) for number in range(40)]
    (folder / "030.long.txt").write_text("\n".join(lines))
    return folder
