"""`plan`: what a job will come to on this machine, before it is begun. Writes nothing."""

import dataclasses
import itertools
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from pipeline import graphs, manifest, model, status
from pipeline.errors import UsageError
from pipeline.estimate import output_size, pricing, sampling
from pipeline.estimate.output_size import Lot
from pipeline.estimate.pricing import MachineConfig
from pipeline.inputs import prepare, stdin
from pipeline.manifest import Progress
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import output_folder
from pipeline.output.output_folder import Run
from pipeline.output.quality import name_worst
from pipeline.result import MUCH_UNKNOWN
from transforms import escaping
from transforms.batching.batches import pad_batch
from transforms.bert import loading
from transforms.bert.engines import Engine
from transforms.bert.output_spec import OutputSpec
from transforms.documents import Split
from transforms.embedding.embed import EmbeddingConfig
from transforms.features import NUM_TOKENS, NUM_WORDPIECES
from transforms.metrics import COMPUTED_TOKENS, PADDED_TOKENS
from transforms.receipts import shares

# Batches are run for so long to measure the model's speed.
_MEASURED_SECONDS = 5.0
# What the whole job keeps of it (benchmarks.throughput), and how long it takes, beside what was
# measured here, to learn the transform and to build the pipelines.
_KEPT, _ANALYSIS_SECONDS = 0.9, 4.0


@dataclasses.dataclass(frozen=True)
class Forecast:
    """What a job will come to.

    Attributes:
        files, splits: of the corpus.
        whole: whether all of it was read; else a sample.
        counts: estimates, by the names that receipts have.
        reasons: rejected documents by reason.
        bytes: that it will write, by folder.
        unknown: the files of which the model hardly knows the writing, worst first.
        positions_per_second: of the model on this machine, padding included; None where there is
            nothing to embed.
        tokens_per_second: of the whole job on this machine, once it has started; None likewise.
        startup: seconds until then.
        seconds: that the whole job takes, start-up included.
        parts_done, documents_done: that an earlier call has done.
        seconds_left: for the rest; 0 where there is none.
    """

    files: int
    splits: int
    whole: bool
    counts: Mapping[str, float]
    reasons: Mapping[str, float]
    bytes: Mapping[str, float]
    unknown: tuple[str, ...]
    positions_per_second: float | None
    tokens_per_second: float | None
    startup: float
    seconds: float
    parts_done: int
    documents_done: int
    seconds_left: float


def forecast(config: EmbedConfig, started: float) -> Forecast:
    """Sample a corpus and measure the model.

    Args:
        config: of the job.
        started: `time.monotonic()` when the command began: what it took until the model is in
            memory, the job takes too.

    Raises:
        UsageError: the job could not begin.
    """
    with prepare.prepare(config, {}) as ready:
        return _forecast(ready.config, ready.splits, started)


def _forecast(config: EmbedConfig, splits: Sequence[Split], started: float) -> Forecast:
    path, fingerprint = model.find_model(config)
    run = Run(config.identity(), fingerprint)
    earlier = output_folder.find_earlier(config, run, stdin.relocate(splits, config.output))
    module = model.inspect_model(path, config)
    engine = loading.load(module, OutputSpec.of(config.features), config.compute.without_xla)
    startup = time.monotonic() - started + _ANALYSIS_SECONDS
    lots = list(output_size.sample_lots(config, module, splits))
    if not lots:
        raise UsageError(f"--input {' '.join(config.input.globs)}: no file of it can be read")
    counts = output_size.totals(lots, "counts")
    speed = measure_speed(lots, engine, graphs.embedding_config(config, module))
    computing = counts[PADDED_TOKENS] / speed / _KEPT if speed else 0.0
    done = _done_before(config, earlier, splits)
    documents_done = done.counts().get("documents", 0)
    left = max(0.0, 1 - documents_done / max(1.0, counts["documents"]))
    sources = sampling.sources_of(splits)
    return Forecast(
        files=len(sources),
        splits=len(splits),
        whole=sampling.is_small(sources),
        counts=counts,
        reasons=output_size.totals(lots, "reasons"),
        bytes=output_size.totals(lots, "bytes"),
        unknown=tuple(name_worst(_unknown_shares(lots), MUCH_UNKNOWN)),
        positions_per_second=speed,
        tokens_per_second=counts[NUM_TOKENS] / computing if computing else None,
        startup=startup,
        seconds=startup + computing,
        parts_done=len(done.parts),
        documents_done=documents_done,
        seconds_left=0.0 if done.complete else startup + left * computing,
    )


def _done_before(config: EmbedConfig, earlier: Run | None, splits: Sequence[Split]) -> Progress:
    """Measure what an earlier call has done."""
    if earlier is None or earlier.transform is None:
        return manifest.measure_progress(splits, [], "")
    receipts = manifest.load_receipts(config.output)
    return manifest.measure_progress(splits, receipts, earlier.fingerprint)


def _unknown_shares(lots: Sequence[Lot]) -> dict[str, float]:
    by_source: dict[str, list[Lot]] = {}
    for lot in lots:
        by_source.setdefault(lot.source, []).append(lot)
    sums = {source: output_size.totals(own, "counts") for source, own in by_source.items()}
    return {source: shares(counts)["unknown"] for source, counts in sums.items()}


def measure_speed(lots: Sequence[Lot], engine: Engine, config: EmbeddingConfig) -> float | None:
    """Run batches of a sample, of all lengths.

    Returns:
        positions a second, padding included; None where the sample has no batch.
    """
    batches = [(lot, numbers) for lot in lots for numbers in lot.batches]
    batches.sort(key=lambda batch: int(batch[0].windows.lengths[batch[1][0]]))
    if not batches:
        return None
    # However early this ends, the batches run were spread evenly over all lengths.
    order = np.argsort(np.arange(len(batches)) * 0.6180339887 % 1)
    for place in order[:3]:
        _run(engine, batches[place], config)
    began = time.monotonic()

    def run_some(first: int) -> int:
        positions = 0
        for number in itertools.count(first, engine.parallel):
            positions += _run(engine, batches[order[number % len(order)]], config)
            if time.monotonic() - began >= _MEASURED_SECONDS:
                break
        return positions

    with ThreadPoolExecutor(engine.parallel) as threads:
        positions = sum(threads.map(run_some, range(engine.parallel)))
    return positions / (time.monotonic() - began)


def _run(engine: Engine, chosen: tuple[Lot, np.ndarray], config: EmbeddingConfig) -> int:
    lot, numbers = chosen
    batch = pad_batch(lot.windows, numbers)
    engine.run(
        batch.pad(lot.wordpieces.input_ids, config.pad_id),
        batch.mask.astype(np.int32),
        batch.pad(lot.wordpieces.segment_ids, 0),
    )
    return batch.mask.size


def to_text(found: Forecast, machine: MachineConfig | None = None) -> str:
    """Say it in a few lines; of machines that were named, what it costs there."""
    counts = {name: round(count) for name, count in found.counts.items()}
    lost = shares(counts)
    padding = counts[PADDED_TOKENS] - counts[COMPUTED_TOKENS]
    reasons = ", ".join(f"{round(n):,} {why}" for why, n in sorted(found.reasons.items()))
    how = "all of it was read" if found.whole else "by a sample"
    written = ", ".join(f"{_size(size)} in {name}/" for name, size in found.bytes.items() if size)
    lines = [
        f"files       {found.files:,} in {found.splits:,} splits; {how}",
        f"documents   {counts['documents']:,}: {counts['embedded']:,} embedded, "
        f"{counts['rejected']:,} rejected" + (f" ({reasons})" if reasons else ""),
        f"wordpieces  {counts[NUM_WORDPIECES]:,}, {lost['unknown']:.1%} unknown; "
        f"{lost['truncated']:.1%} of the documents truncated",
        *([f"unknown     {', '.join(found.unknown)}"] if found.unknown else []),
        f"tokens      {counts[NUM_TOKENS]:,} embedded, {counts[COMPUTED_TOKENS]:,} computed, "
        f"{padding / max(1, counts[PADDED_TOKENS]):.1%} padding on top",
        f"output      {_size(sum(found.bytes.values()))}: {written or 'nothing'}",
        f"time        about {status.clock(found.seconds)} on this machine, {_speed(found)}",
    ]
    if found.parts_done:
        lines.append(_done(found))
    if machine is not None:
        lines += _costs(found, machine)
    return "\n".join(lines)


def _costs(found: Forecast, machine: MachineConfig) -> list[str]:
    speed = machine.tokens_per_second or found.tokens_per_second
    if speed is None or found.tokens_per_second is None:
        return [f"cost        none on {escaping.one_line(machine.name)}: there is nothing to embed"]
    tokens = found.counts[NUM_TOKENS]
    whole = pricing.cost(machine, tokens, speed, found.startup)
    share = max(0.0, 1 - found.documents_done / max(1.0, found.counts["documents"]))
    left = pricing.cost(machine, share * tokens, speed, found.startup if share else 0.0)
    return pricing.to_lines(machine, whole, left if found.parts_done else None, speed)


def _speed(found: Forecast) -> str:
    if found.positions_per_second is None:
        return "of start-up: there is nothing to embed"
    return f"at {found.positions_per_second:,.0f} positions/s, start-up included"


def _done(found: Forecast) -> str:
    share = min(1.0, found.documents_done / max(1.0, found.counts["documents"]))
    left = (
        f"about {status.clock(found.seconds_left)} left" if found.seconds_left else "nothing left"
    )
    return (
        f"done        {found.parts_done:,} parts, {found.documents_done:,} documents "
        f"({share:.0%}); {left}"
    )


def _size(size: float) -> str:
    """Write a number of bytes.

    >>> _size(1_250_000), _size(2.5e9)
    ('1.2 MB', '2.5 GB')
    >>> _size(345)
    '345 bytes'
    """
    for unit, name in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if size >= unit:
            return f"{size / unit:,.1f} {name}"
    return f"{size:.0f} bytes"
