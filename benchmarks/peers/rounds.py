"""Run the contenders, one after the other, round by round."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import processes
from benchmarks.peers.contenders import OURS_FLOAT32, Contender
from benchmarks.peers.environment import OFFLINE, Prepared
from benchmarks.peers.results import NEAR, Run, least_cosine
from benchmarks.prose import write_lines


@dataclasses.dataclass(frozen=True)
class Corpus:
    """The documents, and what they count for.

    Attributes:
        documents: in the order in which all get them.
        lengths: wordpieces of each, cut to the maximum length.
        folder: where the files go that are embedded, and the vectors.
    """

    documents: tuple[str, ...]
    lengths: tuple[int, ...]
    folder: Path

    def first(self, count: int | None) -> tuple[Path, int, int]:
        """Write the first documents, or all; give the file, their number and their wordpieces."""
        some = self.documents[:count]
        path = self.folder / f"first-{len(some)}.txt"
        if not path.exists():
            write_lines(path, some)
        return path, len(some), sum(self.lengths[:count])


def measure_corpus(documents: Sequence[str], folder: Path) -> Corpus:
    """Count the documents' wordpieces, in a process of its own."""
    corpus = Corpus(tuple(documents), (), folder)
    path, _, _ = corpus.first(None)
    words = ["--input", str(path), "--vectors", "none"]
    told = processes.run("benchmarks.peers.measured.lengths", words)
    return dataclasses.replace(corpus, lengths=tuple(told["lengths"]))


def with_fastest_batches(contender: Contender, corpus: Corpus, prepared: Prepared) -> Contender:
    """Find the size of batches that a contender is fastest with, where it has several to try."""
    if not contender.trial:
        return contender
    told = _spawn(contender, corpus, prepared, ("--trial", contender.trial))
    size = str(told["batch_size"])
    print(f"  {contender.label}: of batches of {contender.trial}, {size} is fastest", flush=True)
    return dataclasses.replace(contender, arguments=(*contender.arguments, "--batch_size", size))


def run_round(
    contenders: Sequence[Contender], corpus: Corpus, prepared: Prepared
) -> dict[str, Run]:
    """Run each contender once, in this order."""
    return {contender.name: _run(contender, corpus, prepared) for contender in contenders}


def _run(contender: Contender, corpus: Corpus, prepared: Prepared) -> Run:
    _, documents, wordpieces = corpus.first(contender.documents)
    launched = time.time()
    told = _spawn(contender, corpus, prepared, ())
    if told["documents"] != documents:
        raise SystemExit(f"{contender.label} embedded {told['documents']} of {documents} documents")
    run = Run(
        documents=documents,
        wordpieces=wordpieces,
        seconds=told["seconds"],
        startup=told["ready"] - launched,
        peak_mb=told["peak_mb"],
        details=told["details"],
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


def compare(contenders: Sequence[Contender], corpus: Corpus) -> dict[str, float]:
    """Hold the vectors of a round against our own in float32, or the first contender's.

    Returns:
        the least cosine of each contender, by name.

    Raises:
        SystemExit: one of them is too far off, so that speeds would say nothing.
    """
    vectors = {each.name: np.load(_vectors(corpus, each)) for each in contenders}
    reference = vectors.get(OURS_FLOAT32, vectors[contenders[0].name])
    cosines = {name: least_cosine(found, reference) for name, found in vectors.items()}
    _check(contenders, cosines)
    return cosines


def _check(contenders: Sequence[Contender], cosines: Mapping[str, float]) -> None:
    for contender in contenders:
        cosine = cosines[contender.name]
        print(f"  {contender.label:46}{cosine:10.6f} least cosine", flush=True)
        if not cosine > NEAR[contender.precision]:
            raise SystemExit(f"{contender.label}: the vectors differ; the speeds say nothing")


def _vectors(corpus: Corpus, contender: Contender) -> Path:
    return corpus.folder / f"{contender.name}.npy"
