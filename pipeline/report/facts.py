"""Read from an output folder what its report shows."""

import dataclasses
import shlex
from collections.abc import Mapping, Sequence

from pipeline.output import job_progress, open_job, plan_file, quality, run_file
from pipeline.output.open_job import Job
from pipeline.output.run_file import Run
from pipeline.parts.part_progress import Progress
from pipeline.report.sample import Sample
from pipeline.report.take_sample import take_sample
from transforms.io import redaction
from transforms.receipts import Receipt, shares


@dataclasses.dataclass(frozen=True)
class Facts:
    """What a report shows of a job.

    Attributes:
        job: its configuration, plan and run.
        progress: the parts that are done.
        counts: sums over these parts.
        shares: the rejection, truncation and [UNK] rates.
        sample: some of the documents.
        rejected: lines that show some rejected documents.
        versions: of the packages that started the job.
        command: shell lines that continue the job from any folder.
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
    def parts(self) -> Sequence[Receipt]:
        """The parts that are done, in corpus order."""
        return self.progress.parts

    @property
    def bytes(self) -> int:
        """The size of all files of records and of rejected documents."""
        return sum(self.progress.written()[1].values())


def gather(folder: str) -> Facts:
    """Read an output folder.

    Raises:
        ValueError: the folder is not an output folder, no part is done yet, or a file is damaged.
        OSError: a file cannot be read.
    """
    job = open_job.open_job(folder)
    plan_file.check_sha256(job.plan_sha256, job.run.plan)
    progress = job_progress.load_progress(job.folder, job.splits, job.run)
    if not progress.parts:
        raise ValueError(f"{folder}: no part is done yet; there is nothing to show")
    counts = progress.counts()
    stored = run_file.load_run_file(folder)
    return Facts(
        job=job,
        progress=progress,
        counts=counts,
        shares=shares(counts),
        sample=take_sample(job, progress.parts),
        rejected=quality.examples(folder, progress),
        versions=stored.versions if stored else {},
        command=_command(job.run),
    )


def _command(run: Run) -> str:
    """Return the shell lines that continue a job, from any folder."""
    words = [_shown(word) for word in run.command]
    return f"cd {shlex.quote(run.directory)}\n{shlex.join(words)}"


def _shown(word: str) -> str:
    return redaction.redact(word) if word.startswith("--") else redaction.redact_url(word)
