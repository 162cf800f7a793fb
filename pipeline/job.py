"""The main job: run the graphs analyze, repeats and embed, and keep the output folder."""

import dataclasses
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline import manifest, model
from pipeline.changes import generation_changes
from pipeline.console import printing
from pipeline.errors import JobError, output_errors, storage_errors
from pipeline.estimate import choose_precision
from pipeline.generations.history import History, current_generation, has_history
from pipeline.inputs import bigquery_names, prepare, stdin
from pipeline.inputs.prepare import Inputs
from pipeline.inputs.stdin import Piped
from pipeline.job_context import JobContext, Watch, unwatched
from pipeline.options import resume_command
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from pipeline.options.identity_version import IDENTITY_VERSION
from pipeline.output import (
    earlier_call,
    earlier_plans,
    folder_checks,
    input_list,
    invalidation,
    layout,
    lock,
    output_folder,
    plan_file,
    quality,
    run_file,
)
from pipeline.output.earlier_call import Earlier
from pipeline.output.run_file import Run
from pipeline.output.stored_settings import with_stored_settings
from pipeline.parts.part_progress import Progress
from pipeline.parts.receipt_store import ReceiptStore
from pipeline.result import Summary
from pipeline.reusing import earlier_vectors
from pipeline.runners import surroundings
from pipeline.start import earlier_parts
from transforms.caching import start_cache
from transforms.dedup import repeat_files
from transforms.documents import Split
from transforms.io import storage
from transforms.machine import garbage
from transforms.running.spans import span

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


def run_job(
    config: EmbedConfig, options: "PipelineOptions | None" = None, watch: Watch = unwatched
) -> Summary:
    """Embed a corpus, or continue an earlier job.

    Beam is not imported for a job of local files that has nothing left to do.

    Args:
        config: what to do.
        options: Beam's, for the runner; None for its defaults.
        watch: returns the block in which the job runs, from output folder, splits and run.

    Raises:
        UsageError: the input, model or output cannot be used.
        JobError: the job failed, or lost more than its limits allow.
    """
    started = time.monotonic()
    if options is None and _uses_remote_files(config):
        options = _default_options()
    _prepare_runner(options, config)
    config = with_stored_settings(config)
    with (
        storage_errors(f"--output {config.output}"),
        prepare.prepare_inputs(config, _extract_tables(config, options)) as ready,
    ):
        return _embed(ready, options, watch, started)


def _uses_remote_files(config: EmbedConfig) -> bool:
    """Return whether Beam's file systems read or write anything of a job."""
    paths = (config.output, config.model, config.reuse or "", *config.input.globs)
    return any("://" in path for path in paths)


def _default_options() -> "PipelineOptions":
    from apache_beam.options.pipeline_options import PipelineOptions

    return PipelineOptions([])


def _prepare_runner(options: "PipelineOptions | None", config: EmbedConfig) -> None:
    """Check the runner and this machine, and set the runner's defaults.

    Args:
        options: Beam's; None for the defaults, which need no Beam to be checked.
        config: the job.

    Raises:
        UsageError: one of them cannot run the job.
    """
    if options is None:
        surroundings.check_machine(processes=1)
        return
    from apache_beam.io.filesystems import FileSystems

    from pipeline.runners import dataflow, local

    # Beam's file systems read their credentials and endpoints from the options.
    FileSystems.set_options(options)
    folder_checks.check_file_system(config.output)
    local.check_runner(options)
    local.check_machine(options)
    dataflow.prepare(options, config)


def _extract_tables(config: EmbedConfig, options: "PipelineOptions | None") -> dict[str, str]:
    """Read the tables among the inputs; return their folders."""
    if options is None or not any(x.startswith(bigquery_names.SCHEME) for x in config.input.globs):
        return {}
    from pipeline import extract_tables

    return extract_tables.extract(config, options)


def _embed(
    ready: Inputs, options: "PipelineOptions | None", watch: Watch, started: float
) -> Summary:
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
        receipts = ReceiptStore(config.output)
        earlier, found = _find_earlier(ready, options, path, run, splits, receipts)
        splits = found.splits
        config = config if earlier is None else input_list.with_first_list(config, earlier)
        carried = earlier_parts.carry(config, splits, earlier, receipts)
        before, redone = earlier_parts.done_before(config.output, splits, earlier, receipts)
        if earlier is not None and before is not None and _is_complete(config, earlier, before):
            run, progress = earlier, before
        else:
            context = _make_context(config, options, splits, run, path, receipts)
            run = _go_on(config, earlier) if earlier else _begin(ready, context, splits)
            context = dataclasses.replace(
                context, run=run, before=before, watch=watch, stored=found.stored
            )
            run, progress = _compute(context)
        history = earlier_plans.history_of(config.output, run, splits, known=found.stored)
        is_new = _is_new_generation(config.output, run)
        with span("write the manifest"):
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


def _make_context(
    config: EmbedConfig,
    options: "PipelineOptions | None",
    splits: Sequence[Split],
    run: Run,
    path: Path,
    receipts: ReceiptStore,
) -> JobContext:
    """Inspect the model, check that it can be run, and return what the job is made from."""
    with span("import Beam"), garbage.importing("apache_beam"):
        from pipeline.runners import local

    reason = start_cache.why_unusable()
    if reason:
        printing.announce(
            f"beam-bert: nothing is kept for later jobs: {reason}; give another --cache_dir, or "
            "--cache_dir off"
        )
    module = model.inspect_model(path, config)
    options = options or _default_options()
    local.check_precision(options, config.compute)
    handle = local.model_for_workers(options, config.model, module.path)
    return JobContext(config, options, splits, run, module, handle, receipts)


def _is_new_generation(folder: str, run: Run) -> bool:
    """Whether readers have an earlier generation than that of the run."""
    try:
        return current_generation(folder) not in (None, run.generation)
    except ValueError:
        return False


def _is_complete(config: EmbedConfig, run: Run, before: Progress) -> bool:
    return before.complete and not output_folder.damaged_files(config, run)


def _go_on(config: EmbedConfig, run: Run) -> Run:
    """Write the identity version of this release, so that an earlier one does not go on later."""
    if run.identity_version == IDENTITY_VERSION:
        return run
    run = dataclasses.replace(run, identity_version=IDENTITY_VERSION)
    with output_errors(f"--output {config.output}"):
        run_file.write_run(config.output, run, config)
    return run


def _begin(ready: Inputs, context: JobContext, splits: Sequence[Split]) -> Run:
    with span("import tf.Transform"), garbage.importing("tensorflow_transform"):
        from pipeline.start import new_job

    config = ready.config
    if not config.overwrite:
        # Receipts may remain of a folder that has lost its run.json, and files with it.
        earlier_parts.drop_damaged(config.output, context.receipts.load(), context.receipts)
    run = new_job.begin(ready, context.module, context.run, splits)
    _store(ready.pipe, config.output)
    return run


def _find_earlier(
    ready: Inputs,
    options: "PipelineOptions | None",
    path: Path,
    run: Run,
    splits: Sequence[Split],
    receipts: ReceiptStore,
) -> tuple[Run | None, Earlier]:
    """Return the run of an earlier call, and what was found; write its damaged files again."""
    config = ready.config
    found = earlier_call.find_earlier(config, run, splits, receipts)
    if found.run_is_damaged:
        module = model.inspect_model(path, config)
        from pipeline.start import rebuild_run

        # The standard input is still a temporary file.
        settings = options or _default_options()
        context = JobContext(config, settings, ready.splits, run, module, str(path), receipts)
        earlier: Run | None = rebuild_run.rebuild(context, found.splits)
    else:
        if config.update:
            earlier_parts.check_update(config, found, path, receipts)
        earlier = earlier_call.follow(config, found)
    if earlier is not None:
        _store(ready.pipe, config.output)
    return earlier, found


def _store(pipe: Piped | None, folder: str) -> None:
    with output_errors(f"--output {folder}"):
        if pipe is not None:
            pipe.store(folder)


def _compute(context: JobContext) -> tuple[Run, Progress]:
    """Run the graphs; return the run with the transform, and the progress after it."""
    with span("import tf.Transform"), garbage.importing("tensorflow_transform"):
        from pipeline.start import compute_parts

    return compute_parts.compute(context)


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
        if not (
            has_history(config.output, entry)
            and manifest.has_manifest(config.output, progress, run.fingerprint, entry)
        ):
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
