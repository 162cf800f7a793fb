"""Folders of known rows that have been updated."""

import json
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa

from pipeline.changes.changes_file import write_changes
from pipeline.changes.compare_generations import find_changes
from pipeline.changes.generation_parts import GenerationPart, StoredParts
from pipeline.generations.kept_files import manifest_of
from tests.pipeline.stores.loading import IDS
from tests.pipeline.vectors.typed_folder import typed_batch, typed_config, vectors_of, write_typed


def update(folder: Path, generation: int, parts: list[pa.RecordBatch]) -> None:
    """Replace the generation of a folder by one with other parts; keep the earlier one."""
    other = folder.with_name(f"generation-{generation}")
    write_typed(other, typed_config(format="parquet"), parts)
    text = (other / "manifest.json").read_text().replace("part-", f"g{generation}-part-")
    for path in other.glob("pooled/part-*"):
        shutil.copy(path, folder / "pooled" / f"g{generation}-{path.name}")
    kept = folder / manifest_of(generation - 1)
    kept.parent.mkdir(exist_ok=True)
    (folder / "manifest.json").rename(kept)
    (folder / "manifest.json").write_text(text)
    before, now = StoredParts(str(folder), generation - 1), load_current(folder)
    changes = write_changes(str(folder), generation, find_changes(str(folder), before, now))
    history = {"generation": generation, "plan": "", "parent": generation - 1}
    history |= {"changes": msgspec.to_builtins(changes)}
    manifest = json.loads(text)
    manifest = {"format_version": manifest.pop("format_version"), "history": history} | manifest
    (folder / "manifest.json").write_text(json.dumps(manifest))


def load_current(folder: Path) -> tuple[GenerationPart, ...]:
    parts = json.loads((folder / "manifest.json").read_text())["parts"]
    return msgspec.convert(parts, tuple[GenerationPart, ...])


def second_generation(folder: Path) -> dict[str, list[float]]:
    """Update a folder of `small_folder`: two rows stay, one changes, one comes, two go.

    Returns:
        the vector of each row.
    """
    vectors = vectors_of(1, 5)
    now = np.stack([vectors[0], vectors[1] + 1, vectors[4] + 7])
    parts = [typed_batch([*IDS[:2], "new"], now), typed_batch([IDS[3]], vectors[3:4])]
    update(folder, 2, parts)
    return dict(zip([*IDS[:2], "new", IDS[3]], [*now.tolist(), vectors[3].tolist()], strict=True))
