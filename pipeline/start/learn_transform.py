"""Learn the transform of a job from a sample, and store it in the output folder."""

import contextlib
import dataclasses
from collections.abc import Iterator

import apache_beam as beam

from pipeline import graphs
from pipeline.errors import UsageError
from pipeline.job_context import JobContext
from pipeline.output import layout, output_folder, run_file
from pipeline.output.run_file import Run, Transform
from pipeline.runners import local
from pipeline.start import transform_cache
from transforms.io import saved_transform, storage
from transforms.running.spans import span


@dataclasses.dataclass(frozen=True)
class LearnedTransform:
    """A transform that was just learned, in a temporary folder.

    Attributes:
        folder: its folder.
        facts: what run.json says of it.
    """

    folder: str
    facts: Transform

    def install(self, output: str) -> None:
        """Move it to the output folder, in the place of another one.

        Raises:
            OSError: the output folder cannot be written.
        """
        for name in (layout.TRANSFORM_FN, layout.TRANSFORMED_METADATA):
            output_folder.delete(storage.join(output, name))
        saved_transform.copy(self.folder, output)


@contextlib.contextmanager
def learned(context: JobContext) -> Iterator[LearnedTransform]:
    """Learn the transform of a job; nothing but temporary files is written in its folder.

    This runs here, whatever runs the job: the sample is small, and tf.Transform cannot save from a
    bundle that a cluster runs again. A transform that this machine has learned from the same sample
    is taken from its cache.
    """
    with saved_transform.temporary_folder(context.config.output) as folder:
        name = transform_cache.entry_of(context)
        quantiles = transform_cache.restore(name, folder)
        if quantiles is None:
            with span("analyze a sample"):
                fingerprint, quantiles = _analyze(context, folder)
            transform_cache.keep(name, folder, quantiles)
        else:
            graphs.check_transform(folder)
            fingerprint = graphs.fingerprint_of(context.config, context.module)
        sha256 = output_folder.hash_transform(folder)
        yield LearnedTransform(folder, Transform(fingerprint, tuple(quantiles), sha256))


def _analyze(context: JobContext, folder: str) -> tuple[str, list[int]]:
    """Run tf.Transform's analysis; return the fingerprint and the quantiles of the transform."""
    config = dataclasses.replace(context.config, output=folder)
    with beam.Pipeline(local.runner_here(context.options), options=context.options) as pipeline:
        graphs.build_analyze(pipeline, dataclasses.replace(context, config=config), folder)
    return graphs.read_transform(config, context.module)


def with_transform(context: JobContext) -> JobContext:
    """Learn the transform, unless an earlier call did and it is undamaged.

    Raises:
        UsageError: another transform made the parts that are done.
    """
    if _has_usable_transform(context):
        return context
    return dataclasses.replace(context, run=_learn(context))


def _has_usable_transform(context: JobContext) -> bool:
    """Whether the folder has the job's transform; nothing else in its place is ever run."""
    folder = context.config.output
    if not output_folder.has_transform(folder, context.run):
        return False
    try:
        graphs.check_transform(folder)
    except ValueError:
        return False
    return True


def _learn(context: JobContext) -> Run:
    """Learn the transform, and record it in run.json.

    It is learned once, and again if it is damaged: the parts that are done stay.
    """
    config = context.config
    with learned(context) as transform:
        run = dataclasses.replace(context.run, transform=transform.facts)
        if context.before and context.before.parts and run.fingerprint != context.run.fingerprint:
            raise UsageError(
                f"--output {config.output}: {layout.TRANSFORM_FN}/ is damaged, and the sample of "
                "the input gives another transform than that of the parts that are done.\nRun the "
                "same command when all files can be read, or add --overwrite to start again"
            )
        transform.install(config.output)
        run_file.write_run(config.output, run, config)
    return run
