"""A small corpus with some bad documents, and a function that embeds it in this process."""

import gzip
import json
from pathlib import Path

from pipeline import job
from pipeline.options.embed_config import EmbedConfig, InputConfig, Limits
from pipeline.result import Summary
from transforms.batching.batches import BatchingConfig
from transforms.batching.windows import WindowConfig
from transforms.sources.base import ReadConfig

WORDS = ("the", "cat", "sat", "on", "a", "mat", "unable", "dogs", "猫", "unknownword")


def sentence(number: int) -> str:
    """Return the text of a number: 1 to 12 words."""
    return " ".join(WORDS[(number * 7 + k * k) % len(WORDS)] for k in range(1 + number % 12))


def write_corpus(folder: Path) -> list[str]:
    """Write 120 lines of text, 60 of gzip, 60 of JSON; 6 are bad. Return the globs."""
    texts = [sentence(number) for number in range(120)]
    texts[40], texts[90] = "", "   "
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lines.txt").write_text("\n".join(texts))
    packed = "\n".join(sentence(number) for number in range(60)).encode() + b"\n\xff\n"
    (folder / "packed.txt.gz").write_bytes(gzip.compress(packed, mtime=0))
    rows = [json.dumps({"id": n, "text": sentence(n), "k": f"v{n}"}) for n in range(60)]
    rows[10:10] = ["{not json", '{"id": "t"}', '{"id": "u", "text": 3}']
    (folder / "rows.jsonl").write_text("\n".join(rows) + "\n")
    return [str(folder / name) for name in ("lines.txt", "packed.txt.gz", "rows.jsonl")]


DOCUMENTS, EMBEDDED = 120 + 61 + 63, 118 + 60 + 60


def config(globs: list[str], output: Path, model: Path, **settings: object) -> EmbedConfig:
    """Configure `embed` for small parts."""
    has_fields = any(glob.endswith("jsonl") for glob in globs)
    fields = {"id_field": "id", "keep_fields": ("k",)} if has_fields else {}
    read = ReadConfig(part_bytes=1024, **fields)
    base = {"input": InputConfig(tuple(globs), "auto", read)}
    base |= {"features": ("pooled_output", "sequence_output")}
    base |= {"limits": Limits(0.1), "windows": WindowConfig(8), "batching": BatchingConfig(64)}
    base |= {"keep_fields_in": "pooled"}
    return EmbedConfig(**(base | {"output": str(output), "model": str(model)} | settings))


def embed(globs: list[str], output: Path, model: Path, **settings: object) -> Summary:
    """Run the main job."""
    return job.run_job(config(globs, output, model, **settings))


def data_files(folder: Path) -> dict[str, bytes]:
    """Read all files that must be the same for the same job on every runner."""
    names = ("pooled/*", "sequence/*", "rejected/*", "repeats/*", "manifest.json", "plan.jsonl")
    paths = [path for name in names for path in folder.glob(name)]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def truth(output: Path) -> tuple[dict[str, int], dict[str, int]]:
    """Return the counts of a finished job, and the bytes of its files by folder."""
    manifest = json.loads((output / "manifest.json").read_text())
    files: dict[str, int] = {}
    for part in manifest["parts"]:
        for file in part["files"]:
            folder = file["path"].split("/")[0]
            files[folder] = files.get(folder, 0) + file["bytes"]
    return manifest["counts"], files
