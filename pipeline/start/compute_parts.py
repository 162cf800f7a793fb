"""Run the graphs of a job: analyze, repeats and embed."""

import contextlib
import functools
import threading
from collections.abc import Sequence

import apache_beam as beam

from pipeline import graphs
from pipeline.errors import JobError, UsageError, root_cause
from pipeline.job_context import JobContext
from pipeline.manifest import Progress
from pipeline.options.flags import CORPUS
from pipeline.output import job_progress, output_folder
from pipeline.output.run_file import Run
from pipeline.reusing import prepare_reuse
from pipeline.runners import dataflow, local, surroundings
from pipeline.start import learn_transform
from transforms import encode, escaping
from transforms.dedup import repeat_files
from transforms.encode import EncodeConfig
from transforms.groups.read_split import describe_unread
from transforms.io import failures
from transforms.machine.memory import usable_memory
from transforms.running.spans import span
from transforms.splits.collecting import collect


def compute(context: JobContext) -> tuple[Run, Progress]:
    """Run the graphs of a job.

    Returns:
        the run with the transform, and the progress after it.

    Raises:
        UsageError: another transform made the parts that are done.
        JobError: the job failed, or a source cannot be read.
    """
    folder = context.config.output
    output_folder.clear_temporary(folder)
    _load_model_meanwhile(context)
    try:
        context = learn_transform.with_transform(context)
        _run_graphs(context)
        unread = [escaping.one_line(reason) for reason in failures.load_reasons(folder)]
    except UsageError:
        raise
    except Exception as error:
        raise JobError(_broken_off(error, context)) from error
    finally:
        # Threads of an interrupted job may still write there; the next call clears it.
        with contextlib.suppress(Exception):
            output_folder.clear_temporary(folder)
    if unread:
        raise JobError(_unread(unread, context))
    receipts = context.receipts.refresh()
    context.receipts.roll_up()
    progress = job_progress.match_receipts(context.splits, receipts, context.run)
    dataflow.check_ended(context.options, complete=progress.complete)
    return context.run, progress


def _load_model_meanwhile(context: JobContext) -> None:
    """Load the model in a thread, if this process runs it and knows all that it needs."""
    if not context.pending or not local.computes_here(context.options):
        return
    if context.config.compute.xla_buckets:
        # XLA compiles widths that follow from the transform.
        return
    load = functools.partial(_load_model, graphs.encode_config(context))
    threading.Thread(target=load, name="model", daemon=True).start()


def _load_model(config: EncodeConfig) -> None:
    # If it fails, the stage that runs the model tries again, and reports the error.
    with contextlib.suppress(Exception):
        encode.shared_model(config)


def _run_graphs(context: JobContext) -> None:
    """Make the table of repeated documents if requested, and embed the pending splits.

    Without its table, a job embeds nothing.
    """
    graphs.write_schemas(context.config, context.module)
    if context.config.dedup == CORPUS and not _make_table(context):
        return
    threads = surroundings.threads_within(
        usable_memory(),
        context.module.shape.hidden_size,
        context.config.input.read.part_bytes,
        context.config.features,
        len(context.pending),
    )
    runner = local.choose_runner(context.options, threads)
    context = prepare_reuse.with_table(context)
    with (
        context.watch(context),
        span("embed"),
        beam.Pipeline(runner, options=context.options) as pipeline,
    ):
        graphs.build_embed(pipeline, context)


def _make_table(context: JobContext) -> bool:
    """Keep an earlier call's table of repeated documents if it is complete, else make one.

    It is made of all splits, finished ones included, so that it depends on nothing else.

    Returns:
        whether the folder has the table. If not, a source could not be read; a note names it.
    """
    folder, fingerprint = context.config.output, context.run.fingerprint
    if repeat_files.clear(folder, fingerprint) is not None:
        return True
    unread = collect(context.splits).unread
    for split in unread:
        failures.save(folder, split, describe_unread(split))
    if not unread:
        runner = local.choose_runner(context.options, surroundings.threads_for(len(context.splits)))
        with (
            span("find repeated documents"),
            beam.Pipeline(runner, options=context.options) as pipeline,
        ):
            graphs.build_repeats(pipeline, context)
    return repeat_files.clear(folder, fingerprint) is not None


def _broken_off(error: Exception, context: JobContext) -> str:
    """Return two lines: what happened, what stays valid and how to continue."""
    return (
        f"the job failed: {root_cause(error)}.\n"
        f"{_parts_done(context)} parts are done and stay valid; the same command again continues "
        "(--log_level info shows the traceback)"
    )


def _unread(reasons: Sequence[str], context: JobContext) -> str:
    """Return two lines: what could not be read, and what is done."""
    more = f", and {len(reasons) - 3} more" if reasons[3:] else ""
    return (
        f"{len(reasons)} of {len(context.splits)} splits could not be read: "
        f"{'; '.join(reasons[:3])}{more}.\n{_done_without(context)}"
    )


def _done_without(context: JobContext) -> str:
    config = context.config
    if config.dedup == CORPUS and repeat_files.load_receipt(config.output) is None:
        return (
            "--dedup corpus embeds nothing before it has read all files: run the same command "
            "when they can be read, or leave them out of --input, or use --dedup part"
        )
    return (
        f"All others are done ({_parts_done(context)} parts) and stay valid; the same command "
        "again reads what is missing"
    )


def _parts_done(context: JobContext) -> str:
    """Return the number of finished parts, as far as their receipts can be read now."""
    try:
        progress = job_progress.find_progress(context.config.output, context.splits, context.run)
    except Exception:
        return "the finished"
    return str(len(progress.parts)) if progress else "0"
