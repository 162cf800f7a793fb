"""Compute the golden figures of `sentence`: what sentence-transformers' `encode` gives.

How it was run (CPU, float32, Python 3.11, sentence-transformers 6.2.0, torch 2.15.0,
transformers 5.5.4)::

    python -m tests.transforms.bert.sentence_cases FOLDERS    # of the tests' environment
    v/bin/python tests/data/make_sentence_golden.py FOLDERS   # of one with sentence-transformers

FOLDERS gets a small model for each case. The result is sentence_golden.json: for each case a
vector for each text, each encoded alone.
"""

import json
import sys
from pathlib import Path

TARGET = Path(__file__).parent / "sentence_golden.json"


def main(folders: Path) -> None:
    """Write the vectors of each case."""
    from sentence_transformers import SentenceTransformer

    texts = json.loads((folders / "texts.json").read_text("utf-8"))
    lines = []
    for folder in sorted(path for path in folders.iterdir() if path.is_dir()):
        model = SentenceTransformer(str(folder), device="cpu")
        vectors = [model.encode([text])[0] for text in texts]
        rounded = [[round(float(value), 7) for value in vector] for vector in vectors]
        lines.append(f"{json.dumps(folder.name)}: {json.dumps(rounded)}")
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
