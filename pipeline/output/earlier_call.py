"""Find an earlier call of the same job in an output folder, and the plan to follow.

run.json and plan.jsonl prove each other: run.json has the sha256 of the plan. If one is damaged,
as after a power cut, it follows from the command, the input and the receipts.
"""

import dataclasses
from collections.abc import Sequence

from pipeline.errors import JobError, UsageError, output_errors
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import (
    earlier_plans,
    folder_checks,
    followed_plan,
    input_list,
    job_progress,
    layout,
    other_job,
    plan_comparison,
    plan_file,
    switch_plan,
)
from pipeline.output.layout import PLAN_FILE, RUN_FILE
from pipeline.output.other_job import another_job
from pipeline.output.plan_comparison import PlanComparison
from pipeline.output.plan_file import StoredPlan
from pipeline.output.run_file import DamagedRunError, Run, load_run, write_run
from pipeline.parts.receipt_store import ReceiptStore
from transforms import escaping
from transforms.documents import Split
from transforms.io import storage
from transforms.splits.collecting import collect
from transforms.splits.split_columns import SplitColumns


@dataclasses.dataclass(frozen=True)
class Earlier:
    """An earlier call of the same job.

    Attributes:
        run: with the transform if the analysis is done, and with the list of inputs to follow;
            None if a new job may start.
        splits: the plan to follow.
        plan_differs: whether plan.jsonl, or its hash in run.json, is not that of `splits`.
        run_is_damaged: whether there is a run.json that cannot be decoded; then `run` is None.
        changes: what `splits` change in the stored plan, if the job is to follow other files.
        list_differs: whether the list of inputs is not that in run.json.
        before: the stored plan, if `changes` are its changes; empty if it is damaged.
        stored: the stored plan with its sha256, if it was read.
    """

    run: Run | None
    splits: Sequence[Split]
    plan_differs: bool = False
    run_is_damaged: bool = False
    changes: PlanComparison | None = None
    list_differs: bool = False
    before: Sequence[Split] | None = None
    stored: StoredPlan | None = None


def find_earlier(
    config: EmbedConfig, run: Run, splits: Sequence[Split], receipts: ReceiptStore | None = None
) -> Earlier:
    """Find an earlier call of the same job in the output folder, without writing anything.

    Args:
        config: of the job.
        run: of this call.
        splits: as planned now. Of the same files, the stored plan is followed. Other files are
            followed if the configuration has `update`.
        receipts: those in the folder; None if the caller needs none.

    Raises:
        UsageError: the folder contains another job or other files.
    """
    folder = config.output
    try:
        layout.refuse_links(folder)
    except ValueError as error:
        raise UsageError(f"--output: {error}, or choose another folder") from error
    if config.overwrite:
        folder_checks.check_may_be_overwritten(config)
        return Earlier(None, splits)
    try:
        return _read_earlier(config, run, splits, receipts or ReceiptStore(folder))
    except (ValueError, IsADirectoryError, NotADirectoryError) as error:
        # Not after other errors of the storage: they may pass.
        raise UsageError(f"--output {folder}: {error}; --overwrite starts again") from error


def follow(config: EmbedConfig, earlier: Earlier) -> Run | None:
    """Write the plan and the list of inputs to follow if they are not the stored ones.

    Returns:
        the run, with the hash of the plan.

    Raises:
        UsageError: the folder can never be written.
        OSError: it cannot be written now.
    """
    run = earlier.run
    if run is None or not (earlier.plan_differs or earlier.list_differs):
        return run
    with output_errors(f"--output {config.output}"):
        if earlier.list_differs:
            input_list.keep_first_list(config.output, run)
        if earlier.plan_differs:
            return switch_plan.switch(
                config, run, earlier.splits, is_stored=not earlier.list_differs
            )
        write_run(config.output, run, config)
    return run


def _read_earlier(
    config: EmbedConfig, run: Run, splits: Sequence[Split], receipts: ReceiptStore
) -> Earlier:
    folder = config.output
    try:
        earlier = load_run(folder)
    except DamagedRunError as damage:
        return _without_run(folder, damage, splits)
    if earlier is not None:
        return _same_job(config, earlier, run, splits, receipts)
    folder_checks.refuse_unrecognized_files(folder)
    return Earlier(None, splits)


def _same_job(
    config: EmbedConfig,
    earlier: Run,
    run: Run,
    splits: Sequence[Split],
    receipts: ReceiptStore,
) -> Earlier:
    """Return the earlier call; raise UsageError if it is of another job."""
    other_job.check_job(config, earlier, run)
    followed = input_list.with_list_of(earlier, run)
    found = _with_plan(config, followed, run, collect(splits), receipts)
    return dataclasses.replace(found, list_differs=followed != earlier)


def _with_plan(
    config: EmbedConfig, earlier: Run, run: Run, splits: SplitColumns, receipts: ReceiptStore
) -> Earlier:
    """Return the earlier call with the plan to follow; raise UsageError if its files differ."""
    folder = config.output
    stored = _stored_plan(folder, splits)
    is_of_run = stored is not None and stored.sha256 == earlier.plan
    if config.update and not (is_of_run and stored and stored.splits == splits):
        return _update(config, earlier, stored, splits)
    lines = []
    if stored is not None:
        followed = followed_plan.follow(splits, stored.splits, is_proven=is_of_run)
        lines = followed_plan.differences(followed.before, followed.now)
        if not lines:
            differs = not is_of_run or followed.splits != stored.splits
            return Earlier(earlier, followed.splits, differs)
    if is_of_run or not (
        run.plan == earlier.plan or _has_receipts_of(folder, receipts, splits, earlier)
    ):
        raise another_job(
            folder,
            lines or [f"{PLAN_FILE} is damaged, and the input has changed"],
            other_job.remedy_of(config),
        )
    return Earlier(earlier, splits, plan_differs=True)


def _update(
    config: EmbedConfig, earlier: Run, stored: StoredPlan | None, splits: Sequence[Split]
) -> Earlier:
    """Return the earlier call, with the plan of now to follow.

    Raises:
        JobError: something of the corpus cannot be listed or read now, and would count as gone.
    """
    unread = [f"{split.source.path}: {split.unread}" for split in collect(splits).unread]
    if unread:
        more = f", and {len(unread) - 1} more" if unread[1:] else ""
        raise JobError(
            f"--update: the input cannot be compared, for {escaping.one_line(unread[0])}{more}.\n"
            f"Nothing was changed in {config.output}; run the same command when all can be read"
        )
    before = stored.splits if stored else []
    changes = plan_comparison.compare(before, splits)
    return Earlier(
        earlier, splits, plan_differs=True, changes=changes, before=before, stored=stored
    )


def _without_run(folder: str, damage: DamagedRunError, splits: Sequence[Split]) -> Earlier:
    """Return an earlier call whose run.json is damaged, with the plan to follow.

    Its plan must be that of now, or cut after one of its lines, or damaged too. The receipts then
    prove that it is the same job.
    """
    folder_checks.refuse_unrecognized_files(folder)
    if not storage.exists(storage.join(folder, PLAN_FILE)):
        # A job writes its plan first.
        raise ValueError(damage.reason)
    stored = _stored_plan(folder, collect(splits))
    begun: Sequence[Split] = stored.splits if stored else []
    followed = followed_plan.follow(splits, begun, is_proven=False)
    lines = followed_plan.differences(followed.before, followed.now[: len(followed.before)])
    if lines:
        raise another_job(folder, [f"{RUN_FILE} is damaged", *lines])
    return Earlier(None, followed.splits, run_is_damaged=True)


def _stored_plan(folder: str, expected: SplitColumns) -> StoredPlan | None:
    """Read the stored plan; return None if it is missing or damaged."""
    try:
        return plan_file.load_stored(folder, expected=expected)
    except ValueError:
        return None


def _has_receipts_of(folder: str, store: ReceiptStore, splits: Sequence[Split], run: Run) -> bool:
    """Whether there are receipts, and all belong to a plan and a run."""
    receipts = store.load()
    plans = [splits, *earlier_plans.iterate_plans(folder)]
    return bool(receipts) and len(job_progress.of_plans(receipts, plans, run)) == len(receipts)
