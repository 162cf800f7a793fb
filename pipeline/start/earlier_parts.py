"""The parts of earlier calls: what an update does with them, and which of them still count."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.console import printing
from pipeline.errors import output_errors
from pipeline.options.earlier_output_flags import BY_CONTENT
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import invalidation, job_progress
from pipeline.output.earlier_call import Earlier
from pipeline.output.run_file import Run
from pipeline.parts.part_progress import Progress
from pipeline.parts.receipt_store import ReceiptStore
from pipeline.parts.receipt_table import table_of
from transforms.documents import Split
from transforms.receipts import Receipt


def check_update(config: EmbedConfig, found: Earlier, path: Path, store: ReceiptStore) -> None:
    """Check the size of an update, and say what it will do, before anything is written."""
    from pipeline.estimate import update_size
    from pipeline.updates import update_forecast

    has_parts = found.run is not None and found.run.transform is not None
    receipts = store.load() if has_parts else table_of([])
    update_size.check_update(config, found, path, receipts)
    expected = update_forecast.forecast_update(config, found, receipts)
    for line in update_forecast.to_lines(expected) if expected else ():
        printing.announce(f"beam-bert: {line}")


def carry(
    config: EmbedConfig, splits: Sequence[Split], earlier: Run | None, receipts: ReceiptStore
) -> int:
    """Carry the parts of changed files whose documents are the same; return their number."""
    if earlier is None or config.check != BY_CONTENT:
        return 0
    from pipeline.updates import carrying

    with output_errors(f"--output {config.output}"):
        table = receipts.load()
        # Before receipts are written again whose parts `clean` has deleted.
        receipts.roll_up()
        carried = carrying.carry_unchanged(config, splits, earlier, table)
        if carried:
            receipts.refresh()
        return carried


def done_before(
    folder: str, splits: Sequence[Split], earlier: Run | None, receipts: ReceiptStore
) -> tuple[Progress | None, tuple[str, ...]]:
    """Measure what earlier calls did, without damaged parts; return also what was damaged."""
    if earlier is None or earlier.transform is None:
        return None, ()
    before = job_progress.match_receipts(splits, receipts.load(), earlier)
    damaged = drop_damaged(folder, before.parts, receipts)
    if damaged:
        before = job_progress.match_receipts(splits, receipts.load(), earlier)
        receipts.roll_up()
    return before, damaged


def drop_damaged(folder: str, parts: Sequence[Receipt], receipts: ReceiptStore) -> tuple[str, ...]:
    """Withdraw the receipts of damaged parts, and write segments of the others."""
    receipts.roll_up()
    damaged = invalidation.invalidate_damaged(folder, parts)
    if damaged:
        receipts.forget()
    return tuple(damaged)
