"""A store whose errors say which store failed, and that the same command continues."""

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence

import pyarrow as pa

from pipeline.errors import JobError, UsageError
from pipeline.stores.store_kind import OpenStore, Problem, StoreKind


class GuardedStore:
    """A store that raises the errors of its client as JobError; see `OpenStore`."""

    def __init__(self, store: OpenStore, url: str, kind: StoreKind) -> None:
        self._store = store
        self._url = url
        self._kind = kind

    def rows_by_part(self, parts: Collection[str]) -> Mapping[str, int]:
        """Count the rows by their column of parts."""
        with store_errors(self._url, self._kind):
            return self._store.rows_by_part(parts)

    def problems(self, rows: pa.RecordBatch) -> Iterator[Problem]:
        """Yield which rows the store does not hold, with the reason for them."""
        return self._store.problems(rows)

    def write(self, rows: pa.RecordBatch) -> None:
        """Insert or replace rows."""
        with store_errors(self._url, self._kind):
            self._store.write(rows)

    def move(self, rows: pa.RecordBatch) -> None:
        """Give stored rows other parts."""
        with store_errors(self._url, self._kind):
            self._store.move(rows)

    def delete(self, parts: Sequence[str]) -> None:
        """Delete the rows of parts."""
        with store_errors(self._url, self._kind):
            self._store.delete(parts)

    def finish(self) -> None:
        """Make everything that was written last."""
        with store_errors(self._url, self._kind):
            self._store.finish()

    def close(self) -> None:
        """Give up the connection; a failure of that changes nothing."""
        with contextlib.suppress(*self._kind.errors()):
            self._store.close()


@contextlib.contextmanager
def store_errors(url: str, kind: StoreKind) -> Iterator[None]:
    """Raise the errors of a client as JobError."""
    try:
        yield
    except (JobError, UsageError):
        raise
    except kind.errors() as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise JobError(
            f"--to {url}: {reason.rstrip('.')}.\n"
            "The rows that the store has stay; the same command loads the others"
        ) from error
