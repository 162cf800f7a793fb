"""What a store offers for conditional writes: requests about one object."""

import enum
from typing import NamedTuple, Protocol


class StoredObject(NamedTuple):
    """An object.

    Attributes:
        content: its bytes.
        version: what the store changes with every write of other bytes.
    """

    content: bytes
    version: str


class Refusal(enum.Enum):
    """Why a request did nothing: the object is not as expected, or there are no conditions."""

    CHANGED = "changed"
    NO_CONDITIONS = "no conditions"


class ObjectRequests(Protocol):
    """The requests about one object; each raises what the client of the store raises.

    Attributes:
        always_conditional: whether the service is known to check conditions. Otherwise some servers
            with its protocol ignore them.
    """

    always_conditional: bool

    def get(self) -> StoredObject | None:
        """Read the object; None if it does not exist."""

    def put(self, content: bytes, version: str | None) -> str | Refusal:
        """Write the object if it has a version, or for None if it does not exist.

        Returns:
            the new version, or why nothing was written.
        """

    def delete(self, version: str | None) -> Refusal | None:
        """Delete the object if it has a version, or for None in any case."""
