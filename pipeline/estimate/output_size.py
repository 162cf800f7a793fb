"""What a job will come to, by a sample of its corpus: documents, tokens, bytes."""

import collections
import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow as tf

from pipeline import graphs
from pipeline.errors import UsageError
from pipeline.estimate import sampling
from pipeline.estimate.sampling import SampledPart
from pipeline.options.embed_config import EmbedConfig
from transforms import rejects
from transforms.batching.batches import plan_batches
from transforms.batching.token_sequences import TokenSequences
from transforms.batching.windows import Windows, cut_windows
from transforms.bert.module import BertModule
from transforms.documents import REASON, Source, Split
from transforms.embedding.distinct import find_distinct
from transforms.embedding.embed import PartEmbeddings
from transforms.embedding.part_embeddings import add_embeddings, reject_oversize, take_wordpieces
from transforms.features import (
    NUM_TOKENS,
    NUM_UNKNOWN,
    NUM_WORDPIECES,
    TRUNCATED,
    widths_of_tokens,
)
from transforms.io import decompressing
from transforms.metrics import COMPUTED_TOKENS, PADDED_TOKENS
from transforms.records import record_files
from transforms.records.dtypes import NUMPY_TYPES
from transforms.records.record_config import NONE, POOLED, SEQUENCE
from transforms.tokenize import tokenize_part
from transforms.wordpiece.preprocessing import model_inputs
from transforms.write import REJECTED

# Ids, names of features, kept fields and wordpieces as text, for each byte of text; generously.
_OTHER_BYTES = 500
# Its columns are compressed, and values that repeat stand there once.
_PARQUET = "parquet"
# No gzip holds more times its size.
_GZIP_RATIO = 1100
# Records are measured on so many tokens of a part, and taken to grow with tokens and documents.
_MEASURED_TOKENS = 4096


@dataclasses.dataclass(frozen=True)
class Lot:
    """What a part of the sample came to, ready to be run.

    Attributes:
        source: path of its file.
        scale: documents of the corpus that each of its own stands for.
        counts: of its documents, by the names that receipts have.
        reasons: rejected documents by reason.
        bytes: that it would write, by folder.
        wordpieces, windows, batches: of its sound documents.
    """

    source: str
    scale: float
    counts: Mapping[str, int]
    reasons: Mapping[str, int]
    bytes: Mapping[str, float]
    wordpieces: TokenSequences
    windows: Windows
    batches: Sequence[np.ndarray]


def sample_lots(config: EmbedConfig, module: BertModule, splits: Sequence[Split]) -> Iterator[Lot]:
    """Read and tokenize a sample of a corpus, as its job would, but for the model."""
    wordpieces = graphs.wordpiece_config(config, module)
    signature = {name: tf.TensorSpec([None], tf.string) for name in wordpieces.texts}
    graph = tf.function(model_inputs(wordpieces, module.vocabulary), input_signature=[signature])
    pieces = sampling.choose_pieces(splits, config.input.read.part_bytes)
    for sampled in sampling.read_pieces(pieces, config.input.read):
        part = tokenize_part(sampled.documents, graph, wordpieces.texts)
        yield _make_lot(part, sampled, config, module)


def _make_lot(
    part: pa.RecordBatch, sampled: SampledPart, config: EmbedConfig, module: BertModule
) -> Lot:
    hidden_size = module.shape.hidden_size
    embedding = graphs.embedding_config(config, module)
    part = reject_oversize(part, hidden_size, embedding)
    wordpieces, sound = take_wordpieces(part)
    distinct = find_distinct(wordpieces).wordpieces
    windows = cut_windows(distinct.offsets, config.windows)
    batches = plan_batches(windows.lengths, config.batching.tokens_per_batch)
    embedded = part.filter(pa.array(sound))
    names = (NUM_WORDPIECES, NUM_UNKNOWN, TRUNCATED)
    counts = {name: pc.sum(embedded.column(name)).as_py() or 0 for name in names} | {
        "documents": part.num_rows,
        "embedded": embedded.num_rows,
        "rejected": part.num_rows - embedded.num_rows,
        NUM_TOKENS: len(wordpieces.input_ids),
        COMPUTED_TOKENS: int(windows.lengths.sum()),
        PADDED_TOKENS: sum(int(windows.lengths[batch[0]]) * len(batch) for batch in batches),
    }
    lines = [len(line.encode()) + 1 for line in rejects.reject_lines(part, sampled.source)]
    written = _record_bytes(embedded, wordpieces, config, hidden_size)
    return Lot(
        source=sampled.source,
        scale=sampled.scale,
        counts=counts,
        reasons=collections.Counter(part.column(REASON).drop_null().to_pylist()),
        bytes={**written, REJECTED: float(sum(lines))},
        wordpieces=distinct,
        windows=windows,
        batches=batches,
    )


def _record_bytes(
    part: pa.RecordBatch, wordpieces: TokenSequences, config: EmbedConfig, hidden_size: int
) -> dict[str, float]:
    """Tell how many bytes the records of sound documents take, by family.

    The first of them are serialized, of vectors of zeros; pooled records are taken to grow with
    the documents, sequence records with their tokens.
    """
    families = config.records.families
    if not part.num_rows:
        return dict.fromkeys(families, 0.0)
    rows = max(1, int(np.searchsorted(wordpieces.offsets, _MEASURED_TOKENS, side="right")) - 1)
    tokens = int(wordpieces.offsets[rows])
    some = TokenSequences(
        wordpieces.offsets[: rows + 1],
        wordpieces.input_ids[:tokens],
        wordpieces.segment_ids[:tokens],
    )
    zeros = PartEmbeddings(
        documents={
            name: np.zeros([rows, hidden_size], np.float32) for name in config.records.of_documents
        },
        tokens={
            name: np.zeros([tokens, width * hidden_size], np.float32)
            for name, width in widths_of_tokens(config.features).items()
        },
    )
    sound = np.ones(rows, bool)
    embedded = add_embeddings(part.slice(0, rows), sound, some, zeros, config.shaping)
    growth = {POOLED: part.num_rows / rows}
    growth[SEQUENCE] = len(wordpieces.input_ids) / tokens
    return {family: growth[family] * _framed(embedded, family, config) for family in families}


def _framed(part: pa.RecordBatch, family: str, config: EmbedConfig) -> int:
    # Zeros would be compressed to nothing, and vectors hardly are.
    records = dataclasses.replace(config.records, compression=NONE)
    return sum(len(block) for block, _ in record_files.encode(part, family, records))


def totals(lots: Sequence[Lot], what: str) -> dict[str, float]:
    """Sum `counts`, `reasons` or `bytes` over the corpus that lots stand for."""
    total: dict[str, float] = collections.defaultdict(float)
    for lot in lots:
        for name, count in getattr(lot, what).items():
            total[name] += lot.scale * count
    return dict(total)


def check_output(config: EmbedConfig, module: BertModule, splits: Sequence[Split]) -> None:
    """Refuse a job that would write more than is allowed, by an estimate of its bytes.

    A sample is read only where a bound that is quickly told is over the limit.

    Raises:
        UsageError: it would; the message names how much, and the remedies.
    """
    limit = config.max_output_gb * 1e9
    if most_bytes(config, module.shape.hidden_size, sampling.sources_of(splits)) <= limit:
        return
    written = totals(list(sample_lots(config, module, splits)), "bytes")
    if sum(written.values()) <= limit:
        return
    shown = ", ".join(f"{name} {size / 1e9:,.1f} GB" for name, size in written.items() if size)
    of_tokens = " and ".join(widths_of_tokens(config.features))
    less = f", or leave {of_tokens} out of --features" if of_tokens else ""
    raise UsageError(
        f"--max_output_gb is {config.max_output_gb:g}, and the job would write about "
        f"{sum(written.values()) / 1e9:,.1f} GB ({shown}): raise it{less}"
    )


def most_bytes(config: EmbedConfig, hidden_size: int, sources: Sequence[Source]) -> float:
    """Bound what a job writes: no text has more tokens than bytes, nor two documents in one."""
    text = sum(source.size * (1 if _is_plain(source) else _GZIP_RATIO) for source in sources)
    families = config.records.families
    numbers: float = sum(config.records.widths(POOLED, hidden_size).values()) / 2
    if SEQUENCE in families:
        # Special tokens of documents of one character, two bytes with the line's end.
        numbers += 2.5 * sum(config.records.widths(SEQUENCE, hidden_size).values())
    item_bytes = int(NUMPY_TYPES[config.dtype].itemsize)
    return text * (numbers * item_bytes + _OTHER_BYTES)


def _is_plain(source: Source) -> bool:
    """Whether a file takes as many bytes as its text."""
    return source.compression == decompressing.NONE and source.format != _PARQUET
