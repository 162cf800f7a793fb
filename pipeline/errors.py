"""The two ways in which a command fails, each with its exit status, and their messages."""

import contextlib
import difflib
import errno
import re
import select
import sys
from collections.abc import Iterable, Iterator

from transforms.io import redaction
from transforms.io.watching import cause_of, describe

# What the user has to change: the same command would fail again.
_OF_USER = {
    *(errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EACCES, errno.EPERM),
    *(errno.ENAMETOOLONG, errno.EINVAL, errno.ELOOP, errno.EROFS),
}
# The same, of errors of stores, which have no number.
_OF_USER_TYPES = (
    *(FileNotFoundError, PermissionError, FileExistsError, IsADirectoryError, NotADirectoryError),
)
# The remedy of a message about a damaged file of an output folder.
WRITTEN_AGAIN = "the same embed command writes it again"
# What to do where Python finds none.
NO_TEMPORARY_FOLDER = (
    "temporary files cannot be written in TMPDIR, /tmp, /var/tmp or the working directory: set "
    "TMPDIR to a folder that can be written and has room"
)
# Packages whose errors are those of a server, or of the way to it.
_CLIENTS = (
    *("botocore.", "boto3.", "s3transfer.", "azure.", "hdfs.", "apache_beam.io.", "apitools."),
    *("google.api_core.", "google.auth.", "google.cloud.", "google.resumable_media."),
    *("requests.", "urllib3.", "httplib2", "http.client"),
)
_MOST_SHOWN = 500


class _RedactedError(Exception):
    """An error whose message quotes addresses and flags without the secrets in them."""

    def __init__(self, message: str) -> None:
        super().__init__(redaction.redact(message))


class UsageError(_RedactedError):
    """The command cannot work with its flags or its input; exit status 2.

    The message names the flag or file and the remedy, in one or two lines.
    """


class JobError(_RedactedError):
    """The work began and failed; exit status 1.

    The message says what remains valid and how to continue, in one or two lines.
    """


@contextlib.contextmanager
def input_errors() -> Iterator[None]:
    """Raise the errors of bad input as UsageError, and let those pass that may pass."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if not is_of_user(error) or not error.filename:
            raise
        raise UsageError(str(error)) from error
    except ValueError as error:
        raise UsageError(str(error)) from error


@contextlib.contextmanager
def output_errors(place: str) -> Iterator[None]:
    """Raise the errors of a folder that can never be written as UsageError.

    A full disk, an error of a disk and an error of a server pass: see `storage_errors`.

    Args:
        place: the folder that the block is about.
    """
    try:
        yield
    except OSError as error:
        if not is_of_user(error):
            raise
        cause = cause_of(error)
        reason = cause.strerror if isinstance(cause, OSError) and cause.strerror else cause
        raise UsageError(f"{place}: cannot be written: {reason}") from error


@contextlib.contextmanager
def storage_errors(place: str) -> Iterator[None]:
    """Raise the errors of disks and servers, and a lack of memory, as JobError.

    A BrokenPipeError passes if nobody reads the standard output any more.

    Args:
        place: the folder or file that the block is about.
    """
    try:
        yield
    except (UsageError, JobError):
        raise
    except MemoryError as error:
        raise JobError(f"{place}: there was not enough memory; what is done stays") from error
    except Exception as error:
        if isinstance(error, BrokenPipeError) and not _output_is_read():
            raise
        if "No usable temporary directory" in str(error):
            raise UsageError(NO_TEMPORARY_FOLDER) from error
        if not is_of_storage(error):
            raise
        reason = describe(error)[:_MOST_SHOWN].rstrip(".")
        raise JobError(
            f"{place}: a file could not be listed, read or written: {reason}.\n"
            "What is done stays; if the fault has passed, the same command succeeds"
        ) from error


def _output_is_read() -> bool:
    """Whether the standard output has a reader; else a broken pipe is that of the output."""
    try:
        descriptor = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):
        return True
    poll = select.poll()
    poll.register(descriptor, 0)
    return not any(events & (select.POLLERR | select.POLLHUP) for _, events in poll.poll(0))


def is_of_user(error: OSError) -> bool:
    """Whether the user has to change something: the same command would fail again."""
    cause = cause_of(error)
    return isinstance(cause, OSError) and (
        cause.errno in _OF_USER if cause.errno else isinstance(cause, _OF_USER_TYPES)
    )


def is_of_storage(error: Exception) -> bool:
    """Whether an error is one of a disk or a server, or of the way to it."""
    modules = [f"{kind.__module__}." for kind in type(error).__mro__]
    return isinstance(error, OSError) or any(name.startswith(_CLIENTS) for name in modules)


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """Return a remedy for a mistyped word: the nearest known one, if any is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean {near[0]}?" if near else otherwise


def root_cause(error: Exception) -> str:
    r"""Return the line that matters of a runner's error, which quotes tracebacks as text.

    >>> root_cause(RuntimeError("Traceback ...\nOSError: No space left [while running 'Write']"))
    'No space left'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*(Error|Exception)\b.*: ", line)]
    line = named[-1] if named else (lines[-1] if lines else type(error).__name__)
    line = re.sub(r"^(([\w.]*\.)?(RuntimeError|OSError|ValueError|BeamIOError): )+", "", line)
    return re.sub(r" \[while running .*\]$", "", line)[:300].rstrip(".")
