"""Documents embedded again from their sources, and held against what a job wrote of them."""

import bisect
import collections
import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import tensorflow_transform as tft

from pipeline import graphs
from pipeline.output.open_job import Job
from pipeline.verify import read_records, reread
from pipeline.verify.comparing import Tally
from pipeline.verify.read_records import Layout
from pipeline.verify.verdict import Sampled
from transforms import metrics, rejects
from transforms.bert import engines
from transforms.bert import module as modules
from transforms.bert.engines import Engine
from transforms.bert.output_spec import Wanted
from transforms.documents import REASON, Split, header_of
from transforms.embedding.embed import EmbeddingConfig, embed
from transforms.embedding.part_embeddings import add_embeddings, take_wordpieces
from transforms.io.saved_transform import readable_copy
from transforms.receipts import Receipt
from transforms.records import record_files
from transforms.tokenize import tokenize_part


@dataclasses.dataclass(frozen=True)
class _Again:
    """What computes: the saved transform and the model."""

    transform: tft.TFTransformOutput
    texts: tuple[str, ...]
    engine: Engine
    config: EmbeddingConfig


def embed_again(
    job: Job, layout: Layout, parts: Sequence[Receipt], path: Path, number: int
) -> Sampled:
    """Embed a sample of documents again, as the job did, and compare.

    Args:
        job: what was done.
        layout: of its records.
        parts: receipts of the parts to sample from; sound ones.
        path: folder of the module, the one that the job was computed with.
        number: documents of the sample; all where there are no more.

    Raises:
        ValueError: the module cannot be run.
    """
    chosen = choose([part.counts[metrics.EMBEDDED] for part in parts], number)
    again = _load(job, path)
    if isinstance(again, str):
        return Sampled(faults=(again,))
    by_split: dict[int, dict[str, tuple[Receipt, list[int]]]] = collections.defaultdict(dict)
    for place, rows in chosen.items():
        by_split[_split_of(job.splits, parts[place])][parts[place].key] = parts[place], rows
    tally = Tally(job.config.dtype, [field.name for field in layout.records.kept])
    for place, wanted in sorted(by_split.items()):
        _embed_split(job, layout, again, job.splits[place], wanted, tally)
    return tally.result()


def choose(counts: Sequence[int], number: int) -> dict[int, list[int]]:
    """Spread a sample evenly over the documents of parts.

    Args:
        counts: documents of each part.
        number: how many are wanted.

    Returns:
        rows by number of the part, ascending.

    >>> choose([3, 0, 5], 4)
    {0: [1], 2: [0, 2, 4]}
    """
    ends = np.cumsum(np.asarray(counts, np.int64))
    total = int(ends[-1]) if len(ends) else 0
    size = min(number, total)
    chosen: dict[int, list[int]] = {}
    for place in ((2 * n + 1) * total // (2 * size) for n in range(size)):
        part = int(np.searchsorted(ends, place, side="right"))
        chosen.setdefault(part, []).append(int(place - ends[part] + counts[part]))
    return chosen


def _load(job: Job, path: Path) -> _Again | str:
    """Load the transform and the model, or say what is wrong with the transform."""
    module = modules.inspect(path)
    try:
        fingerprint, _ = graphs.read_transform(job.config, module)
    except Exception as error:  # of many kinds, when a file of it is damaged
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return f"transform_fn/: cannot be loaded: {rejects.detail(reason)}"
    if job.run.transform is None or fingerprint != job.run.transform.fingerprint:
        return "transform_fn/: is not the transform that run.json tells of"
    with readable_copy(job.folder) as copy:
        transform = tft.TFTransformOutput(copy)
        # Loads it, while the copy is there.
        transform.transform_features_layer()
    return _Again(
        transform=transform,
        texts=graphs.wordpiece_config(job.config, module).texts,
        engine=engines.load(module, Wanted.of(job.config.features), job.config.compute.without_xla),
        config=graphs.embedding_config(job.config, module),
    )


def _split_of(splits: Sequence[Split], part: Receipt) -> int:
    """Find the split that a part is of: the last of its file that begins no later."""
    own = [number for number, split in enumerate(splits) if split.source.path == part.source]
    starts = [splits[number].start for number in own]
    return own[bisect.bisect_right(starts, part.start) - 1]


def _embed_split(
    job: Job,
    layout: Layout,
    again: _Again,
    split: Split,
    wanted: Mapping[str, tuple[Receipt, list[int]]],
    tally: Tally,
) -> None:
    left = dict(wanted)
    why = f"{split.source.path} no longer gives them"
    try:
        for part in reread.read_parts(job, split, wanted):
            receipt, rows = left.pop(header_of(part).key)
            _embed_rows(job, layout, again, part, receipt, rows, tally)
    except OSError as error:
        why = str(error)
    if left:
        count = sum(len(rows) for _, rows in left.values())
        tally.not_checked.append(f"{count:,} documents of the sample: {why}")


def _embed_rows(
    job: Job,
    layout: Layout,
    again: _Again,
    part: pa.RecordBatch,
    receipt: Receipt,
    rows: Sequence[int],
    tally: Tally,
) -> None:
    """Embed some documents of a part, which are told by their number among the embedded ones."""
    embedded = reread.embedded_rows(job.folder, receipt, part)
    if len(embedded) != receipt.counts[metrics.EMBEDDED]:
        tally.faults.append(
            f"{receipt.name}: its source has {len(embedded):,} documents beside the rejected ones, "
            f"its receipt tells {receipt.counts[metrics.EMBEDDED]:,}"
        )
        return
    fresh = _compute(part.take(pa.array(embedded[list(rows)])), again)
    if fresh.num_rows < len(rows):
        tally.faults.append(f"{receipt.name}: documents are rejected now that were embedded")
        return
    tally.documents += len(rows)
    for family in layout.records.families:
        path = f"{family}/{receipt.name}{layout.records.ending}"
        stored = read_records.read_rows(job.folder, path, rows, family, layout)
        blocks = record_files.encode(fresh, family, layout.records)
        content = io.BytesIO(b"".join(block for block, _ in blocks))
        reader = record_files.reader(family, layout.records, layout.hidden_size)
        made = pa.Table.from_batches(reader.read(content)).combine_chunks()
        tally.compare(path, stored, made.to_batches()[0])


def _compute(documents: pa.RecordBatch, again: _Again) -> pa.RecordBatch:
    """Embed documents as the stages of a job do; those rejected on the way are left out."""
    part = _sound(tokenize_part(documents, again.transform.transform_raw_features, again.texts))
    if not part.num_rows:
        return part
    wordpieces, sound = take_wordpieces(part)
    embeddings = embed(wordpieces, again.engine, again.config)
    shaping = again.config.shaping
    return _sound(add_embeddings(part, sound, wordpieces, embeddings, shaping))


def _sound(part: pa.RecordBatch) -> pa.RecordBatch:
    return part.filter(pc.is_null(part.column(REASON)))
