"""Measure the encoder's share of the processor's speed, at the shape of multilingual BERT-base.

    python -m benchmarks.shares

runs alternately, each in a separate process, a large matrix product in TensorFlow, and the engine
in a loop over batches of documents, with a module of 12 layers of 768 and random weights, in
float32 and in bfloat16. The encoder's operations are counted for the wordpieces of the documents,
without padding: two for each multiplication and addition in the matrix products of the layers,
attention included. Embeddings, norms and activations take time, but their operations are not
counted.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import machine, modules, pages, processes, prose
from benchmarks.spread import Spread
from pipeline.console import quiet
from transforms.bert.shape import BertShape

# google/bert_multi_cased_L-12_H-768_A-12.
SHAPE = BertShape(
    layers=12,
    heads=12,
    hidden_size=768,
    intermediate_size=3072,
    positions=512,
    vocab_size=119_547,
    segments=2,
)
_PRECISIONS = ("float32", "bfloat16")
_SIDES = (1024, 2048, 4096)
_PRODUCTS = 9


def main() -> None:
    """Measure; with the hidden flag --product, run one measured product."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--documents", type=int, default=250)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (3)")
    parser.add_argument("--engine", default="openvino")
    parser.add_argument("--product", choices=_PRECISIONS, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.product:
        print(json.dumps({"rate": _best_product(arguments.product)}))
        return
    module = modules.random_module("multilingual-base", SHAPE)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "corpus.txt"
        prose.write_lines(path, prose.draw_documents(arguments.documents))
        words = ["--input", str(path), "--model", str(module), "--features", "pooled_output,mean"]
        words += ["--engine", arguments.engine]
        rounds = {
            precision: [_round([*words, "--precision", precision]) for _ in range(arguments.rounds)]
            for precision in _PRECISIONS
        }
    head = ["", "wordpieces/s", "encoder GFLOP/s", "product GFLOP/s", "encoder / product"]
    print(f"\n{machine.describe()}; {machine.today()}; {arguments.engine}\n")
    print(pages.table(head, [[name, *_cells(runs)] for name, runs in rounds.items()]))


def _round(words: list[str]) -> tuple[float, float, float]:
    """Return wordpieces/s and operations/s of the encoder, and operations/s of a product."""
    product = processes.run("benchmarks.shares", ["--product", words[-1]])["rate"]
    result = processes.run("benchmarks.bare", words)
    operations = count_operations(SHAPE, result["tokens"], result["squares"]) / result["seconds"]
    print(
        f"  {words[-1]:8}  {operations / product:.3f} of {product / 1e9:,.0f} GFLOP/s", flush=True
    )
    return result["tokens"] / result["seconds"], operations, product


def count_operations(shape: BertShape, tokens: int, squares: int) -> float:
    """Count the operations of the layers' matrix products.

    Args:
        shape: of the encoder.
        tokens: of all documents.
        squares: the sum of the squares of their lengths.

    >>> tiny = BertShape(1, 1, 2, 4, positions=9, vocab_size=9, segments=2)
    >>> count_operations(tiny, tokens=3, squares=9)
    264.0
    """
    hidden, inner = shape.hidden_size, shape.intermediate_size
    # Query, key, value, output; up and down; then scores and their weighted sum.
    dense = 2 * tokens * (4 * hidden**2 + 2 * hidden * inner)
    attention = 2 * squares * 2 * hidden
    return float(shape.layers * (dense + attention))


def _best_product(precision: str) -> float:
    """Return the operations/s of square products with the fastest side; medians of several."""
    quiet.import_tensorflow()
    import tensorflow as tf

    best = 0.0
    for side in _SIDES:
        one = tf.cast(tf.random.stateless_normal([side, side], [1, side]), precision)
        product = tf.function(tf.matmul).get_concrete_function(one, one)
        product(one, one)
        best = max(best, statistics.median(_rate(product, one) for _ in range(_PRODUCTS)))
    return best


def _rate(product: Any, one: Any) -> float:
    started = time.perf_counter()
    product(one, one)
    return float(2 * len(one) ** 3 / (time.perf_counter() - started))


def _cells(rounds: list[tuple[float, float, float]]) -> list[str]:
    wordpieces, operations, products = zip(*rounds, strict=True)
    ratios = (operation / product for operation, product in zip(operations, products, strict=True))
    return [
        Spread.of(wordpieces).to_text(),
        Spread.of(value / 1e9 for value in operations).to_text(),
        Spread.of(value / 1e9 for value in products).to_text(),
        Spread.of(ratios).to_text(3),
    ]


if __name__ == "__main__":
    main()
