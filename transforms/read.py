"""ReadParts: from splits to parts of documents."""

import dataclasses
from collections.abc import Iterator

import apache_beam as beam
import pyarrow as pa

import transforms.io.coder  # noqa: F401  (registers the coder of parts)
from transforms.documents import Split, header_of, with_header
from transforms.groups.read_split import SourceError, read_unchanged
from transforms.io import failures, storage
from transforms.receipts import RECEIPTS, Receipt
from transforms.sources.base import ReadConfig
from transforms.sources.content_digest import hash_columns


@dataclasses.dataclass
class ReadParts(beam.PTransform):
    """Read the parts of splits.

    Attributes:
        config: how records become documents.
        run_fingerprint: is hashed into every part's key.
        folder: output folder of the job. Parts that have a receipt there are skipped. For a source
            that cannot be read, a note is written there (see `failures`). If None, all parts are
            read, and a source that cannot be read is an error.
    """

    config: ReadConfig
    run_fingerprint: str
    folder: str | None = None

    def expand(self, splits: beam.PCollection[Split]) -> beam.PCollection[pa.RecordBatch]:
        return splits | "ReadSplit" >> beam.ParDo(
            _ReadSplit(self.config, self.run_fingerprint, self.folder)
        )


class _ReadSplit(beam.DoFn):
    def __init__(self, config: ReadConfig, run_fingerprint: str, folder: str | None) -> None:
        self._config = config
        self._run_fingerprint = run_fingerprint
        self._folder = folder

    def process(self, split: Split) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._read(split)
        except SourceError as error:
            if self._folder is None:
                raise
            failures.save(self._folder, split, str(error))

    def _read(self, split: Split) -> Iterator[pa.RecordBatch]:
        for part in read_unchanged(split, self._config, self._run_fingerprint):
            if not self._is_done(part):
                yield _with_hash(part)

    def _is_done(self, part: pa.RecordBatch) -> bool:
        if self._folder is None:
            return False
        return find_receipt(storage.join(self._folder, RECEIPTS), part) is not None


def _with_hash(part: pa.RecordBatch) -> pa.RecordBatch:
    """Add the hash of its documents to a part, by which an update recognizes them."""
    header = dataclasses.replace(header_of(part), documents_sha256=hash_columns(part))
    return with_header(part, header)


def find_receipt(folder: str, part: pa.RecordBatch) -> Receipt | None:
    """Return the receipt of a part; None if it does not exist or was truncated."""
    header = header_of(part)
    text = storage.read_text(storage.join(folder, f"{header.name}.json"))
    if text is None:
        return None
    try:
        receipt = Receipt.from_json(text)
    except ValueError:
        return None
    return receipt if receipt.key == header.key else None
