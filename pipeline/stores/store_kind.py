"""The interface of a store, and the registry of stores.

A store is a module of `stores/kinds/` that defines `STORE`. It imports its client in functions, for
the registry imports all stores.
"""

import abc
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from pipeline.errors import did_you_mean
from pipeline.stores.row_spec import RowSpec
from pipeline.stores.store_address import StoreAddress
from transforms.plugins import Registry

_BATCH_BYTES = 16 << 20

# Rows that a store does not hold, and the reason.
Problem = tuple[np.ndarray, str]


class OpenStore(Protocol):
    """A table of a store."""

    def rows_by_part(self, parts: Collection[str]) -> Mapping[str, int]:
        """Count the rows by their column of parts.

        Args:
            parts: those that have to be counted; others may be counted under one name.
        """

    def problems(self, rows: pa.RecordBatch) -> Iterator[Problem]:
        """Yield bool [rows], which rows the store does not hold, with the reason for them."""

    def write(self, rows: pa.RecordBatch) -> None:
        """Insert rows, or replace those that have their ids; no two of them have one id."""

    def move(self, rows: pa.RecordBatch) -> None:
        """Give stored rows other parts; the rows have `id` and `_part` only."""

    def delete(self, parts: Sequence[str]) -> None:
        """Delete the rows of parts; everything that was written lasts already."""

    def finish(self) -> None:
        """Make everything that was written last."""

    def close(self) -> None:
        """Give up the connection; what is not finished may be lost."""


class StoreKind(abc.ABC):
    """A kind of store.

    Attributes:
        schemes: of its URLs.
        example: a URL.
        extra: the extra of `setup.py` that brings its client.
        packages: that are imported.
        names: the parameter that names the table or collection; empty if the place is enough.
        parameters: further parameters of URLs; None if the client checks them.
        widths: the largest width of vectors, by the types that the store holds.
        batch_bytes: of the rows that are written at once.
    """

    schemes: tuple[str, ...]
    example: str
    extra: str
    packages: tuple[str, ...]
    names: str = "collection"
    parameters: frozenset[str] | None = frozenset()
    widths: Mapping[str, int]
    batch_bytes: int = _BATCH_BYTES

    @abc.abstractmethod
    def errors(self) -> tuple[type[Exception], ...]:
        """Return the errors that the client raises."""

    @abc.abstractmethod
    def connect(self, address: StoreAddress, spec: RowSpec) -> OpenStore:
        """Open the table of an address; make it if it is missing.

        Raises:
            ValueError: it has other columns, or cannot hold these rows.
        """

    def note(self, spec: RowSpec) -> str:
        """Return what a user should know about these rows in this store; empty if nothing."""
        del spec
        return ""

    def check(self, address: StoreAddress) -> None:
        """Check the parts of a URL.

        Raises:
            ValueError: one of them is missing or unknown.
        """
        if not address.path:
            raise ValueError("it has no place")
        if bool(self.names) != bool(address.name):
            remedy = f"name one with {self.names}=NAME" if self.names else "name none"
            raise ValueError(f"{'it names no table' if self.names else 'it has a table'}: {remedy}")
        for name in address.parameters:
            if self.parameters is not None and name not in self.parameters:
                raise ValueError(f"{name}= is not a parameter of this store")


registry: Registry[StoreKind] = Registry("pipeline.stores.kinds", "STORE", "store")


def find(scheme: str) -> tuple[str, StoreKind]:
    """Return the store of a scheme, and its name.

    Raises:
        ValueError: no store has it.
    """
    for name, kind in registry.plugins.items():
        if scheme in kind.schemes:
            return name, kind
    schemes = [scheme for kind in registry.plugins.values() for scheme in kind.schemes]
    remedy = did_you_mean(scheme, schemes, f"there are {', '.join(schemes)}")
    raise ValueError(f"no store has the scheme {scheme!r}; {remedy}")
