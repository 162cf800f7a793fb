"""What an update will do, from the plans and the receipts, before anything is written."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.generations import numbers
from pipeline.options.earlier_output_flags import BY_CONTENT
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import activity, amounts, job_progress, plan_comparison, plan_file
from pipeline.output.earlier_call import Earlier
from pipeline.parts import named_sums
from pipeline.parts.receipt_columns import COUNTS, SECONDS
from pipeline.parts.receipt_table import ReceiptTable, table_of
from pipeline.status import clock
from transforms.documents import Split
from transforms.metrics import DOCUMENTS, EMBEDDED, REUSED
from transforms.receipts import Receipt


class UpdateForecast(NamedTuple):
    """What an update will do.

    Attributes:
        generation: the number of the generation that it writes.
        unchanged, added, changed, gone: numbers of files.
        splits: of the new plan.
        splits_left: those that are not done.
        parts_kept: parts that are done and stay.
        documents: in the splits that are left, by estimate; None if no part is done.
        seconds: to compute all of them at the speed of the earlier calls; None if that is not
            known.
        reusable: of them, those that earlier parts may have, at most: their vectors are taken. None
            if `--reuse` names another folder, which is not read now.
        compares: whether changed files are read first, and parts of the same documents are kept.
    """

    generation: int
    unchanged: int
    added: int
    changed: int
    gone: int
    splits: int
    splits_left: int
    parts_kept: int
    documents: int | None
    seconds: float | None
    compares: bool = False
    reusable: int | None = 0


def forecast_update(
    config: EmbedConfig, earlier: Earlier, receipts: Sequence[Receipt]
) -> UpdateForecast | None:
    """Estimate what an update will do; None if there is no earlier call.

    Args:
        config: of the job.
        earlier: the call to continue, with the plan of now.
        receipts: those in the folder.
    """
    run, folder, splits = earlier.run, config.output, earlier.splits
    if run is None:
        return None
    changes = earlier.changes or plan_comparison.compare(splits, splits)
    progress = job_progress.match_receipts(splits, receipts, run)
    stored = splits if earlier.before is None else earlier.before
    is_other = earlier.before is not None
    parts = job_progress.match_receipts(stored, receipts, run).parts if is_other else progress.parts
    documents = _documents(stored, parts, progress.pending)
    reusable = _reusable(config, parts, progress.parts)
    if reusable is not None and documents is not None:
        reusable = min(reusable, documents)
    return UpdateForecast(
        generation=numbers.generation_of_plan(
            folder, plan_file.fingerprint(splits), run.plan, run.generation, is_update=True
        ),
        unchanged=changes.unchanged,
        added=len(changes.added),
        changed=len(changes.changed),
        gone=len(changes.gone),
        splits=progress.splits,
        splits_left=len(progress.pending),
        parts_kept=len(progress.parts),
        documents=documents,
        seconds=_seconds(documents, parts, receipts),
        compares=config.check == BY_CONTENT,
        reusable=reusable,
    )


def _documents(
    stored: Sequence[Split], parts: Sequence[Receipt], pending: Sequence[Split]
) -> int | None:
    """Estimate the documents in splits by those of the parts that the stored plan has done."""
    if not pending:
        return 0
    done = amounts.done_amounts(amounts.plan_amounts(stored), parts)
    if not done.bytes or not done.documents:
        return None
    return round(sum(split.bytes for split in pending) / done.bytes * done.documents)


def _seconds(
    documents: int | None, parts: Sequence[Receipt], others: Sequence[Receipt]
) -> float | None:
    """Estimate the seconds to compute documents; None if that is not known."""
    if not documents:
        return None if documents is None else 0.0
    of_one = seconds_per_document(parts, others)
    return None if of_one is None else of_one * documents


def seconds_per_document(parts: Sequence[Receipt], others: Sequence[Receipt]) -> float | None:
    """Return the time in which a document was computed; None if that is not known.

    Documents whose vectors were taken from earlier parts took nearly no time. They do not count, so
    that an update after one that only moved documents is not expected to be as fast.

    Args:
        parts: of the stored plan.
        others: all parts in the folder. They are used if all of the plan took vectors.
    """
    for chosen in map(table_of, (parts, others)):
        is_timed = named_sums.has_numbers(chosen, SECONDS)
        timed = chosen.select(is_timed & (named_sums.named(chosen, COUNTS, REUSED) == 0))
        documents = _total(timed, DOCUMENTS)
        if documents:
            return activity.of_parts(timed).seconds / documents or None
    timed = table_of(others)
    timed = timed.select(named_sums.has_numbers(timed, SECONDS))
    computed = _total(timed, DOCUMENTS) - _total(timed, REUSED)
    return activity.of_parts(timed).seconds / computed or None if computed > 0 else None


def _total(parts: ReceiptTable, name: str) -> int:
    return named_sums.totals(parts, COUNTS).get(name, 0)


def _reusable(config: EmbedConfig, parts: Sequence[Receipt], kept: Sequence[Receipt]) -> int | None:
    """Return how many documents the parts have that leave the plan, if vectors are taken of them.

    Args:
        config: of the job.
        parts: of the stored plan.
        kept: of the new plan.
    """
    if config.reuse is not None:
        # The parts of that folder are not read now.
        return None
    if config.obstacle_to_reuse:
        return 0
    return _total(table_of(parts).without(table_of(kept)), EMBEDDED)


def to_lines(forecast: UpdateForecast) -> list[str]:
    """Return what people read of a forecast."""
    changes = (forecast.unchanged, forecast.added, forecast.changed, forecast.gone)
    files = f"generation {forecast.generation}: {plan_comparison.describe(*changes)}"
    kept = f"{_counted(forecast.parts_kept, 'part')} kept"
    if not forecast.splits_left:
        return [files, f"{kept}; nothing is left to compute"]
    left = f"{forecast.splits_left:,} of {_counted(forecast.splits, 'split')} to compute"
    if forecast.documents is not None:
        left += f": about {_counted(forecast.documents, 'document')}"
    if forecast.seconds is not None:
        left += f", {clock(forecast.seconds)} at the speed so far"
    if forecast.reusable is None:
        left += ", less the documents that the folder of --reuse has"
    elif forecast.reusable:
        left += f", less those of up to {_counted(forecast.reusable, 'document')} in earlier parts"
    if forecast.compares and forecast.changed:
        left += ", less the parts of changed files whose documents are the same"
    return [files, f"{kept}; {left}"]


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"
