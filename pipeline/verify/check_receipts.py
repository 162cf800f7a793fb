"""Check that run.json, plan.jsonl and the receipts describe one job."""

from pipeline.output.layout import PLAN_FILE, RECEIPTS, RUN_FILE
from pipeline.output.open_job import Job
from pipeline.verify.job_metadata import JobMetadata


def receipt_faults(job: Job, metadata: JobMetadata) -> list[str]:
    """Return a line for each thing in which run.json, plan.jsonl and receipts contradict."""
    lines = []
    if job.plan_sha256 != job.run.plan:
        lines.append(f"{PLAN_FILE}: its sha256 differs from the one in {RUN_FILE}")
    if metadata.foreign and not metadata.parts:
        count = len(metadata.foreign)
        receipts = f"the {count:,} receipts" if count > 1 else "the receipt"
        return [*lines, f"{RUN_FILE} and {PLAN_FILE} describe another job than {receipts}"]
    lines += [
        f"{RECEIPTS}/{name}.json: belongs to no part of {PLAN_FILE} and {RUN_FILE}"
        for name in metadata.foreign
    ]
    counted = {part.name for part in metadata.progress.parts}
    if metadata.progress.complete:
        lines += [
            f"{RECEIPTS}/{part.name}.json: belongs to no split, or comes after the last part of one"
            for part in metadata.parts
            if part.name not in counted
        ]
    return lines
