import json
from pathlib import Path

import pytest

from tests.pipeline import corpus

# Texts that ids, documents and fields of an attacker may contain.
HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(2)</script>",
    "%{x}&lt;b&gt;{{7*7}}",
    "'\";--\u2028\u2029\u202e",
    "<b>bold</b><a href='javascript:alert(3)'>x</a>",
]


@pytest.fixture(scope="session")
def drawn(tiny_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The output of a job of 300 documents, some of them hostile and two rejected."""
    folder = tmp_path_factory.mktemp("report")
    rows = [
        {"id": f"{HOSTILE[n % 5]} {n}" if n % 3 else f"plain {n}", "text": corpus.sentence(n)}
        for n in range(300)
    ]
    for number, row in enumerate(rows):
        row["group"] = HOSTILE[number % 2]
        row["text"] = f"{HOSTILE[number % 5]} {row['text']}" if number % 7 == 0 else row["text"]
    rows[7] = {"id": HOSTILE[0], "text": ""}
    rows[9] = {"id": HOSTILE[1], "nothing": "here"}
    path = folder / "ro<w>s.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    fields = {"id_field": "id", "keep_fields": ("group",), "part_bytes": 1024}
    config = corpus.config([], folder / "out", tiny_path)
    read = corpus.ReadConfig(**fields)
    source = corpus.InputConfig((str(path),), "auto", read)
    corpus.job.run_job(
        corpus.EmbedConfig(
            input=source,
            output=str(folder / "out"),
            model=str(tiny_path),
            features=("mean", "cls"),
            windows=config.windows,
            limits=config.limits,
        )
    )
    return folder / "out"
