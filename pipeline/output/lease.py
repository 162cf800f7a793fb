"""A lease of a folder: an object that its holder writes again and again.

Who wants it takes it if the object does not exist, if the process that wrote it has ended, or if
nobody wrote it for long enough. Clocks of machines differ, so nobody compares times of two: a
waiting job compares versions of the object, and measures the time between by its own clock.
"""

import time

import msgspec

from pipeline.output import lock_owner
from pipeline.output.lock_owner import LockOwner
from transforms.io.conditional.conditional_object import ConditionalObject

# Seconds after which the holder writes the object again, and after which others take it.
RENEW_SECONDS, EXPIRE_SECONDS = 10.0, 60.0


class LeaseHeldError(Exception):
    """Another process holds the lease.

    Attributes:
        owner: that process; None if the object does not say so.
    """

    def __init__(self, owner: LockOwner | None) -> None:
        super().__init__(lock_owner.describe(owner))
        self.owner = owner


class Lease:
    """A lease for one holder.

    Only one of all leases of an object can be renewed: a write has the condition that the object
    has the version of the write before.
    """

    def __init__(self, stored: ConditionalObject, owner: LockOwner) -> None:
        self.object = stored
        self._owner = owner
        self._version: str | None = None

    def take(self, version: str | None) -> bool:
        """Write the object if it has a version, or for None if it does not exist.

        Returns:
            whether this lease now holds; also if the answer to the write was lost.

        Raises:
            NoConditionsError: the store has no conditional writes.
            OSError: the store does not answer.
        """
        self._owner = lock_owner.renewed(self._owner)
        written = self.object.write(msgspec.json.encode(self._owner), version)
        held = written or self._stored_version()
        self._version = held or self._version
        return held is not None

    def renew(self) -> bool:
        """Write the object again; return whether this lease still holds. Raises as `take`."""
        return self.take(self._version)

    def release(self) -> None:
        """Delete the object, if this lease holds.

        Raises:
            OSError: it cannot be deleted.
        """
        version = self._stored_version()
        if version is not None:
            self.object.delete(version)

    def _stored_version(self) -> str | None:
        """Return the version of the object if this lease wrote it."""
        stored = self.object.read()
        owner = stored and lock_owner.decode(stored.content)
        return stored.version if stored and owner and owner.nonce == self._owner.nonce else None


class Claim:
    """A job that wants a lease.

    Attributes:
        waits_for: the owner of the object, if it has to be watched.
    """

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self._version: str | None = None
        self._since = 0.0
        self.waits_for: LockOwner | None = None

    def attempt(self) -> bool:
        """Look at the object once, and take it if possible; return whether the lease now holds.

        Raises:
            LeaseHeldError: another process has written the object while this one waited.
            NoConditionsError: the store has no conditional writes.
            OSError: the store does not answer.
        """
        before = now()
        stored = self._lease.object.read()
        if stored is None:
            return self._lease.take(None)
        owner = lock_owner.decode(stored.content)
        if stored.version != self._version:
            if self._version is not None:
                raise LeaseHeldError(owner)
            # Measured after the answer: the version may have been written until then.
            self._version, self._since, self.waits_for = stored.version, now(), owner
        has_ended = owner is not None and lock_owner.has_ended(owner)
        if has_ended or before - self._since >= EXPIRE_SECONDS:
            return self._lease.take(stored.version)
        return False


def now() -> float:
    """Return the seconds of this machine's clock that nobody sets."""
    return time.monotonic()
