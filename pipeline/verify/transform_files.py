"""Check the files of a job's transform against run.json."""

from pipeline.output import output_folder
from pipeline.output.layout import RUN_FILE, TRANSFORM_FN, TRANSFORMED_METADATA
from pipeline.output.open_job import Job
from pipeline.verify.verdict import unread_line


def transform_file_faults(job: Job) -> list[str]:
    """Return a line if the files of the transform are not those that run.json names."""
    try:
        if job.run.transform is None or output_folder.has_transform(job.folder, job.run):
            return []
    except OSError as error:
        return [unread_line(f"{TRANSFORM_FN}/ or {TRANSFORMED_METADATA}/", error)]
    return [
        f"{TRANSFORM_FN}/ or {TRANSFORMED_METADATA}/: their files do not have the sha256 that "
        f"{RUN_FILE} names; the same embed makes them again"
    ]
