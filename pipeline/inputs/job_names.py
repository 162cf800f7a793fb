"""The names at the top of an output folder, which are never input.

Names that lower packages write are defined there and imported here.
"""

from pipeline.generations.kept_files import CHANGES, MANIFESTS
from pipeline.inputs.bigquery_names import FOLDER as BIGQUERY
from pipeline.inputs.stdin import STDIN_FILE
from pipeline.manifest import DATA_FOLDERS, MANIFEST_FILE, WITHDRAWN_MANIFEST
from transforms.dedup.repeat_files import FOLDER as REPEATS
from transforms.io.storage import TEMPORARY
from transforms.receipts import RECEIPTS
from transforms.reuse.digest_files import FOLDER as DIGESTS

PLAN_FILE = "plan.jsonl"
RUN_FILE = "run.json"
REPORT_FILE = "report.html"
# In object stores only, while a job runs.
LOCK_FILE = "lock.json"
TRANSFORM_FN, TRANSFORMED_METADATA = "transform_fn", "transformed_metadata"

# The top level of an output folder. `embed --overwrite` deletes them from last to first, except
# its own lock.
NAMES = (
    LOCK_FILE,
    *(STDIN_FILE, BIGQUERY),
    *(*DATA_FOLDERS, RECEIPTS, TEMPORARY),
    *(TRANSFORM_FN, TRANSFORMED_METADATA),
    *(MANIFESTS, CHANGES, WITHDRAWN_MANIFEST),
    *(MANIFEST_FILE, REPORT_FILE, PLAN_FILE, RUN_FILE, REPEATS, DIGESTS),
)
