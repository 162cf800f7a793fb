"""One object of a store, written only if it is as its writer last saw it."""

from collections.abc import Callable

from transforms.io.conditional.gcs_requests import GcsRequests
from transforms.io.conditional.object_requests import ObjectRequests, Refusal, StoredObject
from transforms.io.conditional.s3_requests import S3Requests
from transforms.io.retrying import retried

# No object has this version.
_NEVER = '"00000000000000000000000000000000"'


class NoConditionsError(Exception):
    """The store does not know conditional writes."""


class ConditionalObject:
    """An object of a store; its operations are repeated after errors that may pass.

    Attributes:
        path: of the object.
    """

    def __init__(self, path: str, requests: ObjectRequests) -> None:
        self.path = path
        self._requests = requests

    def read(self) -> StoredObject | None:
        """Read the object; None if it does not exist.

        Raises:
            OSError: it cannot be read.
        """
        return retried(self.path, self._requests.get)

    def write(self, content: bytes, version: str | None) -> str | None:
        """Write the object if it has a version, or for None if it does not exist.

        Returns:
            the new version; None if the object is not as expected. This is returned also if an
            earlier attempt wrote it and its answer was lost: read the object to find out.

        Raises:
            NoConditionsError: the store has no such condition.
            OSError: the object cannot be written, or no answer says whether it was.
        """
        answer = self._put(content, version)
        if answer is Refusal.NO_CONDITIONS:
            raise NoConditionsError(self.path)
        return answer if isinstance(answer, str) else None

    def delete(self, version: str) -> None:
        """Delete the object if it has a version.

        Raises:
            OSError: it cannot be deleted, or no answer says whether it was.
        """
        retried(self.path, lambda: self._delete(version))

    def _delete(self, version: str) -> None:
        """Delete the object, after a check for servers whose deletions have no conditions."""
        stored = self._requests.get()
        if (
            stored is not None
            and stored.version == version
            and self._requests.delete(version) is Refusal.NO_CONDITIONS
        ):
            self._requests.delete(None)

    def refuses_other_versions(self) -> bool:
        """Whether the store checks conditions. The object must exist; else it is overwritten.

        Raises:
            OSError: no answer says so.
        """
        return self._requests.always_conditional or all(
            self._put(b"", version) is Refusal.CHANGED for version in (None, _NEVER)
        )

    def _put(self, content: bytes, version: str | None) -> str | Refusal:
        return retried(self.path, lambda: self._requests.put(content, version))


_REQUESTS: dict[str, Callable[[str], ObjectRequests]] = {"gs": GcsRequests, "s3": S3Requests}


def has_conditions(path: str) -> bool:
    """Whether objects of the file system of a path can be written conditionally."""
    return path.partition("://")[0] in _REQUESTS


def open_object(path: str) -> ConditionalObject:
    """Return the object of a path for which `has_conditions` holds."""
    return ConditionalObject(path, requests_for(path))


def requests_for(path: str) -> ObjectRequests:
    """Return the requests about the object of a path, without repetition after errors."""
    return _REQUESTS[path.partition("://")[0]](path)
