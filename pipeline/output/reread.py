"""Read parts of a job again from their sources."""

import contextlib
import json
from collections.abc import Collection, Iterator

import numpy as np
import pyarrow as pa

from pipeline.output.open_job import Job
from transforms.documents import ID, POSITION, WINDOW, Split, files_of, header_of
from transforms.groups.read_split import check_unchanged, open_split, read_split
from transforms.io import storage
from transforms.receipts import Receipt
from transforms.rejects import FOLDER as REJECTED


def read_parts(job: Job, split: Split, keys: Collection[str]) -> Iterator[pa.RecordBatch]:
    """Read the parts of a split that have the given keys.

    Raises:
        SourceError: the source is missing, has changed, or cannot be read.
    """
    check_unchanged(split)
    missing = set(keys)
    with contextlib.closing(open_split(split)) as stream:
        for part in read_split(split, stream, job.config.input.read, job.run.fingerprint):
            key = header_of(part).key
            if key in missing:
                check_unchanged(split)
                yield part
                missing.discard(key)
            if not missing:
                return


def read_all(job: Job, split: Split) -> Iterator[pa.RecordBatch]:
    """Read all parts of a split; raises as `read_parts` does."""
    check_unchanged(split)
    with contextlib.closing(open_split(split)) as stream:
        yield from read_split(split, stream, job.config.input.read, job.run.fingerprint)
    check_unchanged(split)


def embedded_rows(folder: str, receipt: Receipt, part: pa.RecordBatch) -> np.ndarray:
    """Return the rows of a part that were embedded, in the order of the part's records.

    Args:
        folder: the output folder.
        receipt: of the part.
        part: the part as its reader returns it, or its rows, with the rejected documents.
    """
    positions = part.column(POSITION).to_numpy()
    paths, numbers = files_of(part)
    # A number for each position of each file.
    width = int(positions.max(initial=0)) + 1
    begins = {path: number * width for number, path in enumerate(paths)}
    places = rejected_places(folder, receipt)
    # A damaged line may name another file.
    rejected = [begins[path] + position for path, position, _ in places if path in begins]
    is_rejected = np.isin(numbers * width + positions, rejected)
    if WINDOW in part.schema.names:
        # The windows of a document have its position.
        ids = {id_ for _, _, id_ in places}
        for row in np.flatnonzero(is_rejected).tolist():
            is_rejected[row] = part.column(ID)[row].as_py() in ids
    rows: np.ndarray = np.flatnonzero(~is_rejected)
    return rows


def rejected_places(folder: str, receipt: Receipt) -> set[tuple[str, int, str]]:
    """Return the file, the position and the id of each rejected document, or row, of a part."""
    paths = [file.path for file in receipt.files if file.path.startswith(f"{REJECTED}/")]
    texts = [storage.read_text(storage.within(folder, path)) or "" for path in paths]
    lines = [json.loads(line) for text in texts for line in text.split("\n") if line]
    return {(line["source"], line["position"], line["id"]) for line in lines}
