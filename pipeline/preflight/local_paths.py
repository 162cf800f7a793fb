"""Check the paths of a command: inputs, output folder, model, folder of a job; and its engine."""

import os
import stat
from collections.abc import Iterable

from pipeline.errors import UsageError
from pipeline.inputs import bigquery_names, glob_patterns, matching, stdin
from pipeline.inputs.job_folders import OwnFolders
from pipeline.monitoring import metrics_place
from pipeline.options.embed_config import EmbedConfig
from pipeline.output import folder_checks, folder_lock, layout
from pipeline.releases import folder_rule
from transforms.checkpoints import imported_models
from transforms.io import file_systems, storage


def check_job(config: EmbedConfig, metrics: str | None) -> None:
    """Check inputs, model, output folder and file of metrics of a job.

    Raises:
        UsageError: one of them cannot be used.
        JobError: a disk fails.
    """
    folder_checks.check_file_system(config.output)
    check_inputs(config.input.globs, config.output)
    check_model(config.model)
    if metrics is not None:
        metrics_place.check(metrics, config.output)
    check_output(config)
    if "://" not in config.output and not os.path.lexists(config.output):
        check_engine(config)
        # It is created, and removed again.
        with folder_lock.hold(config.output):
            pass


def check_inputs(globs: Iterable[str], output: str = "") -> None:
    """Check that inputs match something, as far as no folder has to be searched for that.

    Raises:
        UsageError: a path or a glob matches nothing; the message says what is there.
        JobError: a disk fails.
    """
    for glob in globs:
        if glob.startswith(bigquery_names.SCHEME):
            bigquery_names.parse(glob)
        elif glob != stdin.PIPE and _matches_nothing(glob):
            matching.match(glob, OwnFolders(output))


def check_output(config: EmbedConfig) -> None:
    """Check that an output folder on this machine has no other job and no files of others.

    Raises:
        UsageError: it has.
    """
    if "://" not in config.output:
        folder_checks.check_place(config)


def check_model(handle: str) -> None:
    """Check that a handle may mean a model.

    Raises:
        UsageError: it means none.
    """
    try:
        imported_models.check_path(handle)
    except ValueError as error:
        raise UsageError(str(error)) from error


def check_engine(config: EmbedConfig) -> None:
    """Check that the engine of a job is installed. A finished job needs none.

    Raises:
        UsageError: it is not.
    """
    try:
        config.compute.check_package()
    except ValueError as error:
        raise UsageError(str(error)) from error


def check_folder(folder: str, name: str) -> None:
    """Check that a folder of this machine has run.json, and is one that this release opens.

    Args:
        folder: the output folder.
        name: the name of run.json.

    Raises:
        UsageError: it does not have it.
        OtherReleaseError: it is of another release.
        OSError: the file system does not say so.
    """
    if "://" in folder:
        return
    path = storage.join(folder, name)
    if not storage.exists(path):
        raise UsageError(layout.describe_missing(folder, name))
    folder_rule.check_reading(path)


def _matches_nothing(glob: str) -> bool:
    """Whether a listing would surely find nothing, or be refused."""
    if "://" in glob:
        return bool(file_systems.missing_package(glob))
    base = glob_patterns.base_of(glob)
    try:
        if os.path.exists(glob) or glob_patterns.literal_of(glob) == glob:
            return _has_no_file(glob)
        if "/" in glob[len(base) :] or glob_patterns.DEEP in glob:
            # Such a glob searches folders below.
            return not os.path.isdir(base or ".")
        matches = glob_patterns.all_matches(glob)
        return not any(matches.match(base + name) for name in os.listdir(base or "."))
    except OSError:
        return True


def _has_no_file(path: str) -> bool:
    mode = os.stat(path).st_mode
    return not os.listdir(path) if stat.S_ISDIR(mode) else not stat.S_ISREG(mode)
