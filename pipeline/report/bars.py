"""Bar plots with a value per line: seconds by stage, [UNK] rates, rejection reasons."""

from collections.abc import Mapping, Sequence

from pipeline.manifest import Progress
from pipeline.parts import named_sums
from pipeline.parts.receipt_table import table_of
from pipeline.report import labels
from pipeline.report.file_names import cut_names
from pipeline.report.plot import Bar, Bars, Plot
from transforms import metrics
from transforms.features import NUM_UNKNOWN, NUM_WORDPIECES
from transforms.receipts import Receipt

_MAX_FILES = 15
_MAX_CHARACTERS = 32
_STAGES = {
    metrics.READ_SECONDS: "reading",
    metrics.TOKENIZE_SECONDS: "tokenizing",
    metrics.ENCODE_SECONDS: "the model",
    metrics.WAIT_SECONDS: "waiting for the model",
    metrics.WRITE_SECONDS: "writing",
}


def stages(parts: Sequence[Receipt]) -> Plot:
    """Draw the seconds of each stage."""
    total = named_sums.seconds(table_of(parts))
    seconds = {label: total[name] for name, label in _STAGES.items() if total.get(name, 0) > 0}
    if not seconds:
        return Plot("stages", "Time by stage", "The receipts have no durations.", None)
    return Plot(
        "stages",
        "Time by stage",
        "Seconds of all parts, summed over threads and workers. The sum is more than the elapsed "
        "time if stages run in parallel.",
        _bars(list(seconds), list(seconds.values()), list(map(labels.duration, seconds.values()))),
    )


def unknown(progress: Progress, names: Mapping[str, str]) -> Plot | None:
    """Draw the files with the highest [UNK] rates; `names` has labels by path."""
    rates = {
        source: counts[NUM_UNKNOWN] / counts[NUM_WORDPIECES]
        for source, counts in progress.by_source.items()
        if counts.get(NUM_WORDPIECES)
    }
    if not rates:
        return None
    title = "[UNK] rate by file"
    if not any(rates.values()):
        return Plot("unknown", title, "No file has a wordpiece that is [UNK].", None)
    worst = sorted(rates, key=lambda source: (-rates[source], source))[:_MAX_FILES]
    more = f" The worst {len(worst)} of {len(rates):,} files." if len(rates) > len(worst) else ""
    values = [rates[source] for source in worst]
    return Plot(
        "unknown",
        title,
        "The share of wordpieces that are [UNK], not in the model's vocabulary. A high rate means "
        f"another language, another casing, or data that is not text.{more}",
        _bars([names[source] for source in worst], values, list(map(labels.share, values))),
    )


def reasons(progress: Progress, documents: int) -> Plot | None:
    """Draw the number of rejected documents by reason, if any document was rejected."""
    by_reason = sorted(progress.reasons().items(), key=lambda pair: -pair[1])
    if not by_reason:
        return None
    counts = [count for _, count in by_reason]
    return Plot(
        "reasons",
        "Rejected by reason",
        f"{sum(counts):,} of {labels.counted(documents, 'document')} "
        f"{'has' if sum(counts) == 1 else 'have'} no vector. rejected/ has the position and the "
        "reason of each.",
        _bars([reason for reason, _ in by_reason], counts, [f"{count:,}" for count in counts]),
    )


def _bars(names: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> Bars:
    """Draw a bar for each value, with its text after it."""
    longest = max(values) or 1
    cut = cut_names(names, _MAX_CHARACTERS)
    rows = zip(cut, names, values, texts, strict=True)
    return Bars([Bar(label, name, value / longest, text) for label, name, value, text in rows])
