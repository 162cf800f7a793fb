"""Make a damaged run.json again, from the command, the input and the model."""

import dataclasses
from collections.abc import Sequence

from pipeline.errors import JobError, UsageError, output_errors, root_cause
from pipeline.estimate import precision_check
from pipeline.generations import numbers
from pipeline.job_context import JobContext
from pipeline.output import earlier_plans, input_list, job_progress, plan_file, run_file
from pipeline.output.layout import RUN_FILE
from pipeline.output.run_file import Run
from pipeline.start import learn_transform
from transforms.documents import Split


def rebuild(context: JobContext, splits: Sequence[Split]) -> Run:
    """Write plan.jsonl, the transform and run.json again, and return the run.

    Nothing that is in their places is read: without run.json it cannot be proved to be the job's.
    That the job is the same follows from the receipts, whose keys depend on all of it.

    Args:
        context: the job, as a new one would start.
        splits: the plan to write.

    Raises:
        UsageError: a receipt belongs to another job, and nothing was changed; or the folder can
            never be written.
        JobError: the transform cannot be learned, or the folder cannot be written.
    """
    folder, plan = context.config.output, plan_file.fingerprint(splits)
    context = _with_first_list(context)
    try:
        agreement = context.run.agreement or precision_check.measure_agreement(
            context.config, context.module, context.splits
        )
        run = dataclasses.replace(
            context.run,
            widths=context.module.widths,
            agreement=agreement,
            plan=plan,
            generation=numbers.generation_of_plan(folder, plan),
        )
        with learn_transform.learned(context) as transform:
            run = dataclasses.replace(run, transform=transform.facts)
            _check_receipts(context, splits, run)
            with output_errors(f"--output {folder}"):
                plan_file.write_plan(folder, splits)
                transform.install(folder)
                # Last: until then the next call begins here again.
                run_file.write_run(folder, run, context.config)
    except UsageError:
        raise
    except Exception as error:
        raise JobError(
            f"--output {folder}: {RUN_FILE} is damaged, and could not be written again: "
            f"{root_cause(error)}.\nThe parts that are done stay; the same command tries again"
        ) from error
    return run


def _with_first_list(context: JobContext) -> JobContext:
    run = input_list.with_kept_list(context.config.output, context.run)
    config = input_list.with_first_list(context.config, run)
    return dataclasses.replace(context, config=config, run=run)


def _check_receipts(context: JobContext, splits: Sequence[Split], run: Run) -> None:
    folder, receipts = context.config.output, context.receipts.load()
    plans = [splits, *earlier_plans.iterate_plans(folder)]
    others = len(receipts) - len(job_progress.of_plans(receipts, plans, run))
    if others:
        raise UsageError(
            f"--output {folder}: {RUN_FILE} is damaged, and {others:,} of the {len(receipts):,} "
            "receipts there belong to another job than this command.\n"
            "Run the command that began the job, choose another folder, or add --overwrite to "
            "start again"
        )
