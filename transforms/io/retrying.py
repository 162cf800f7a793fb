"""Repeat an operation on a remote file whose error may pass, and name the file in the last error.

Clients of object stores repeat most requests themselves. They do not repeat those whose answer was
executed and then lost or cut short, and each takes an error of another kind for passing.
"""

import http.client
import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from transforms.io.watching import describe

_LOGGER = logging.getLogger(__name__)
_T = TypeVar("_T")

# At most five more attempts, after pauses of about 0.5, 1, 2, 4 and 8 seconds; and none after a
# minute, for then the client has repeated the request by itself.
_RETRIES, _FIRST_PAUSE, _LONGEST_PAUSE = 5, 0.5, 8.0
_MOST_SECONDS = 60.0

_TIMEOUT, _MANY_REQUESTS, _NOT_FOUND, _FORBIDDEN, _FIRST_SERVER_ERROR = 408, 429, 404, 403, 500
_PASSING_TYPES = (
    ConnectionError,
    TimeoutError,
    EOFError,
    http.client.HTTPException,
)
# Of packages that need not be installed, or take long to import.
_PASSING_NAMES = frozenset(
    (
        "azure.core.exceptions.ServiceRequestError",
        "azure.core.exceptions.ServiceResponseError",
        "botocore.exceptions.HTTPClientError",
        "botocore.exceptions.IncompleteReadError",
        "botocore.parsers.ResponseParserError",
        "google.auth.exceptions.TransportError",
        "google.cloud.storage.exceptions.DataCorruption",
        "requests.exceptions.ChunkedEncodingError",
        "requests.exceptions.ConnectionError",
        "requests.exceptions.Timeout",
        "urllib3.exceptions.HTTPError",
    )
)
_PASSING_CODES = frozenset(
    (
        *("ConditionalRequestConflict", "InternalError", "NoSuchUpload", "RequestTimeout"),
        *("ServiceUnavailable", "SlowDown"),
    )
)


class RepeatedError(OSError):
    """A request to a remote file failed; it was repeated as often as that could help."""


def pause(seconds: float) -> None:
    """Wait before another attempt."""
    time.sleep(seconds)


class _Clock:
    def sleep(self, value: float) -> None:
        pause(value)


def retried(path: str, operation: Callable[[], _T]) -> _T:
    """Return what an operation on a file returns; on a remote file, after several attempts.

    Args:
        path: of the file, also for the message.
        operation: may be done twice, also if it was done and only the answer was lost.

    Raises:
        FileNotFoundError: the file does not exist.
        PermissionError: the store refuses the operation.
        RepeatedError: it fails for another reason, or for long. The message names the file.
        Exception: the operation fails on a local file.
    """
    if "://" not in path:
        return operation()
    from apache_beam.utils import retry

    deadline = time.monotonic() + _MOST_SECONDS
    repeat = retry.with_exponential_backoff(
        num_retries=_RETRIES,
        initial_delay_secs=_FIRST_PAUSE,
        max_delay_secs=_LONGEST_PAUSE,
        logger=_LOGGER.info,
        clock=_Clock(),
        retry_filter=lambda error: may_pass(error) and time.monotonic() < deadline,
    )
    try:
        result: _T = repeat(operation)()
    except Exception as error:
        raise _as_os_error(path, error) from error
    return result


def may_pass(error: Exception) -> bool:
    """Whether an operation that failed with this error may succeed later.

    So do errors of the server, too many requests, broken connections and answers cut short; a file
    that does not exist, or that may not be read, stays so.
    """
    return all(_is_passing(inner) for inner in _details(error))


def _details(error: Any) -> list[Any]:
    """Return the errors of clients that an error of Beam's file systems has."""
    details = getattr(error, "exception_details", None)
    if not isinstance(details, dict) or not details:
        return [error]
    return [inner for value in details.values() for inner in _details(value)]


def _is_passing(error: Any) -> bool:
    status = _status(error)
    if isinstance(status, int):
        return status in (_TIMEOUT, _MANY_REQUESTS) or status >= _FIRST_SERVER_ERROR
    if status in _PASSING_CODES or isinstance(error, _PASSING_TYPES):
        return True
    if any(f"{kind.__module__}.{kind.__name__}" in _PASSING_NAMES for kind in type(error).__mro__):
        return True
    # Beam's client of S3 replaces the error of its own client by one that may have no code.
    cause = error.__cause__ or error.__context__ if isinstance(error, Exception) else None
    return type(error).__name__ == "S3ClientError" and cause is not None and _is_passing(cause)


def _status(error: Any) -> Any:
    """Return the HTTP status or the code of a client's error; None if it has none."""
    if isinstance(error, int):
        return error
    response = getattr(error, "response", None)
    if isinstance(response, dict):
        # An error may come in an answer whose status says that all is well.
        code = response.get("Error", {}).get("Code")
        status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return code if code in _PASSING_CODES else status
    codes = (getattr(error, name, None) for name in ("code", "status_code"))
    return next((code for code in codes if isinstance(code, int | str)), None)


def _as_os_error(path: str, error: Exception) -> OSError:
    """Return an error that says in one line which file failed and why."""
    inner = _details(error)[0]
    status = _status(inner)
    if isinstance(inner, int):
        reason = f"the server answers {inner} {http.client.responses.get(inner, '')}".strip()
    else:
        # Errors of Beam's client of S3 are printed as tuples.
        message = getattr(inner, "message", None)
        reason = describe(OSError(message) if isinstance(message, str) else inner)
    line = f"{path}: {reason}"
    if status == _NOT_FOUND or isinstance(inner, FileNotFoundError):
        return FileNotFoundError(line)
    return PermissionError(line) if status == _FORBIDDEN else RepeatedError(line)
