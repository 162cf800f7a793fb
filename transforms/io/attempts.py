"""Read again what could not be read: a failure of the storage may pass."""

import time
from collections.abc import Callable
from typing import TypeVar

from transforms.io.retrying import RepeatedError

# Seconds before the second attempt, and before the third.
PAUSES = (0.1, 0.5)
# These do not pass while one waits, or have been waited for.
_LASTING = (
    *(FileNotFoundError, IsADirectoryError, NotADirectoryError, PermissionError),
    RepeatedError,
)
_T = TypeVar("_T")


def read_again(read: Callable[[], _T]) -> _T:
    """Call a function that opens and reads a file; after a failure wait, and call it again.

    Raises:
        OSError: the last attempt failed, or the file is missing or forbidden, or remote: its
            requests are repeated one by one.
    """
    for pause in PAUSES:
        try:
            return read()
        except OSError as error:
            if _is_lasting(error):
                raise
            time.sleep(pause)
    return read()


def _is_lasting(error: BaseException | None) -> bool:
    while error is not None and not isinstance(error, _LASTING):
        error = error.__cause__
    return error is not None
