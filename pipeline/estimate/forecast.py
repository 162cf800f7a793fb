"""`plan`: estimate what a job will take on this machine, without writing anything."""

import collections
import dataclasses
import time
from collections.abc import Mapping, Sequence

from pipeline import graphs, manifest, model
from pipeline.errors import WRITTEN_AGAIN, UsageError
from pipeline.estimate import (
    choose_pieces,
    choose_precision,
    output_growth,
    tokenized_sample,
)
from pipeline.estimate.model_speed import measure_speed
from pipeline.estimate.tokenized_sample import MeasuredPart
from pipeline.inputs import prepare, stdin
from pipeline.manifest import Progress
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import earlier_call, plan_file
from pipeline.output.earlier_call import Earlier
from pipeline.output.layout import RUN_FILE
from pipeline.output.quality import name_worst
from pipeline.output.run_file import Run
from pipeline.output.stored_settings import with_stored_settings
from pipeline.result import MUCH_UNKNOWN
from pipeline.updates import update_forecast
from pipeline.updates.update_forecast import UpdateForecast
from transforms.bert import loading
from transforms.documents import Source, Split
from transforms.features import FLOAT32, NUM_TOKENS
from transforms.metrics import PADDED_TOKENS
from transforms.receipts import Receipt, shares
from transforms.splits.collecting import collect

# The share of the model's speed that the whole job reaches (benchmarks.throughput), and the seconds
# to analyze the corpus and to build the pipelines, which are not measured here.
_EFFICIENCY, _ANALYSIS_SECONDS = 0.9, 4.0


@dataclasses.dataclass(frozen=True)
class Forecast:
    """The estimates of a job.

    Attributes:
        files, splits: of the corpus.
        whole: whether the whole corpus was read, not a sample.
        counts: estimates, by the names in receipts.
        reasons: rejected documents by reason.
        bytes: that the job will write, by folder.
        unknown: the files with high [UNK] rates, the highest first.
        positions_per_second: of the model on this machine, padding included; None if there is
            nothing to embed.
        tokens_per_second: of the whole job on this machine after start-up; None if there is
            nothing to embed.
        startup: seconds of start-up.
        seconds: of the whole job, start-up included.
        parts_done, documents_done: what an earlier call has done.
        seconds_left: for the rest; 0 if all is done.
        unread: a line for each file that cannot be read, of those that are read to plan the job or
            to take the sample; the figures leave them out.
        growth: a line if the output is many times the input; see `output_growth`.
        precision: type of the model's matrix products.
        update: what an update will do; None without one.
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
    unread: tuple[str, ...] = ()
    growth: str | None = None
    precision: str = FLOAT32
    update: UpdateForecast | None = None

    @property
    def share_left(self) -> float:
        """The share of the documents that no earlier call has done."""
        return max(0.0, 1 - self.documents_done / max(1.0, self.counts["documents"]))


def forecast(config: EmbedConfig, started: float) -> Forecast:
    """Sample a corpus and measure the model.

    Args:
        config: of the job.
        started: `time.monotonic()` at the start of the command. The job needs the same time as
            this command until the model is loaded.

    Raises:
        UsageError: the job could not begin.
    """
    with prepare.prepare_inputs(with_stored_settings(config), {}) as ready:
        return _forecast(ready.config, ready.splits, started)


def _forecast(config: EmbedConfig, splits: Sequence[Split], started: float) -> Forecast:
    path, fingerprint = model.find_model(config)
    config, _ = choose_precision.settle(config, path, splits)
    earlier = _find_earlier(config, fingerprint, stdin.relocate(splits, config.output))
    module = model.inspect_model(path, config)
    engine = loading.load(module, module.outputs(config.features), config.compute.without_xla)
    startup = time.monotonic() - started + _ANALYSIS_SECONDS
    unread = {s.source.path: f"{s.source.path}: {s.unread}" for s in collect(splits).unread}

    def report_unread(source: Source, error: OSError) -> None:
        unread.setdefault(source.path, str(error))

    parts = list(tokenized_sample.tokenize_sample(config, module, splits, report_unread))
    if not parts:
        why = "".join(f": {line}" for line in list(unread.values())[:1])
        inputs = " ".join(config.input.globs)
        raise UsageError(f"--input {inputs}: none of the files can be read{why}")
    counts = tokenized_sample.total_counts(parts)
    speed = measure_speed(parts, engine, graphs.embedding_config(config, module))
    computing = counts[PADDED_TOKENS] / speed / _EFFICIENCY if speed else 0.0
    receipts = _load_receipts(config, earlier)
    done = _done_before(earlier, receipts)
    sources = choose_pieces.sources_of(splits)
    result = Forecast(
        files=len(sources),
        splits=len(splits),
        whole=choose_pieces.is_small(sources),
        counts=counts,
        reasons=tokenized_sample.total_reasons(parts),
        bytes=tokenized_sample.total_bytes(parts),
        unknown=tuple(name_worst(_unknown_rates(parts), MUCH_UNKNOWN)),
        positions_per_second=speed,
        tokens_per_second=counts[NUM_TOKENS] / computing if computing else None,
        startup=startup,
        seconds=startup + computing,
        parts_done=len(done.parts),
        documents_done=done.counts().get("documents", 0),
        seconds_left=0.0,
        unread=tuple(unread.values()),
        growth=output_growth.describe(
            *(config, module.widths, sum(source.size for source in sources.sums_of_kinds())),
            *(counts["embedded"], counts[NUM_TOKENS]),
        ),
        precision=config.compute.precision,
        update=update_forecast.forecast_update(config, earlier, receipts)
        if config.update
        else None,
    )
    if done.complete:
        return result
    return dataclasses.replace(result, seconds_left=startup + result.share_left * computing)


def _find_earlier(config: EmbedConfig, fingerprint: str, splits: Sequence[Split]) -> Earlier:
    run = Run(config.identity(), fingerprint, plan=plan_file.fingerprint(splits))
    found = earlier_call.find_earlier(config, run, splits)
    if found.run_is_damaged:
        raise UsageError(
            f"--output {config.output}: {RUN_FILE} is damaged; {WRITTEN_AGAIN}. Run it before plan"
        )
    return found


def _load_receipts(config: EmbedConfig, earlier: Earlier) -> Sequence[Receipt]:
    if earlier.run is None or earlier.run.transform is None:
        return []
    return manifest.load_receipts(config.output)


def _done_before(earlier: Earlier, receipts: Sequence[Receipt]) -> Progress:
    """Measure what an earlier call has done."""
    if earlier.run is None or not receipts:
        return manifest.measure_progress(earlier.splits, [], "")
    return manifest.measure_progress(earlier.splits, receipts, earlier.run.fingerprint)


def _unknown_rates(parts: Sequence[MeasuredPart]) -> dict[str, float]:
    """Return the [UNK] rate of each file."""
    counts = collections.defaultdict[str, collections.Counter[str]](collections.Counter)
    for part in parts:
        for path, of_file in part.unknown.items():
            counts[path].update(of_file)
    return {path: shares(of_file)["unknown"] for path, of_file in counts.items()}
