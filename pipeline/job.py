"""The main job: run the graphs analyze, repeats and embed, and keep the output folder."""

import contextlib
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions

from pipeline import extract_tables, manifest, model
from pipeline.changes import generation_changes
from pipeline.console import printing
from pipeline.errors import JobError, UsageError, output_errors, root_cause, storage_errors
from pipeline.estimate import choose_precision
from pipeline.generations.history import History, current_generation
from pipeline.inputs import prepare, stdin
from pipeline.inputs.prepare import Inputs
from pipeline.inputs.stdin import Piped
from pipeline.job_context import JobContext, Watch, unwatched
from pipeline.manifest import Progress
from pipeline.options import resume_command
from pipeline.options.earlier_output_flags import BY_CONTENT
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from pipeline.output import (
    earlier_call,
    earlier_plans,
    folder_checks,
    invalidation,
    job_progress,
    layout,
    lock,
    output_folder,
    plan_file,
    quality,
)
from pipeline.output.earlier_call import Earlier
from pipeline.output.run_file import Run
from pipeline.output.stored_settings import with_stored_settings
from pipeline.result import Summary
from pipeline.reusing import earlier_vectors, prepare_reuse
from pipeline.runners import dataflow, local, surroundings
from transforms import escaping, read
from transforms.dedup import repeat_files
from transforms.documents import Split
from transforms.io import failures, storage
from transforms.machine.memory import usable_memory

if TYPE_CHECKING:
    from transforms.bert.module import BertModule


def run_job(
    config: EmbedConfig, options: PipelineOptions | None = None, watch: Watch = unwatched
) -> Summary:
    """Embed a corpus, or continue an earlier job.

    Args:
        config: what to do.
        options: Beam's, for the runner.
        watch: returns the block in which the job runs, from output folder, splits and run.

    Raises:
        UsageError: the input, model or output cannot be used.
        JobError: the job failed, or lost more than its limits allow.
    """
    started = time.monotonic()
    options = options or PipelineOptions([])
    # Beam's file systems read their credentials and endpoints from the options.
    FileSystems.set_options(options)
    folder_checks.check_file_system(config.output)
    local.check_runner(options)
    local.check_machine(options)
    dataflow.prepare(options, config)
    config = with_stored_settings(config)
    with (
        storage_errors(f"--output {config.output}"),
        prepare.prepare_inputs(config, extract_tables.extract(config, options)) as ready,
    ):
        return _embed(ready, options, watch, started)


def _embed(ready: Inputs, options: PipelineOptions, watch: Watch, started: float) -> Summary:
    config = ready.config
    splits: Sequence[Split] = stdin.relocate(ready.splits, config.output)
    path, fingerprint = model.find_model(config)
    config, agreement = choose_precision.settle(config, path, ready.splits)
    ready = ready._replace(config=config)
    run = Run(
        *(config.identity(), fingerprint),
        agreement=agreement,
        plan=plan_file.fingerprint(splits),
        command=tuple(resume_command.command_of(config, options)),
        directory=os.getcwd(),
    )
    earlier_vectors.check_reuse(config, fingerprint)
    with lock.hold(config.output):
        earlier, splits = _find_earlier(ready, options, path, run, splits)
        carried = _carry(config, splits, earlier)
        before, redone = _done_before(config.output, splits, earlier)
        if earlier is not None and before is not None and _is_complete(config, earlier, before):
            run, progress = earlier, before
        else:
            module = model.inspect_model(path, config)
            local.check_precision(options, config.compute)
            run = earlier or _begin(ready, module, run, splits)
            handle = local.model_for_workers(options, config.model, module.path)
            run = _compute(JobContext(config, options, splits, run, module, handle, before, watch))
            progress = job_progress.load_progress(config.output, splits, run)
        dataflow.check_ended(options, complete=progress.complete)
        history = earlier_plans.history_of(config.output, run, splits)
        is_new = _is_new_generation(config.output, run)
        history = _finish(config, progress, run, history)
    return Summary(
        output=config.output,
        progress=progress,
        seconds=time.monotonic() - started,
        parts_before=len(before.parts) if before else 0,
        redone=redone,
        precision=config.compute.precision,
        agreement=run.agreement,
        table=repeat_files.load_receipt(config.output) if config.dedup == CORPUS else None,
        left_out=ready.left_out,
        history=history,
        is_new_generation=is_new,
        carried=carried,
    )


def _is_new_generation(folder: str, run: Run) -> bool:
    """Whether readers have an earlier generation than that of the run."""
    try:
        return current_generation(folder) not in (None, run.generation)
    except ValueError:
        return False


def _is_complete(config: EmbedConfig, run: Run, before: Progress) -> bool:
    return before.complete and not output_folder.damaged_files(config, run)


def _begin(ready: Inputs, module: "BertModule", run: Run, splits: Sequence[Split]) -> Run:
    from pipeline.start import new_job

    config = ready.config
    if not config.overwrite:
        # Receipts may remain of a folder that has lost its run.json, and files with it.
        invalidation.invalidate_damaged(config.output, manifest.load_receipts(config.output))
    run = new_job.begin(ready, module, run, splits)
    _store(ready.pipe, config.output)
    return run


def _find_earlier(
    ready: Inputs, options: PipelineOptions, path: Path, run: Run, splits: Sequence[Split]
) -> tuple[Run | None, Sequence[Split]]:
    """Return an earlier call and the plan to follow; write its damaged files again."""
    config = ready.config
    found = earlier_call.find_earlier(config, run, splits)
    if found.run_is_damaged:
        module = model.inspect_model(path, config)
        from pipeline.start import rebuild_run

        # The standard input is still a temporary file.
        context = JobContext(config, options, ready.splits, run, module, str(path))
        earlier: Run | None = rebuild_run.rebuild(context, found.splits)
    else:
        if config.update:
            _announce_update(config, found)
        earlier = earlier_call.follow(config, found)
    if earlier is not None:
        _store(ready.pipe, config.output)
    return earlier, found.splits


def _announce_update(config: EmbedConfig, found: Earlier) -> None:
    """Say what an update will do, before anything is written."""
    from pipeline.updates import update_forecast

    expected = update_forecast.forecast_update(config, found)
    for line in update_forecast.to_lines(expected) if expected else ():
        printing.announce(f"beam-bert: {line}")


def _carry(config: EmbedConfig, splits: Sequence[Split], earlier: Run | None) -> int:
    """Carry the parts of changed files whose documents are the same; return their number."""
    if earlier is None or config.check != BY_CONTENT:
        return 0
    from pipeline.updates import carrying

    with output_errors(f"--output {config.output}"):
        return carrying.carry_unchanged(config, splits, earlier)


def _store(pipe: Piped | None, folder: str) -> None:
    with output_errors(f"--output {folder}"):
        if pipe is not None:
            pipe.store(folder)


def _done_before(
    folder: str, splits: Sequence[Split], earlier: Run | None
) -> tuple[Progress | None, tuple[str, ...]]:
    """Measure what earlier calls did, without damaged parts; return also what was damaged."""
    before = _progress(folder, splits, earlier)
    damaged = invalidation.invalidate_damaged(folder, before.parts) if before else []
    return (_progress(folder, splits, earlier) if damaged else before), tuple(damaged)


def _progress(folder: str, splits: Sequence[Split], run: Run | None) -> Progress | None:
    """Measure the progress of the job; None before the analysis."""
    if run is None or run.transform is None:
        return None
    return job_progress.load_progress(folder, splits, run)


def _compute(context: JobContext) -> Run:
    """Run the graphs, and return the run with the transform."""
    folder = context.config.output
    output_folder.clear_temporary(folder)
    from pipeline.start import learn_transform

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
    return context.run


def _run_graphs(context: JobContext) -> None:
    """Make the table of repeated documents if requested, and embed the pending splits.

    Without its table, a job embeds nothing.
    """
    from pipeline import graphs

    graphs.write_schemas(context.config, context.module)
    if context.config.dedup == CORPUS and not _make_table(context):
        return
    threads = surroundings.threads_within(
        usable_memory(),
        context.module.shape.hidden_size,
        context.config.input.read.part_bytes,
        context.config.features,
    )
    runner = local.choose_runner(context.options, threads)
    context = prepare_reuse.with_table(context)
    with (
        context.watch(context.config.output, context.splits, context.run),
        beam.Pipeline(runner, options=context.options) as pipeline,
    ):
        graphs.build_embed(pipeline, context)


def _make_table(context: JobContext) -> bool:
    """Keep an earlier call's table of repeated documents if it is complete, else make one.

    It is made of all splits, finished ones included, so that it depends on nothing else.

    Returns:
        whether the folder has the table. If not, a source could not be read; a note names it.
    """
    from pipeline import graphs

    folder, fingerprint = context.config.output, context.run.fingerprint
    if repeat_files.clear(folder, fingerprint) is not None:
        return True
    unread = [split for split in context.splits if split.unread]
    for split in unread:
        failures.save(folder, split, read.describe_unread(split))
    if not unread:
        runner = local.choose_runner(context.options)
        with beam.Pipeline(runner, options=context.options) as pipeline:
            graphs.build_repeats(pipeline, context)
    return repeat_files.clear(folder, fingerprint) is not None


def _finish(
    config: EmbedConfig, progress: Progress, run: Run, history: History | None
) -> History | None:
    """Write the changes and the manifest, and fail if too much of the input was lost.

    Returns:
        the history with the numbers of changes.
    """
    if not progress.complete:
        raise JobError(
            f"{len(progress.pending)} of {progress.splits} splits have no receipt although the "
            "runner reported success; run the same command again"
        )
    try:
        history = generation_changes.complete_history(config.output, history, progress.parts)
        entry = history.entry if history else None
        if not manifest.has_manifest(config.output, progress, run.fingerprint, entry):
            invalidation.delete_withdrawn(config.output)
            manifest.write_manifest(config.output, progress, run.fingerprint, entry)
        # Also if the manifest was there: an earlier call may have been killed between these lines.
        output_folder.clear_temporary(config.output)
    except OSError as error:
        raise JobError(
            f"--output {config.output}: all parts are done, but the manifest cannot be written: "
            f"{error}.\n"
            "Run the same command again to write it"
        ) from error
    _check_quality(config, progress)
    return history


def _check_quality(config: EmbedConfig, progress: Progress) -> None:
    problems = quality.over_limits(progress, config.limits)
    damaged = quality.damaged_files(progress)
    if damaged:
        shown = ", ".join(damaged[:3]) + (f", {len(damaged) - 3} more" if damaged[3:] else "")
        files = len(progress.by_source)
        problems.append(
            f"{len(damaged)} of {files} files are damaged and were read only in part: {shown}"
        )
    if problems:
        manifest_path = f"{config.output}/{layout.MANIFEST_FILE}"
        remains = f"The embedded documents stay valid; {manifest_path} lists every file"
        examples = [f"rejected: {line}" for line in quality.examples(config.output, progress)]
        raise JobError("\n".join([*problems, *examples, remains]))


def manifest_is_missing(folder: str) -> bool:
    """Return whether the last file of the job is not written yet."""
    return not storage.exists(storage.join(folder, layout.MANIFEST_FILE))


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
        progress = _progress(context.config.output, context.splits, context.run)
    except Exception:
        return "the finished"
    return str(len(progress.parts)) if progress else "0"
