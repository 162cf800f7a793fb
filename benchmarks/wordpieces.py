"""Compare the speed of our tokenizer with Hugging Face's `tokenizers`, which is written in Rust.

    python -m benchmarks.wordpieces [--input FILE] [--vocabulary FILE]

tokenizes the same lines with both, alternately, on one thread and then on all cores. Without
--input the lines are the samples of this repository in 41 languages, repeated. It prints wordpieces
per second and the ratio; also with offsets, and with a word of over 200 characters in each batch,
for which our tokenizer counts characters.
"""

import argparse
import concurrent.futures
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pipeline.console import quiet

SAMPLES = Path(__file__).parents[1] / "samples"
_BATCH_LINES = 2000
_LONG_WORD = "é" * 201

Batch = list[str]
# Tokenizes a batch, and returns the number of wordpieces.
Contender = Callable[[Batch], int]


def main() -> None:
    """Measure, and print the speeds."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--input", type=Path, default=None, help="lines of text, UTF-8")
    parser.add_argument("--vocabulary", type=Path, default=None, help="default: minilm's")
    parser.add_argument("--lines", type=int, default=20_000, help="number of lines to tokenize")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each")
    arguments = parser.parse_args()
    quiet.import_tensorflow()
    lines = _read(arguments.input, arguments.lines)
    batches = [lines[n : n + _BATCH_LINES] for n in range(0, len(lines), _BATCH_LINES)]
    with_long_word = [[*batch[1:], _LONG_WORD] for batch in batches]
    for lower in (False, True):
        ours, offsets, theirs = _load(arguments.vocabulary, lower)
        casing = "uncased" if lower else "cased"
        for threads in (1, os.cpu_count() or 1):
            name = f"{casing}, {threads} thread{'s' * (threads > 1)}"
            contenders = {"ours": ours, "with offsets": offsets, "tokenizers": theirs}
            _compare(name, contenders, batches, threads, arguments.rounds)
        contenders = {"ours": ours, "with offsets": offsets, "tokenizers": theirs}
        _compare(
            f"{casing}, 1 thread, a long word", contenders, with_long_word, 1, arguments.rounds
        )


def _read(path: Path | None, count: int) -> list[str]:
    if path is not None:
        lines = path.read_text("utf-8").split("\n")
    else:
        lines = (SAMPLES / "sentences.txt").read_text("utf-8").splitlines()
        articles = (SAMPLES / "articles.jsonl").read_text("utf-8").splitlines()
        lines += [json.loads(line)["text"] for line in articles]
    lines = [line for line in lines if line.strip()]
    return (lines * (count // len(lines) + 1))[:count]


def _load(path: Path | None, lower: bool) -> tuple[Contender, Contender, Contender]:
    import tensorflow as tf
    from tokenizers import BertWordPieceTokenizer

    from transforms.bert.vocabulary import Vocabulary
    from transforms.bert.wordpiece_rules import WordpieceRules
    from transforms.checkpoints import minilm
    from transforms.wordpiece.tokenizer import WordpieceTokenizer

    rules = WordpieceRules.of_casing(lower)
    path = path or minilm.weights_folder() / "vocab.txt"
    tokenizer = WordpieceTokenizer(Vocabulary.from_bytes(path.read_bytes()), rules)
    signature = [tf.TensorSpec([None], tf.string)]
    plain = tf.function(tokenizer.tokenize, input_signature=signature)
    offsets = tf.function(tokenizer.tokenize_with_offsets, input_signature=signature)
    rust = BertWordPieceTokenizer(str(path), lowercase=lower, strip_accents=lower)
    fast = rust._tokenizer.encode_batch_fast
    return (
        lambda batch: len(plain(tf.constant(batch)).flat_values),
        lambda batch: len(offsets(tf.constant(batch)).ids.flat_values),
        lambda batch: sum(map(len, fast(batch, add_special_tokens=False))),
    )


def _compare(
    name: str,
    contenders: dict[str, Contender],
    batches: Sequence[Batch],
    threads: int,
    rounds: int,
) -> None:
    speeds: dict[str, list[float]] = {contender: [] for contender in contenders}
    # `tokenizers` has its own threads; our tokenizer gets several batches in parallel.
    os.environ["TOKENIZERS_PARALLELISM"] = str(threads > 1).lower()
    for number in range(rounds + 1):
        for contender in contenders if number % 2 else reversed(contenders):
            pool_size = 1 if contender == "tokenizers" else threads
            started = time.perf_counter()
            with concurrent.futures.ThreadPoolExecutor(pool_size) as pool:
                wordpieces = sum(pool.map(contenders[contender], batches))
            speeds[contender].append(wordpieces / (time.perf_counter() - started))
    print(f"{name}:")
    for contender, values in speeds.items():
        # The first round warms up.
        print(f"  {contender:13}{statistics.median(values[1:]) / 1e6:6.2f} M wordpieces/s")
    ratios = sorted(
        a / b for a, b in zip(speeds["ours"][1:], speeds["tokenizers"][1:], strict=True)
    )
    middle = statistics.median(ratios)
    print(f"  ratio ours / tokenizers {middle:.2f} (from {ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main()
