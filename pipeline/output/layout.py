"""The names of all files and folders of an output folder.

Names that lower packages write are defined there and imported here; no other module has a literal
of them.
"""

from pipeline.generations.kept_files import CHANGES, MANIFESTS
from pipeline.inputs.bigquery_names import FOLDER as BIGQUERY
from pipeline.inputs.job_names import (
    LOCK_FILE,
    NAMES,
    PLAN_FILE,
    REPORT_FILE,
    RUN_FILE,
    TRANSFORM_FN,
    TRANSFORMED_METADATA,
)
from pipeline.inputs.stdin import STDIN_FILE
from pipeline.manifest import DATA_FOLDERS, MANIFEST_FILE, WITHDRAWN, WITHDRAWN_MANIFEST
from transforms.dedup.repeat_files import FOLDER as REPEATS
from transforms.dedup.repeat_files import TABLE_FILE
from transforms.io import path_kinds, storage
from transforms.io.storage import TEMPORARY
from transforms.receipts import RECEIPTS
from transforms.records.record_content import POOLED, SEQUENCE
from transforms.records.record_files import schema_files
from transforms.rejects import FOLDER as REJECTED
from transforms.reuse.digest_files import FOLDER as DIGESTS

SAVED_TRANSFORM = f"{TRANSFORM_FN}/saved_model.pb"

__all__ = [
    "BIGQUERY",
    "CHANGES",
    "DATA_FOLDERS",
    "DIGESTS",
    "LOCK_FILE",
    "MANIFESTS",
    "MANIFEST_FILE",
    "NAMES",
    "PLAN_FILE",
    "POOLED",
    "RECEIPTS",
    "REJECTED",
    "REPEATS",
    "REPORT_FILE",
    "RUN_FILE",
    "SAVED_TRANSFORM",
    "SEQUENCE",
    "STDIN_FILE",
    "TABLE_FILE",
    "TEMPORARY",
    "TRANSFORMED_METADATA",
    "TRANSFORM_FN",
    "WITHDRAWN",
    "WITHDRAWN_MANIFEST",
    "describe_missing",
    "refuse_links",
    "schema_files",
]


def refuse_links(folder: str) -> None:
    """Refuse links in the place of a job's files and folders: a job uses its own folder only.

    Raises:
        ValueError: one of the names is neither a file nor a folder.
    """
    storage.check_no_links(folder, NAMES)


def describe_missing(folder: str, name: str) -> str:
    """Describe a folder without a file that every job has.

    Raises:
        OSError: the file system does not say what is at the path.
    """
    reason = path_kinds.describe_unless_folder(folder) or "it is not an output folder of embed"
    return f"{folder} has no {name}: {reason}"
