"""Write the files of TensorBoard's Embedding Projector: vectors, metadata and a config.

Source: https://www.tensorflow.org/tensorboard/tensorboard_projector_plugin
"""

import json
import os
from collections.abc import Sequence

from pipeline.report.labels import visible
from pipeline.report.sample import Sample
from transforms.io import storage

VECTORS_FILE, METADATA_FILE = "vectors.bytes", "metadata.tsv"
CONFIG_FILE = "projector_config.pbtxt"


def write(folder: str, sample: Sample) -> None:
    """Write a sample of documents into a folder for the projector.

    Raises:
        ValueError: the sample is empty.
        OSError: a file cannot be written.
    """
    rows, width = sample.vectors.shape
    if not rows:
        raise ValueError("no document is embedded; the projector has nothing to show")
    with storage.atomic_write(folder, VECTORS_FILE) as file:
        file.write(sample.vectors.astype("<f4").tobytes())
    storage.write_text(folder, METADATA_FILE, _metadata(sample))
    config = (
        "embeddings {\n"
        f"  tensor_name: {json.dumps(sample.feature)}\n"
        f'  tensor_path: "{VECTORS_FILE}"\n'
        f'  metadata_path: "{METADATA_FILE}"\n'
        f"  tensor_shape: {rows}\n"
        f"  tensor_shape: {width}\n"
        "}\n"
    )
    storage.write_text(folder, CONFIG_FILE, config)
    if "://" not in folder:
        os.rmdir(os.path.join(folder, storage.TEMPORARY))


def _metadata(sample: Sample) -> str:
    """Return tab-separated values: a line of names, then a line for each document."""
    names = ["id", "source", "words", "num_tokens", *sample.kept]
    columns: list[Sequence[object]] = [sample.ids, sample.sources, sample.words]
    columns += [sample.num_tokens.tolist(), *sample.kept.values()]
    lines = ["\t".join(map(_cell, names))]
    lines += ["\t".join(map(_cell, row)) for row in zip(*columns, strict=True)]
    return "".join(f"{line}\n" for line in lines)


def _cell(value: object) -> str:
    return visible(value) or "-"
