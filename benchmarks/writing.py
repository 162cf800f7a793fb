"""Measure the writing of parts alone, from embeddings to committed files.

    python -m benchmarks.writing

writes parts repeatedly, alternately document and token vectors, in float32 and in 16 bits, as
TFRecord and as Parquet: records, checksums, sha256, the file forced to disk, and the receipt. MB/s
are 10^6 bytes of TFRecord files per second. The last column has the processor time of Parquet
divided by that of TFRecord in the same round. The vectors have the default model's width, the
documents 60 tokens.
"""

import argparse
import tempfile
import time
from typing import Any, NamedTuple

import numpy as np

from benchmarks import machine, pages
from benchmarks.spread import Spread
from pipeline.console import quiet

HIDDEN, _TOKENS = 384, 60
_FORMATS = ("tfrecord", "parquet")
# Parts of the size that jobs have: 1 MiB and 256 KiB of text.
_CASES = (
    (("pooled_output", "mean"), "float32", 4000),
    (("pooled_output", "mean"), "float16", 4000),
    (("sequence_output",), "float32", 1000),
    (("sequence_output",), "float16", 1000),
    (("sequence_output",), "bfloat16", 1000),
)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=9, help="number of times to write each (9)")
    rounds = parser.parse_args().rounds
    quiet.import_tensorflow()
    parts = [make_part(features, documents) for features, _, documents in _CASES]
    pairs: dict[int, list[tuple[_Written, ...]]] = {case: [] for case in range(len(_CASES))}
    for _ in range(rounds):
        for case, (features, dtype, _) in enumerate(_CASES):
            one = parts[case]
            pairs[case].append(tuple(_write(one, features, dtype, name) for name in _FORMATS))
    lines = [
        [
            *(", ".join(features), dtype, f"{documents:,}"),
            Spread.of(records.megabytes / records.seconds for records, _ in pairs[case]).to_text(),
            *_of_processor(pairs[case]),
        ]
        for case, (features, dtype, documents) in enumerate(_CASES)
    ]
    print(f"{machine.describe()}; {machine.today()}\n")
    head = ["features", "--dtype", "documents", "MB/s", "MB/s of a core", "Parquet / TFRecord"]
    print(pages.table(head, lines))


def _of_processor(pairs: list[tuple["_Written", ...]]) -> tuple[str, str]:
    """Return the speed of TFRecord for a core, and the ratio of processor time of Parquet to it."""
    speeds = Spread.of(records.megabytes / records.processor for records, _ in pairs)
    ratios = Spread.of(parquet.processor / records.processor for records, parquet in pairs)
    return speeds.to_text(), ratios.to_text(2)


class _Written(NamedTuple):
    """What the writing of a part took."""

    megabytes: float
    seconds: float
    processor: float


def make_part(features: tuple[str, ...], documents: int) -> Any:
    """Return a part as the encoder returns it."""
    import pyarrow as pa

    from transforms.documents import PartHeader, with_header
    from transforms.features import widths_of_tokens

    draw = np.random.default_rng(0)
    tokens = documents * _TOKENS
    offsets = np.arange(documents + 1) * _TOKENS
    numbers = pa.array(np.full(documents, _TOKENS))
    columns = {
        "id": pa.array([f"corpus.txt:{n * 300}" for n in range(documents)], pa.large_string()),
        "position": pa.array(np.arange(documents) * 300),
        "reason": pa.nulls(documents, pa.string()),
        "detail": pa.nulls(documents, pa.string()),
        "num_tokens": numbers,
        "num_wordpieces": numbers,
        "num_unknown": pa.array(np.zeros(documents, np.int64)),
        "truncated": pa.array(np.zeros(documents, np.int64)),
        "input_ids": pa.LargeListArray.from_arrays(offsets, draw.integers(0, 30000, tokens)),
    }
    of_tokens = widths_of_tokens(features)
    for name in features:
        rows = tokens if name in of_tokens else documents
        flat = pa.array(draw.standard_normal(rows * HIDDEN, np.float32))
        columns[name] = (
            pa.LargeListArray.from_arrays(offsets * HIDDEN, flat)
            if name in of_tokens
            else pa.FixedSizeListArray.from_arrays(flat, HIDDEN)
        )
    header = PartHeader("corpus.txt", start=0, end=1, last=True, key="0" * 64)
    counted = header.measured(documents=documents, embedded=documents, rejected=0)
    return with_header(pa.RecordBatch.from_pydict(columns), counted)


def _write(part: Any, features: tuple[str, ...], dtype: str, format_: str) -> _Written:
    """Write a part."""
    from transforms.records.record_config import RecordConfig
    from transforms.write import write_part

    config = RecordConfig(features, dtype=dtype, format=format_)
    with tempfile.TemporaryDirectory() as folder:
        started, processor = time.perf_counter(), time.process_time()
        receipt = write_part(part, folder, config)
        seconds, processor = time.perf_counter() - started, time.process_time() - processor
    return _Written(sum(file.bytes for file in receipt.files) / 1e6, seconds, processor)


if __name__ == "__main__":
    main()
