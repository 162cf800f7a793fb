"""Check the bytes that a job will write against `--max_output_gb`, before it begins."""

from collections.abc import Mapping, Sequence

from pipeline.errors import UsageError
from pipeline.estimate import tokenized_sample
from pipeline.estimate.choose_pieces import sources_of
from pipeline.options.embed_config import EmbedConfig
from transforms.bert.module import BertModule
from transforms.documents import Source, Split
from transforms.features import widths_of_tokens
from transforms.io import decompressing
from transforms.records.dtypes import NUMPY_TYPES
from transforms.records.record_content import POOLED, SEQUENCE
from transforms.sources import base
from transforms.vector_widths import VectorWidths

# Ids, feature names, kept fields and wordpieces as text, per byte of text; a generous bound.
_OTHER_BYTES = 500
# No gzip has more text than this times its size.
_GZIP_RATIO = 1100


def check_output(config: EmbedConfig, module: BertModule, splits: Sequence[Split]) -> None:
    """Refuse a job that would write more than the limit, by an estimate of its bytes.

    A sample is read only if the bound by file sizes, which takes no time, is over the limit.

    Raises:
        UsageError: the job would write more; the message has the estimate and the remedies.
    """
    limit = config.max_output_gb * 1e9
    if max_bytes(config, module.widths, sources_of(splits).sums_of_kinds()) <= limit:
        return
    written = estimate_bytes(config, module, splits)
    if sum(written.values()) <= limit:
        return
    token_features = " and ".join(widths_of_tokens(config.features))
    remedy = f", or leave {token_features} out of --features" if token_features else ""
    raise UsageError(
        f"--max_output_gb is {config.max_output_gb:g}, and the job would write about "
        f"{sum(written.values()) / 1e9:,.1f} GB ({describe(written)}): raise it{remedy}"
    )


def estimate_bytes(
    config: EmbedConfig, module: BertModule, splits: Sequence[Split]
) -> dict[str, float]:
    """Estimate the bytes that splits will write, by folder, from a sample of their documents."""
    parts = list(tokenized_sample.tokenize_sample(config, module, splits))
    return tokenized_sample.total_bytes(parts)


def describe(written: Mapping[str, float]) -> str:
    """Return the bytes of each folder as text.

    >>> describe({"pooled": 2e9, "rejected": 0})
    'pooled 2.0 GB'
    """
    return ", ".join(f"{name} {size / 1e9:,.1f} GB" for name, size in written.items() if size)


def max_bytes(config: EmbedConfig, widths: VectorWidths, sources: Sequence[Source]) -> float:
    """Return an upper bound of the bytes that a job writes.

    A text has at most one token per byte, and a document at least two bytes.
    """
    text = sum(source.size * (1 if _is_plain(source) else _GZIP_RATIO) for source in sources)
    families = config.records.families
    numbers: float = sum(config.records.widths(POOLED, widths).values()) / 2
    if config.rows.are_windows:
        # With a stride of 1, each wordpiece begins a window.
        numbers *= 2
    if SEQUENCE in families:
        # A document of one character has two bytes with its line end, and two special tokens.
        numbers += 2.5 * sum(config.records.widths(SEQUENCE, widths).values())
    item_bytes = int(NUMPY_TYPES[config.dtype].itemsize)
    return text * (numbers * item_bytes + _OTHER_BYTES)


def _is_plain(source: Source) -> bool:
    """Return whether the text of a file has at most as many bytes as the file."""
    stores_compressed = base.find(source.format).stores_compressed
    return source.compression == decompressing.NONE and not stores_compressed
