"""Embed documents by an engine that computes token vectors only.

Tokenizing, sorting by length, padding to the longest document of a batch, and the mean are the same
for these engines, and done as sentence-transformers does.
"""

import argparse
import json
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.measured import reporting

# From ids, int64 [documents, length], and their numbers, int64 [documents], to token vectors, float
# [documents, length, hidden].
Encode = Callable[[np.ndarray, np.ndarray], np.ndarray]

_TRIAL_DOCUMENTS = 384


def parser(description: str | None) -> argparse.ArgumentParser:
    """Return the parser of an engine."""
    made = reporting.parser(description)
    made.add_argument("--batch_size", type=int, default=32)
    made.add_argument("--trial", default=None, metavar="A,B", help="batch sizes to try")
    return made


def measure(
    arguments: argparse.Namespace, encode: Encode, workers: int, details: dict[str, Any]
) -> None:
    """Embed all documents, and print the figures; with --trial, print the fastest batch size.

    Args:
        arguments: of `parser`.
        encode: the engine.
        workers: batches that are computed at the same time.
        details: settings of the engine.
    """
    documents = reporting.read(arguments.input)
    tokenizer = _load_tokenizer(Path(arguments.model), arguments.max_seq_length)

    def embed(texts: Sequence[str], size: int) -> np.ndarray:
        return _embed(texts, size, tokenizer, encode, workers)

    embed(documents[:2], 2)
    if arguments.trial:
        sizes = [int(size) for size in arguments.trial.split(",")]
        print(json.dumps({"batch_size": fastest(embed, documents, sizes)}))
        return
    ready, started = time.time(), time.perf_counter()
    vectors = embed(documents, arguments.batch_size)
    seconds = time.perf_counter() - started
    settings = {"batch": arguments.batch_size, **details}
    reporting.report(
        reporting.Figures(ready, seconds, len(documents), settings), vectors, arguments.vectors
    )


def fastest(
    embed: Callable[[Sequence[str], int], object], documents: Sequence[str], sizes: Sequence[int]
) -> int:
    """Return the batch size with the shortest time for the first documents, of two tries each."""
    first = documents[:_TRIAL_DOCUMENTS]
    durations: dict[int, float] = {}
    for size in [*sizes, *sizes]:
        started = time.perf_counter()
        embed(first, size)
        seconds = time.perf_counter() - started
        durations[size] = min(seconds, durations.get(size, seconds))
    return min(durations, key=durations.__getitem__)


def _load_tokenizer(folder: Path, length: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(length)
    return tokenizer


def _embed(
    texts: Sequence[str], size: int, tokenizer: Any, encode: Encode, workers: int
) -> np.ndarray:
    """Return the means of token vectors, float32 [documents, hidden]."""
    encoded = tokenizer.encode_batch_fast(list(texts))
    rows = [np.asarray(one.ids, np.int64) for one in encoded]
    lengths = np.array([len(row) for row in rows])
    order = np.argsort(-lengths, kind="stable")
    batches = [order[first : first + size] for first in range(0, len(order), size)]

    def run(batch: np.ndarray) -> np.ndarray:
        return _means(encode, [rows[number] for number in batch], lengths[batch])

    with ThreadPoolExecutor(workers) as threads:
        means = np.concatenate(list(threads.map(run, batches)))
    vectors = np.empty_like(means)
    vectors[order] = means
    return vectors


def _means(encode: Encode, rows: Sequence[np.ndarray], lengths: np.ndarray) -> np.ndarray:
    ids = np.zeros([len(rows), int(lengths.max())], np.int64)
    for padded, row in zip(ids, rows, strict=True):
        padded[: len(row)] = row
    vectors = encode(ids, lengths)
    mask = (np.arange(ids.shape[1]) < lengths[:, None]).astype(np.float32)
    means: np.ndarray = np.einsum("nlh,nl->nh", vectors, mask) / lengths[:, None]
    return means.astype(np.float32)


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0))
