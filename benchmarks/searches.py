"""Time the search in the vectors of a job, numpy and FAISS on the same random vectors.

    python -m benchmarks.searches --rows 1000000 --width 384

A query is a vector: embedding its text is not part of it. All three are exact, and return the ten
nearest. The vectors of a job are mapped from a file, those of FAISS are in memory. The columns have
the wall time and the CPU time of one query among several, and the ratio of CPU times to numpy.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks import machine, pages
from benchmarks.spread import Spread
from pipeline.search import nearest

_K = 10
_Search = Callable[[np.ndarray], object]
_Times = dict[str, tuple[float, float]]


def write_vectors(path: Path, rows: int, width: int) -> np.ndarray:
    """Write random vectors of length 1 to a file, and map it; float32 [rows, width]."""
    random = np.random.default_rng(0)
    vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, width))
    for start in range(0, rows, 1 << 16):
        block = vectors[start : start + (1 << 16)]
        block[:] = nearest.normalized(random.standard_normal(block.shape, np.float32))
    vectors.flush()
    mapped: np.ndarray = np.load(path, mmap_mode="r")
    return mapped


def searches(vectors: np.ndarray) -> dict[str, _Search]:
    """Return the functions to compare, by name."""
    import faiss

    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(np.asarray(vectors))
    records = pa.table({"id": [f"document {row}" for row in range(len(vectors))]})

    def of_beam_bert(queries: np.ndarray) -> object:
        return [
            [records.slice(row, 1).to_pylist() for row in nearest.top(scores, _K).tolist()]
            for scores in nearest.iterate_scores(vectors, queries)
        ]

    def of_numpy(queries: np.ndarray) -> object:
        scores = queries @ vectors.T
        best = np.argpartition(scores, -_K, axis=1)[:, -_K:]
        return np.take_along_axis(scores, best, axis=1)

    return {
        "numpy": of_numpy,
        "beam-bert": of_beam_bert,
        "FAISS": lambda queries: index.search(queries, _K),
    }


def measure(functions: dict[str, _Search], queries: np.ndarray, rounds: int) -> list[_Times]:
    """Return the wall and CPU seconds of one query, for each round; the order alternates."""
    results = []
    for number in range(rounds):
        times = {}
        for name in list(functions)[:: -1 if number % 2 else 1]:
            begin = time.perf_counter(), time.process_time()
            functions[name](queries)
            wall, cpu = time.perf_counter() - begin[0], time.process_time() - begin[1]
            times[name] = wall / len(queries), cpu / len(queries)
        results.append(times)
    return results


def _lines(count: int, results: list[_Times]) -> list[list[str]]:
    return [
        [
            str(count),
            name,
            Spread.of(1000 * times[name][0] for times in results).to_text(),
            Spread.of(1000 * times[name][1] for times in results).to_text(),
            Spread.of(times[name][1] / times["numpy"][1] for times in results).to_text(3),
        ]
        for name in results[0]
    ]


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--width", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        vectors = write_vectors(Path(folder, "vectors.npy"), arguments.rows, arguments.width)
        functions = searches(vectors)
        lines = []
        for count in (1, 32):
            queries = random.standard_normal([count, arguments.width], np.float32)
            lines += _lines(count, measure(functions, queries, arguments.rounds))
    head = ["queries at once", "", "ms a query", "CPU ms a query", "CPU time / numpy"]
    print(f"\n{machine.describe()}; {machine.today()}\n\n{pages.table(head, lines)}")


if __name__ == "__main__":
    main()
