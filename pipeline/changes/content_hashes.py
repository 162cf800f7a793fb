"""Hashes of the contents of parts: only parts with equal records have equal ones."""

import itertools
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from pipeline.parts.file_paths import paths_of
from pipeline.parts.joined_texts import unpack_hashes
from pipeline.parts.packed_text import folder_of
from pipeline.reader import DataFile
from transforms.records.record_content import FAMILIES

# The odd number of Fibonacci hashing, 2^64 divided by the golden ratio.
_FACTOR = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)
_NUMBERS = {family: number for number, family in enumerate(FAMILIES)}
_NONE = -1


def of_files(parts: Sequence[Sequence[DataFile]]) -> np.ndarray:
    """Return the hash of the content of each part, int64 [parts].

    Args:
        parts: the files of each.
    """
    files = list(itertools.chain.from_iterable(parts))
    families = [_NUMBERS.get(file.path.partition("/")[0], _NONE) for file in files]
    contents = [file.sha256 or file.path for file in files]
    hashes = np.fromiter(map(hash, contents), np.int64, len(files))
    return _combine(
        np.fromiter(map(len, parts), np.int64, len(parts)), np.array(families, np.int64), hashes
    )


def of_receipts(block: pa.RecordBatch) -> np.ndarray:
    """Return the hash of the content of the part of each receipt, int64 [receipts].

    Args:
        block: the columns `name` and `files` of the receipts.
    """
    column = block.column("files")
    packed, _, _, sha256 = column.flatten().flatten()
    encoded = packed.dictionary_encode()
    folders = map(folder_of, encoded.dictionary.to_pylist())
    numbers = np.array([_NUMBERS.get(one, _NONE) for one in folders], np.int64)
    texts = unpack_hashes(sha256).to_pylist()
    if not all(texts):
        paths = paths_of(block).to_pylist()
        texts = [text or path for text, path in zip(texts, paths, strict=True)]
    hashes = np.fromiter(map(hash, texts), np.int64, len(texts))
    counts = np.diff(column.offsets.to_numpy())
    return _combine(counts, numbers[encoded.indices.to_numpy()], hashes)


def _combine(counts: np.ndarray, families: np.ndarray, hashes: np.ndarray) -> np.ndarray:
    """Return the hash of each part from those of its files.

    Args:
        counts: the numbers of files of the parts.
        families: the number of the family of each file, or -1.
        hashes: of the content of each file, int64 [files]; of a family, the last file counts.
    """
    parts = np.repeat(np.arange(len(counts)), counts)
    combined = np.zeros(len(counts), np.uint64)
    for number in range(len(FAMILIES)):
        (chosen,) = np.nonzero(families == number)
        of_family = np.zeros(len(counts), np.uint64)
        of_family[parts[chosen]] = hashes[chosen].view(np.uint64)
        has_family = np.zeros(len(counts), bool)
        has_family[parts[chosen]] = True
        mixed = (combined ^ of_family) * _FACTOR
        combined = np.where(has_family, mixed ^ (mixed >> _SHIFT), combined)
    return combined.view(np.int64)
