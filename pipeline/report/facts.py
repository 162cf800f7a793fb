"""What a report tells of a job, gathered from its folder."""

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from apache_beam.io.filesystems import FileSystems

from pipeline.manifest import Progress
from pipeline.output import open_job, quality
from pipeline.output.open_job import Job
from pipeline.output.output_folder import RUN_FILE, Run
from pipeline.report import sample
from pipeline.report.sample import Sample
from pipeline.verify.job_metadata import read_metadata
from transforms import checked_json
from transforms.io import storage
from transforms.receipts import Receipt, shares


@dataclasses.dataclass(frozen=True)
class Facts:
    """A job, as its folder tells it.

    Attributes:
        job: its configuration, plan and run.
        progress: what is done.
        counts: sums over all that is done.
        shares: of what was lost.
        sample: some of its documents.
        rejected: lines that show some rejected documents.
        versions: of what began it.
        command: that goes on with it, from where it was given.
    """

    job: Job
    progress: Progress
    counts: Mapping[str, int]
    shares: Mapping[str, float]
    sample: Sample
    rejected: Sequence[str]
    versions: Mapping[str, str]
    command: str

    @property
    def parts(self) -> tuple[Receipt, ...]:
        """What is done, in corpus order."""
        return self.progress.parts

    @property
    def bytes(self) -> int:
        """Of all files of records, and of those of rejected documents."""
        return sum(file.bytes for part in self.parts for file in part.files)


def gather(folder: str) -> Facts:
    """Read a folder.

    Raises:
        ValueError: it is that of no job, nothing in it is done yet, or a file is damaged.
        OSError: a file cannot be read.
    """
    job = open_job.open_job(folder)
    progress = read_metadata(job).progress
    if not progress.parts:
        raise ValueError(f"{folder}: no part is done yet; there is nothing to show")
    counts = progress.counts()
    told = checked_json.loads(storage.read_text(FileSystems.join(folder, RUN_FILE)) or "{}")
    return Facts(
        job=job,
        progress=progress,
        counts=counts,
        shares=shares(counts),
        sample=sample.take(job, progress.parts),
        rejected=quality.examples(folder, progress),
        versions={str(name): str(value) for name, value in _fields(told, "versions").items()},
        command=_command(job.run),
    )


def _command(run: Run) -> str:
    """Write a job's command as a shell takes it; elsewhere than where it was given, too."""
    return f"cd {shlex.quote(run.directory)}\n{shlex.join(run.command)}"


def _fields(told: Any, name: str) -> Mapping[str, Any]:
    value = told.get(name)
    return value if isinstance(value, dict) else {}
