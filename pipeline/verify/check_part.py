"""Check the files of a part against its receipt and each other."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from pipeline.options.embed_config import EmbedConfig
from pipeline.output.read_records import Layout
from pipeline.verify.check_counts import count_faults
from pipeline.verify.check_file import check_records_file, check_rejects_file
from pipeline.verify.check_records import CheckedRecords
from pipeline.verify.verdict import unread_line
from transforms import metrics
from transforms.features import ACCOUNT, NUM_TOKENS
from transforms.io import storage
from transforms.receipts import RECEIPTS, Receipt
from transforms.records.record_config import RecordConfig
from transforms.records.record_content import POOLED, SEQUENCE
from transforms.rejects import FOLDER as REJECTED


@dataclasses.dataclass(frozen=True)
class CheckedPart:
    """The faults of a part, and the ids of its documents.

    Attributes:
        damage: a line for each file that contradicts the receipt, and each count that the records
            contradict. Embedding the part again repairs it.
        faults: a line for each other fault.
        ids: int64 [documents], hashes of the ids; empty if there is damage, or if a file cannot be
            read.
    """

    damage: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    ids: np.ndarray = dataclasses.field(default_factory=lambda: np.empty(0, np.int64))


def check_part(folder: str, receipt: Receipt, layout: Layout, config: EmbedConfig) -> CheckedPart:
    """Read every file of a part and check it against the receipt, the format and the other files.

    Takes memory for a batch of records, for the lines of rejected documents, and for some numbers
    per document of the part.

    Args:
        folder: the output folder.
        receipt: of the part.
        layout: of the records.
        config: of the job.
    """
    problem = _files_problem(folder, receipt, layout.records)
    if problem:
        return CheckedPart(damage=(f"{RECEIPTS}/{receipt.name}.json: {problem}",))
    damage: list[str] = []
    faults: list[str] = []
    families: dict[str, CheckedRecords] = {}
    is_read = True
    for file in receipt.files:
        family = file.path.split("/")[0]
        try:
            if family == REJECTED:
                check_rejects_file(folder, file, receipt)
            else:
                families[family] = check_records_file(folder, file, receipt, layout)
                faults += [f"{file.path}: {fault}" for fault in families[family].faults]
        except ValueError as error:
            damage.append(f"{file.path}: {error}")
        except OSError as error:
            faults.append(unread_line(file.path, error))
            is_read = False
    if is_read and not damage:
        damage += _compare(families, receipt, config)
    if damage or not is_read:
        return CheckedPart(tuple(damage), tuple(faults))
    ids = [records.ids for records in families.values()] or [np.empty(0, np.int64)]
    return CheckedPart(faults=tuple(faults), ids=ids[0])


def _compare(
    families: Mapping[str, CheckedRecords], receipt: Receipt, config: EmbedConfig
) -> list[str]:
    """Compare the records of the two families, and their lengths with the counts of the receipt."""
    if len(families) == 2:
        differences = _compare_families(families[POOLED], families[SEQUENCE], receipt)
        if differences:
            return differences
    lengths = [records.account[ACCOUNT.index(NUM_TOKENS)] for records in families.values()]
    faults = count_faults(receipt, lengths[0] if lengths else np.empty(0, np.int64), config)
    return [f"{RECEIPTS}/{receipt.name}.json: {line}" for line in faults]


def _files_problem(folder: str, receipt: Receipt, records: RecordConfig) -> str | None:
    """Return a message if a receipt lists wrong files, else None; opens no file."""
    for file in receipt.files:
        try:
            storage.within(folder, file.path)
        except ValueError as error:
            return f"lists a file outside this folder: {error}"
    listed = {file.path: file.records for file in receipt.files}
    expected = _expected_files(receipt, records)
    if listed != expected or len(listed) < len(receipt.files):
        return f"its files are {_shown(listed)}; by its counts they must be {_shown(expected)}"
    return None


def _expected_files(receipt: Receipt, records: RecordConfig) -> dict[str, int]:
    """Return the files that a part with these counts must have, and the records in each."""
    embedded, rejected = receipt.counts[metrics.EMBEDDED], receipt.counts[metrics.REJECTED]
    families = records.families if embedded else ()
    files = {f"{family}/{receipt.name}{records.ending}": embedded for family in families}
    return files | ({f"{REJECTED}/{receipt.name}.jsonl": rejected} if rejected else {})


def _shown(files: Mapping[str, int]) -> str:
    return ", ".join(f"{path} of {count}" for path, count in files.items()) or "none"


def _compare_families(
    pooled: CheckedRecords, sequence: CheckedRecords, receipt: Receipt
) -> list[str]:
    """Compare the ids and sums that each document has in the two families."""
    same = (pooled.ids == sequence.ids) & (pooled.account == sequence.account).all(axis=0)
    if same.all():
        return []
    row = int(np.argmin(same))
    return [
        f"{SEQUENCE}/{receipt.name}: record {row} belongs to another document than record {row} "
        f"in {POOLED}/"
    ]
