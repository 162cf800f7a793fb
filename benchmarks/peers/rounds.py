"""Run the contenders one after the other, in rounds."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import processes
from benchmarks.peers import results
from benchmarks.peers.contenders import OURS_FLOAT32, Contender
from benchmarks.peers.environment import OFFLINE, Prepared
from benchmarks.peers.results import MIN_COSINE, Likeness, Run
from benchmarks.prose import write_lines


@dataclasses.dataclass(frozen=True)
class Corpus:
    """The documents and their lengths.

    Attributes:
        documents: in the order of embedding.
        lengths: wordpieces of each document, cut to the maximum length.
        folder: for the input files and the vectors.
    """

    documents: tuple[str, ...]
    lengths: tuple[int, ...]
    folder: Path

    def first(self, count: int | None) -> tuple[Path, int, int]:
        """Write the first documents to a file; return its path, and their number and wordpieces."""
        documents = self.documents[:count]
        path = self.folder / f"first-{len(documents)}.txt"
        if not path.exists():
            write_lines(path, documents)
        return path, len(documents), sum(self.lengths[:count])


def measure_corpus(documents: Sequence[str], folder: Path) -> Corpus:
    """Count the wordpieces of documents, in a separate process."""
    corpus = Corpus(tuple(documents), (), folder)
    path, _, _ = corpus.first(None)
    words = ["--input", str(path), "--vectors", "none"]
    result = processes.run("benchmarks.peers.measured.lengths", words)
    return dataclasses.replace(corpus, lengths=tuple(result["lengths"]))


def with_fastest_batches(contender: Contender, corpus: Corpus, prepared: Prepared) -> Contender:
    """Return a contender with its fastest batch size, if it has several to try."""
    if not contender.trial:
        return contender
    result = _spawn(contender, corpus, prepared, ("--trial", contender.trial))
    size = str(result["batch_size"])
    print(
        f"  {contender.label}: of the batch sizes {contender.trial}, {size} is the fastest",
        flush=True,
    )
    return dataclasses.replace(contender, arguments=(*contender.arguments, "--batch_size", size))


def run_round(
    contenders: Sequence[Contender], corpus: Corpus, prepared: Prepared
) -> dict[str, Run]:
    """Run each contender once, in this order."""
    return {contender.name: _run(contender, corpus, prepared) for contender in contenders}


def _run(contender: Contender, corpus: Corpus, prepared: Prepared) -> Run:
    _, documents, wordpieces = corpus.first(contender.documents)
    launched = time.time()
    result = _spawn(contender, corpus, prepared, ())
    if result["documents"] != documents:
        raise SystemExit(
            f"{contender.label} embedded {result['documents']} of {documents} documents"
        )
    run = Run(
        documents=documents,
        wordpieces=wordpieces,
        seconds=result["seconds"],
        startup=result["ready"] - launched,
        peak_mb=result["peak_mb"],
        details=result["details"],
    )
    rate = documents / run.seconds
    print(
        f"  {contender.label:46}{rate:8.1f} documents/s  {run.rate:>9,.0f} wordpieces/s", flush=True
    )
    return run


def _spawn(
    contender: Contender, corpus: Corpus, prepared: Prepared, more: Sequence[str]
) -> dict[str, Any]:
    path, _, _ = corpus.first(contender.documents)
    model = prepared.models.get(contender.model, contender.model)
    words = ["--input", str(path), "--vectors", str(_vectors(corpus, contender))]
    words += ["--model", model, *contender.arguments, *more]
    if contender.is_peer:
        return processes.run(contender.module, words, prepared.python, OFFLINE)
    return processes.run(contender.module, words)


def compare(contenders: Sequence[Contender], corpus: Corpus) -> dict[str, Likeness]:
    """Compare the vectors of a round with our vectors in float32, or with the first contender's.

    Returns:
        The likeness of each contender's vectors, by name.

    Raises:
        SystemExit: a cosine is too small, so that the speeds cannot be compared.
    """
    vectors = {each.name: np.load(_vectors(corpus, each)) for each in contenders}
    reference = vectors.get(OURS_FLOAT32, vectors[contenders[0].name])
    likenesses = {name: results.compare(rows, reference) for name, rows in vectors.items()}
    _check(contenders, likenesses)
    return likenesses


def _check(contenders: Sequence[Contender], likenesses: Mapping[str, Likeness]) -> None:
    for contender in contenders:
        cosine, neighbors = dataclasses.astuple(likenesses[contender.name])
        print(
            f"  {contender.label:46}{cosine:10.6f} smallest cosine, {neighbors:.3f} of neighbors",
            flush=True,
        )
        if not cosine > MIN_COSINE[contender.precision]:
            raise SystemExit(
                f"{contender.label}: the vectors differ, so the speeds cannot be compared"
            )


def _vectors(corpus: Corpus, contender: Contender) -> Path:
    return corpus.folder / f"{contender.name}.npy"
