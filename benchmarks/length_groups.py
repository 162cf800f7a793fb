"""Measure what groups of lengths cost: batches whose windows have lengths of one group only.

    python -m benchmarks.length_groups --precision float32

embeds the same documents with and without groups alternately, part after part, in one process, and
prints numbers of batches, and the ratios of positions with padding and of the processor's time.
Documents are random texts of benchmarks/prose.py, in parts of many and of few documents.
"""

import argparse
import dataclasses
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from benchmarks import machine, pages, prose
from benchmarks.spread import Spread
from pipeline.console import quiet
from transforms.batching.batches import BatchingConfig
from transforms.batching.token_sequences import TokenSequences
from transforms.bert.engines import Engine
from transforms.embedding.embed import EmbeddingConfig, embed_sequences

if TYPE_CHECKING:
    from transforms.bert.module import BertModule

_DRAWN = 20_000
# Documents of the first part that are embedded first.
_WARM_UP = 20
# Without groups, and with them.
_Pair = tuple[BatchingConfig, BatchingConfig]


class Corpus(NamedTuple):
    """Documents to embed.

    Attributes:
        name: for the table.
        lengths: least and most tokens of a document.
        documents: how many.
        part: documents of a part.
    """

    name: str
    lengths: tuple[int, int]
    documents: int
    part: int


CORPORA = (
    Corpus("7 to 128 tokens", (7, 128), 1800, 900),
    Corpus("60 to 128 tokens", (60, 128), 1200, 600),
    Corpus("15 to 25 tokens", (15, 25), 4800, 2400),
    Corpus("7 to 128 tokens, parts of 200", (7, 128), 1600, 200),
    Corpus("60 to 128 tokens, parts of 200", (60, 128), 1200, 200),
    Corpus("15 to 25 tokens, parts of 200", (15, 25), 4000, 200),
    Corpus("7 to 128 tokens, parts of 20", (7, 128), 1000, 20),
)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--group", type=int, default=8, help="lengths of a group (8)")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each (3)")
    arguments = parser.parse_args()
    quiet.import_tensorflow()
    from transforms.bert import loading, module
    from transforms.bert.compute import ComputeConfig, default_tokens_per_batch
    from transforms.checkpoints import imported_models

    inspected = module.inspect(imported_models.resolve("minilm"))
    outputs, compute = inspected.outputs(("mean",)), ComputeConfig("openvino", arguments.precision)
    engine = loading.load(inspected, outputs, compute)
    mixed = BatchingConfig(default_tokens_per_batch(compute.engine))
    alike = dataclasses.replace(mixed, length_group=arguments.group)
    tokenized = _tokenize(prose.draw_documents(_DRAWN), inspected)
    lines = [
        _line(corpus, _parts(tokenized, corpus), engine, (mixed, alike), arguments.rounds)
        for corpus in CORPORA
    ]
    head = ["", "batches of a part", "with groups", "positions", "processor's time"]
    print(f"\n{machine.describe()}; {machine.today()}; openvino, {engine.precision}\n")
    print(pages.table(head, lines))


def _tokenize(texts: Sequence[str], module: "BertModule") -> TokenSequences:
    import tensorflow as tf

    from transforms.documents import TEXT
    from transforms.features import INPUT_IDS
    from transforms.wordpiece.preprocessing import WordpieceConfig, model_inputs

    config = WordpieceConfig(max_seq_length=128, rules=module.rules)
    ids = model_inputs(config, module.vocabulary)({TEXT: tf.constant(texts)})[INPUT_IDS]
    flat = ids.flat_values.numpy()
    return TokenSequences(ids.row_splits.numpy(), flat, np.zeros_like(flat))


def _parts(sequences: TokenSequences, corpus: Corpus) -> list[TokenSequences]:
    lengths = np.diff(sequences.offsets)
    least, most = corpus.lengths
    chosen = np.flatnonzero((lengths >= least) & (lengths <= most))[: corpus.documents]
    return [
        sequences.take(chosen[start : start + corpus.part])
        for start in range(0, len(chosen), corpus.part)
    ]


def _line(
    corpus: Corpus,
    parts: Sequence[TokenSequences],
    engine: Engine,
    batchings: _Pair,
    rounds: int,
) -> list[str]:
    """Embed the parts in each round, and return a line of the table."""
    with ThreadPoolExecutor(engine.parallel) as threads:
        _embed(parts[0].take(np.arange(_WARM_UP)), engine, batchings[0], threads)
        totals = [_round(parts, engine, batchings, threads) for _ in range(rounds)]
    mixed, alike = [[total[side] for total in totals] for side in range(len(batchings))]
    of_part = [f"{side[0].batches / len(parts):.1f}" for side in (mixed, alike)]
    positions = alike[0].positions / mixed[0].positions
    ratios = Spread.of(one.seconds / other.seconds for one, other in zip(alike, mixed, strict=True))
    line = [*of_part, f"{positions:.3f}", ratios.to_text(3)]
    print(f"  {corpus.name}: {', '.join(line)}", flush=True)
    return [corpus.name, *line]


class Cost(NamedTuple):
    """The work for some parts: batches, positions with padding, and seconds of the processor."""

    batches: float = 0
    positions: float = 0
    seconds: float = 0


def _round(
    parts: Sequence[TokenSequences], engine: Engine, batchings: _Pair, threads: ThreadPoolExecutor
) -> list[Cost]:
    """Embed each part both ways, and return the cost of each way."""
    totals = [Cost(), Cost()]
    for number, part in enumerate(parts):
        # What runs second has another state of the caches.
        for side in (0, 1) if number % 2 else (1, 0):
            cost = _embed(part, engine, batchings[side], threads)
            totals[side] = Cost(*(a + b for a, b in zip(totals[side], cost, strict=True)))
    return totals


def _embed(
    part: TokenSequences, engine: Engine, batching: BatchingConfig, threads: ThreadPoolExecutor
) -> Cost:
    config = EmbeddingConfig(("mean",), batching=batching)
    began = time.process_time()
    embedded = embed_sequences(part, engine, config, threads.map)
    return Cost(embedded.batches, embedded.padded_tokens, time.process_time() - began)


if __name__ == "__main__":
    main()
