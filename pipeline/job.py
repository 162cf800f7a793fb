"""The main job: the graphs analyze, repeats and embed, and what stands around them."""

import contextlib
import dataclasses
import os
import re
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import apache_beam as beam
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

from pipeline import extract_tables, manifest, model
from pipeline.errors import JobError, UsageError
from pipeline.inputs import plan, prepare, stdin
from pipeline.inputs.prepare import Inputs
from pipeline.inputs.stdin import Piped
from pipeline.manifest import Progress
from pipeline.options import resume_command
from pipeline.options.embed_config import EmbedConfig
from pipeline.options.flags import CORPUS
from pipeline.output import lock, output_folder, quality
from pipeline.output.output_folder import Run, Transform
from pipeline.result import Summary
from pipeline.runners import dataflow, local
from transforms import escaping
from transforms.bert.agreement import CosineAgreement
from transforms.dedup import repeat_files
from transforms.documents import Split
from transforms.io import failures

Watch = Callable[[str, Sequence[Split], Run], AbstractContextManager[None]]


def unwatched(*_: object) -> AbstractContextManager[None]:
    """Run a job in a block that does nothing."""
    return contextlib.nullcontext()


def embed(
    config: EmbedConfig, options: PipelineOptions | None = None, watch: Watch = unwatched
) -> Summary:
    """Embed a corpus, or go on with it.

    Args:
        config: what to do.
        options: Beam's, for the runner.
        watch: makes the block in which the job runs, of output folder, splits and run; see
            `progress.watch`.

    Raises:
        UsageError: the input, model or output cannot be worked with.
        JobError: the job broke off, or too many documents were rejected.
    """
    started = time.monotonic()
    options = options or PipelineOptions([])
    # Beam's file systems take their credentials and endpoints from there.
    FileSystems.set_options(options)
    output_folder.check_file_system(config.output)
    local.check_runner(options)
    dataflow.prepare(options, config)
    with prepare.prepare(config, extract_tables.extract(config, options)) as ready:
        return _embed(ready, options, watch, started)


def _embed(ready: Inputs, options: PipelineOptions, watch: Watch, started: float) -> Summary:
    config = ready.config
    splits = stdin.relocate(ready.splits, config.output)
    path, fingerprint = model.find_model(config)
    run = Run(
        *(config.identity(), fingerprint),
        command=tuple(resume_command.command_of(config, options)),
        directory=os.getcwd(),
    )
    with lock.hold(config.output):
        earlier = output_folder.find_earlier(config, run, splits)
        before, redone = _done_before(config.output, splits, earlier)
        missing = output_folder.missing_files(config)
        if earlier is None or before is None or not before.complete or missing:
            module = model.inspect_model(path, config)
            if earlier is None:
                run = _begin(ready, module, run, splits)
            _store(ready.pipe, config.output)
            run = _compute(config, options, splits, earlier or run, module, before, watch)
            progress = _progress(config.output, splits, run)
        else:
            run, progress = earlier, before
        assert progress is not None
        dataflow.check_ended(options, complete=progress.complete)
        _finish(config, progress, run)
    return Summary(
        output=config.output,
        progress=progress,
        seconds=time.monotonic() - started,
        parts_before=len(before.parts) if before else 0,
        redone=redone,
        likeness=run.likeness,
        table=repeat_files.load_receipt(config.output) if config.dedup == CORPUS else None,
    )


def _begin(ready: Inputs, module: Any, run: Run, splits: Sequence[Split]) -> Run:
    """Begin a new job, if its output will not be too large nor its vectors too far off."""
    config = ready.config
    _check_output(config, module, ready.splits)
    likeness = _measure_precision(config, module, ready.splits)
    run = dataclasses.replace(run, hidden_size=module.shape.hidden_size, likeness=likeness)
    output_folder.begin(config, run, splits)
    return run


def _store(pipe: Piped | None, folder: str) -> None:
    try:
        if pipe is not None:
            pipe.store(folder)
    except OSError as error:
        raise UsageError(f"--output {folder}: cannot be written: {error.strerror}") from error


def _check_output(config: EmbedConfig, module: Any, splits: Sequence[Split]) -> None:
    from pipeline.estimate import output_size

    output_size.check_output(config, module, splits)


def _measure_precision(
    config: EmbedConfig, module: Any, splits: Sequence[Split]
) -> CosineAgreement | None:
    from pipeline.estimate import precision_check

    return precision_check.measure(config, module, splits)


def _done_before(
    folder: str, splits: Sequence[Split], earlier: Run | None
) -> tuple[Progress | None, tuple[str, ...]]:
    """Measure what an earlier call did; what is damaged since is to be done again, and told."""
    before = _progress(folder, splits, earlier)
    damaged = manifest.withdraw_damaged(folder, before.parts) if before else []
    return (_progress(folder, splits, earlier) if damaged else before), tuple(damaged)


def _progress(folder: str, splits: Sequence[Split], run: Run | None) -> Progress | None:
    """Measure how far the job is; None while its transform is not known."""
    if run is None or run.transform is None:
        return None
    receipts = manifest.load_receipts(folder)
    return manifest.measure_progress(splits, receipts, run.fingerprint)


def _compute(
    config: EmbedConfig,
    options: PipelineOptions,
    splits: Sequence[Split],
    run: Run,
    module: Any,
    before: Progress | None,
    watch: Watch,
) -> Run:
    """Run the graphs."""
    from pipeline import graphs

    handle = local.model_for_workers(options, config.model, module.path)
    output_folder.clear_temporary(config.output)
    try:
        transform = FileSystems.join(config.output, output_folder.TRANSFORM_FN, "saved_model.pb")
        if run.transform is None or not FileSystems.exists(transform):
            run = _analyze(config, options, splits, run, module)
        else:
            _check_transform(config.output)
        graphs.write_schemas(config, module)
        if config.dedup == CORPUS:
            _make_table(config, options, splits, run, module, handle)
        pending = splits if before is None else before.pending
        runner = local.choose_runner(options)
        with (
            watch(config.output, splits, run),
            beam.Pipeline(runner, options=options) as pipeline,
        ):
            graphs.build_embed(pipeline, config, module, handle, pending, run)
        unread = [escaping.one_line(why) for why in failures.load_reasons(config.output)]
    except UsageError:
        raise
    except Exception as error:
        raise JobError(_broken_off(error, config, splits, run)) from error
    finally:
        # Threads of a job that was interrupted may still write there; the next call clears it.
        with contextlib.suppress(OSError):
            output_folder.clear_temporary(config.output)
    if unread:
        raise JobError(_unread(unread, config, splits, run))
    return run


def _check_transform(folder: str) -> None:
    from pipeline import graphs

    try:
        graphs.check_transform(folder)
    except ValueError as error:
        raise UsageError(
            f"--output {error}.\nDelete {folder}/{output_folder.TRANSFORM_FN}, and the same "
            "command learns it anew"
        ) from error


def _analyze(
    config: EmbedConfig,
    options: PipelineOptions,
    splits: Sequence[Split],
    run: Run,
    module: Any,
) -> Run:
    """Learn the transform from a sample, and note it in run.json: from then on it stands.

    Whatever runs the job, this is done here: the sample is small, and tf.Transform's own saving
    bears no bundle that a cluster runs again.
    """
    from pipeline import graphs
    from transforms.io import saved_transform

    for name in (output_folder.TRANSFORM_FN, output_folder.TRANSFORMED_METADATA):
        output_folder.delete(FileSystems.join(config.output, name))
    with (
        saved_transform.writable_copy(config.output) as folder,
        beam.Pipeline(FnApiRunner(), options=options) as pipeline,
    ):
        graphs.build_analyze(pipeline, config, module, plan.sample(splits), folder)
    fingerprint, quantiles = graphs.read_transform(config, module)
    run = dataclasses.replace(run, transform=Transform(fingerprint, tuple(quantiles)))
    output_folder.write_run(config.output, run, config)
    return run


def _make_table(
    config: EmbedConfig,
    options: PipelineOptions,
    splits: Sequence[Split],
    run: Run,
    module: Any,
    handle: str,
) -> None:
    """Have the table of repeated documents: an earlier call's if it is whole, else a new one.

    It is made of all splits, also of those that are done, so that it depends on nothing else.
    """
    from pipeline import graphs

    if repeat_files.clear(config.output, run.fingerprint) is None:
        with beam.Pipeline(local.choose_runner(options), options=options) as pipeline:
            graphs.build_repeats(pipeline, config, module, handle, splits, run)
        repeat_files.clear(config.output, run.fingerprint)


def _finish(config: EmbedConfig, progress: Progress, run: Run) -> None:
    """Write the manifest, and fail if too much of the input was lost."""
    if not progress.complete:
        raise JobError(
            f"{len(progress.pending)} of {progress.splits} splits have no receipt although the "
            "runner reported success; run the same command again"
        )
    try:
        if manifest_is_missing(config.output):
            manifest.write_manifest(config.output, progress, run.fingerprint)
        # Whether or not the manifest is new: an earlier call may have been killed between these.
        output_folder.clear_temporary(config.output)
    except OSError as error:
        raise JobError(
            f"all parts are done, but the manifest cannot be written: {error}.\n"
            "The same command again writes it"
        ) from error
    problems = quality.over_limits(progress, config.limits)
    damaged = quality.damaged_files(progress)
    if damaged:
        shown = ", ".join(damaged[:3]) + (f", {len(damaged) - 3} more" if damaged[3:] else "")
        files = len(progress.by_source())
        problems.append(
            f"{len(damaged)} of {files} files are damaged, and read only so far: {shown}"
        )
    if problems:
        stands = f"What was embedded stands; {config.output}/manifest.json tells of every file"
        examples = [f"rejected: {line}" for line in quality.examples(config.output, progress)]
        raise JobError("\n".join([*problems, *examples, stands]))


def manifest_is_missing(folder: str) -> bool:
    """Whether the job's last file is still to be written."""
    return not FileSystems.exists(FileSystems.join(folder, manifest.MANIFEST_FILE))


def _broken_off(error: Exception, config: EmbedConfig, splits: Sequence[Split], run: Run) -> str:
    """Say in two lines what happened, what stands and how to go on."""
    return (
        f"the job broke off: {root_cause(error)}.\n"
        f"{_parts_done(config, splits, run)} parts are done and stay valid; the same command again "
        "continues (--log_level info shows the traceback)"
    )


def _unread(unread: Sequence[str], config: EmbedConfig, splits: Sequence[Split], run: Run) -> str:
    """Say in two lines what could not be read, and that all else was."""
    more = f", and {len(unread) - 3} more" if unread[3:] else ""
    return (
        f"{len(unread)} of {len(splits)} splits could not be read: {'; '.join(unread[:3])}{more}.\n"
        f"All others are done ({_parts_done(config, splits, run)} parts) and stay valid; the same "
        "command again reads what is missing"
    )


def _parts_done(config: EmbedConfig, splits: Sequence[Split], run: Run) -> int:
    progress = _progress(config.output, splits, run)
    return len(progress.parts) if progress else 0


def root_cause(error: Exception) -> str:
    r"""Find the line that matters in what a runner raises: it quotes tracebacks as text.

    >>> root_cause(RuntimeError("Traceback ...\nOSError: No space left [while running 'Write']"))
    'No space left'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b.*: ", line)]
    line = named[-1] if named else (lines[-1] if lines else type(error).__name__)
    line = re.sub(r"^(([\w.]*\.)?(RuntimeError|OSError|ValueError|BeamIOError): )+", "", line)
    return re.sub(r" \[while running .*\]$", "", line)[:300].rstrip(".")
