"""The files of pooled records that a job has finished, also while it still runs."""

from typing import NamedTuple

from pipeline import reader
from pipeline.output import earlier_plans, job_progress, layout, run_file
from pipeline.output.layout import MANIFEST_FILE, POOLED, RUN_FILE
from pipeline.reader import DataFile
from transforms.io import storage


class FolderFiles(NamedTuple):
    """Files of pooled records.

    Attributes:
        files: in corpus order.
        pending: ranges of the input that the job has not finished; 0 for a finished job.
    """

    files: tuple[DataFile, ...]
    pending: int = 0

    @property
    def records(self) -> int:
        """The number of records of all files."""
        return sum(file.records for file in self.files)


def finished_files(folder: str, generation: int | None = None) -> FolderFiles:
    """List the files of a finished job, from its manifest.

    Args:
        folder: the output folder.
        generation: the number of one that the folder keeps; None for the newest finished one.

    Raises:
        ValueError: the job is not finished, or the manifest is damaged.
    """
    return FolderFiles(tuple(reader.list_files(folder, POOLED, generation)))


def files_so_far(folder: str, generation: int | None = None) -> FolderFiles:
    """List the files of a job that may still run: those of the parts with receipts.

    While another generation is written, they are those of the newest finished one.

    Args:
        folder: the output folder.
        generation: as of `finished_files`.

    Raises:
        ValueError: the folder is not one of a job, or is damaged.
    """
    if generation is not None or storage.exists(storage.join(folder, MANIFEST_FILE)):
        return finished_files(folder, generation)
    run = run_file.load_run(folder)
    if run is None:
        raise ValueError(layout.describe_missing(folder, RUN_FILE))
    plan = earlier_plans.load_followed(folder, run)
    progress = job_progress.load_progress(folder, plan.splits, run)
    files = (
        DataFile(file.path, file.records, file.sha256)
        for part in progress.parts
        for file in part.files
        if file.path.startswith(f"{POOLED}/")
    )
    return FolderFiles(tuple(files), len(progress.pending))
