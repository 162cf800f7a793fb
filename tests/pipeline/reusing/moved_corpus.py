"""A corpus whose documents move between files, and jobs whose vectors depend on nothing else."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.result import Summary
from tests.pipeline import corpus
from transforms.batching.batches import BatchingConfig
from transforms.bert.compute import ComputeConfig

INVARIANT = {
    "features": ("mean", "pooled_output"),
    "compute": ComputeConfig("openvino"),
    "batching": BatchingConfig(64, length_group=8),
}
# Counts that say how vectors were computed, and not which.
OF_COMPUTING = {
    *("computed_tokens", "padded_tokens", "batches", "halved_batches", "repeated", "reused"),
}
TEXTS = tuple(dict.fromkeys(f"{corpus.sentence(n)} {corpus.sentence(5 * n)}" for n in range(200)))


def write(folder: Path, texts: Sequence[str], files: int, seed: int = 0) -> Path:
    """Write texts in a random order, and as many to each file."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    shuffled = random.Random(seed).sample(list(texts), len(texts))
    for number in range(files):
        (folder / f"{number}.txt").write_text("\n".join(shuffled[number::files]) + "\n")
    return folder


def embed(source: Path, output: Path, model: Path, **settings: Any) -> Summary:
    """Embed a folder."""
    return corpus.embed([str(source)], output, model, **(INVARIANT | settings))


def content_of(output: Path) -> dict[str, Any]:
    """Return what a job has written, without the counts of computing and the history."""
    manifest = json.loads((output / "manifest.json").read_text())
    manifest.pop("history", None)
    counted = [manifest, *manifest["parts"], *manifest["sources"].values()]
    for place in counted:
        counts = place.get("counts", place)
        for name in OF_COMPUTING:
            counts.pop(name, None)
    names = [file["path"] for part in manifest["parts"] for file in part["files"]]
    return {name: (output / name).read_bytes() for name in names} | {"manifest": manifest}


def reused(summary: Summary) -> int:
    """Return the number of documents whose vectors were taken."""
    return summary.progress.counts().get("reused", 0)
