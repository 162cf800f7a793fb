"""Refuse an update with which the output folder would be larger than `--max_output_gb`."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from pipeline import model
from pipeline.errors import UsageError
from pipeline.estimate.choose_pieces import sources_of
from pipeline.options.earlier_output_flags import BY_CONTENT
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import job_progress
from pipeline.output.earlier_call import Earlier
from pipeline.parts import file_sums
from pipeline.parts.receipt_table import table_of
from transforms.receipts import Receipt


def check_update(
    config: EmbedConfig, earlier: Earlier, path: Path, receipts: Sequence[Receipt]
) -> None:
    """Refuse an update if the kept parts and the new ones are more than the limit.

    Parts of all generations that the folder has count. A call that continues an update is not
    checked again.

    Args:
        config: of the job.
        earlier: the call to continue, with the plan of now.
        path: folder of the module.
        receipts: those in the folder.

    Raises:
        UsageError: the folder would have more; the message has the estimate and the remedies.
    """
    run, limit = earlier.run, config.max_output_gb * 1e9
    if run is None or not earlier.plan_differs:
        return
    pending = job_progress.match_receipts(earlier.splits, receipts, run).pending
    if not pending:
        return
    # An update that computes nothing does not import TensorFlow.
    from pipeline.estimate import output_size

    kept = stored_bytes(config.output, receipts)
    if (
        kept + output_size.max_bytes(config, run.widths, sources_of(pending).sums_of_kinds())
        <= limit
    ):
        return
    added = output_size.estimate_bytes(config, model.inspect_model(path, config), pending)
    new = sum(added.values())
    if kept + new <= limit:
        return
    # Parts of changed files may turn out to be the same.
    about = "at most about" if config.check == BY_CONTENT else "about"
    raise UsageError(
        f"--max_output_gb is {config.max_output_gb:g}, and the folder would have {about} "
        f"{_gigabytes(kept + new)}: {_gigabytes(kept)} of the parts that it has, and "
        f"{_gigabytes(new)} of new ones ({output_size.describe(added)}): raise it, or delete "
        "earlier generations with beam-bert clean"
    )


def stored_bytes(folder: str, receipts: Iterable[Receipt]) -> int:
    """Return the bytes of the files of parts; on this machine, parts may share a file."""
    table = table_of(receipts)
    if "://" in folder:
        return sum(file_sums.written(table)[1].values())
    return file_sums.bytes_of_contents(table)


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:,.1f} GB"
