"""Load the vectors of a folder into the store of a URL."""

import contextlib
import dataclasses
import importlib.util
from collections.abc import Iterator

from pipeline.console import progress
from pipeline.errors import UsageError
from pipeline.stores import row_spec, store_kind
from pipeline.stores.guarded_store import GuardedStore, store_errors
from pipeline.stores.load_rows import LoadCounts, load_rows
from pipeline.stores.row_spec import RowSpec
from pipeline.stores.store_address import COSINE, StoreAddress, parse_address
from pipeline.stores.store_kind import OpenStore, StoreKind
from pipeline.vectors.folder_files import files_so_far
from pipeline.vectors.vector_folder import VectorFolder, open_vectors


@dataclasses.dataclass(frozen=True)
class LoadConfig:
    """What is loaded, and where to.

    Attributes:
        folder: output folder of `embed`.
        url: of the store.
        feature: see `open_vectors`.
        as_dtype: `float32` or `float16`; None for the type in the folder.
        metric: one of `store_address.METRICS`.
    """

    folder: str
    url: str
    feature: str | None = None
    as_dtype: str | None = None
    metric: str = COSINE


@dataclasses.dataclass(frozen=True)
class Target:
    """A store that a URL names: its name, its kind, and the parts of the URL."""

    name: str
    kind: StoreKind
    address: StoreAddress


@dataclasses.dataclass(frozen=True)
class LoadResult:
    """The result.

    Attributes:
        counts: of the rows.
        spec: of the rows.
        pending: ranges of the input that the job has not finished.
        note: of the store.
    """

    counts: LoadCounts
    spec: RowSpec
    pending: int
    note: str


def find_target(url: str) -> Target:
    """Find the store of a URL.

    Raises:
        UsageError: no store has such URLs, or its client is not installed.
    """
    with _named(url):
        address = parse_address(url)
        name, kind = store_kind.find(address.scheme)
        try:
            kind.check(address)
        except ValueError as error:
            raise ValueError(f"{error}, as in {kind.example}") from error
    missing = [one for one in kind.packages if importlib.util.find_spec(one) is None]
    if missing:
        raise UsageError(
            f"--to {url}: the package {missing[0]} is not installed; pip install "
            f"'beam-bert[{kind.extra}]'"
        )
    return Target(name, kind, address)


def load_folder(config: LoadConfig, target: Target) -> LoadResult:
    """Load the rows of the parts that a folder has, and show the progress.

    Raises:
        ValueError: the folder cannot be used.
        UsageError: the store cannot hold these rows.
        JobError: the store failed, or does not have all rows in the end.
    """
    files = files_so_far(config.folder)
    if not files.files and files.pending:
        raise ValueError(f"{config.folder} has no finished part yet: run the same load later")
    vectors = open_vectors(config.folder, files, config.feature)
    counts = LoadCounts(files.records)
    spec = _spec(vectors, config, target)
    with contextlib.closing(_connect(config, target, spec)) as store:
        _load(vectors, spec, store, target.kind.batch_bytes, counts)
    return LoadResult(counts, spec, files.pending, target.kind.note(spec))


def _spec(vectors: VectorFolder, config: LoadConfig, target: Target) -> RowSpec:
    held = target.kind.widths
    with _named(config.url):
        dtype = row_spec.choose_dtype(vectors.dtype, config.as_dtype, target.name, tuple(held))
        if vectors.width > held[dtype]:
            raise ValueError(
                f"the vectors have {vectors.width:,} values, and {target.name} holds "
                f"{held[dtype]:,} of {dtype}: embed with a smaller --truncate_dim"
            )
        return row_spec.row_spec(vectors, dtype, config.metric)


def _connect(config: LoadConfig, target: Target, spec: RowSpec) -> OpenStore:
    with store_errors(config.url, target.kind), _named(config.url):
        store = target.kind.connect(target.address, spec)
    return GuardedStore(store, config.url, target.kind)


@contextlib.contextmanager
def _named(url: str) -> Iterator[None]:
    """Raise a ValueError about a store as a UsageError that names it."""
    try:
        yield
    except ValueError as error:
        raise UsageError(f"--to {url}: {error}") from error


def _load(
    vectors: VectorFolder, spec: RowSpec, store: OpenStore, most_bytes: int, counts: LoadCounts
) -> None:
    def measure() -> progress.Shown:
        done = counts.present + counts.written
        return progress.Shown(counts.share, False, f"{done:,} of {counts.rows:,} rows")

    with progress.watch(measure):
        load_rows(vectors, spec, store, most_bytes, counts)
