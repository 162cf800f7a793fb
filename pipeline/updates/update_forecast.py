"""What an update will do, from the plans and the receipts, before anything is written."""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.generations import numbers
from pipeline.options.earlier_output_flags import BY_CONTENT
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import activity, amounts, job_progress, plan_comparison, plan_file
from pipeline.output.earlier_call import Earlier
from pipeline.output.run_file import Run
from pipeline.status import clock
from transforms.documents import Split
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
        seconds: to compute them at the speed of the earlier calls; None if that is not known.
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
    documents, seconds = _estimate(_stored_splits(folder), receipts, run, progress.pending)
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
        seconds=seconds,
        compares=config.check == BY_CONTENT,
    )


def _stored_splits(folder: str) -> Sequence[Split]:
    try:
        return plan_file.load_plan(folder)
    except ValueError:
        return []


def _estimate(
    stored: Sequence[Split], receipts: Sequence[Receipt], run: Run, pending: Sequence[Split]
) -> tuple[int | None, float | None]:
    """Estimate documents and seconds by those of the parts that the stored plan has done."""
    parts = job_progress.match_receipts(stored, receipts, run).parts
    done = amounts.done_amounts(amounts.plan_amounts(stored), parts)
    if not pending:
        return 0, 0.0
    if not done.bytes or not done.documents:
        return None, None
    share = sum(split.bytes for split in pending) / done.bytes
    return round(share * done.documents), share * activity.of_parts(parts).seconds or None


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
    if forecast.compares and forecast.changed:
        left += ", less the parts of changed files whose documents are the same"
    return [files, f"{kept}; {left}"]


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"
