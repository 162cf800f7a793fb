from collections.abc import Iterator

import pytest

from transforms.io import attempts, retrying
from transforms.io.attempts import read_again
from transforms.io.retrying import retried
from transforms.io.watching import StorageError


@pytest.fixture(autouse=True)
def _pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(retrying, "pause", lambda _: None)


class Failing:
    """Raises errors in turn, and counts the calls."""

    def __init__(self, *errors: Exception) -> None:
        self.calls = 0
        self._errors: Iterator[Exception] = iter(errors)

    def __call__(self) -> str:
        self.calls += 1
        error = next(self._errors, None)
        if error is not None:
            raise error
        return "content"


def test_a_failure_that_passes_is_read_again() -> None:
    read = Failing(OSError(5, "Input/output error"), StorageError("it ended after 3 of 9 bytes"))
    assert (read_again(read), read.calls) == ("content", 3)


def test_the_third_failure_is_raised() -> None:
    read = Failing(*(OSError(5, f"attempt {n}") for n in range(9)))
    with pytest.raises(OSError, match="attempt 2"):
        read_again(read)
    assert read.calls == 3


@pytest.mark.parametrize("error", [FileNotFoundError(2, "no"), PermissionError(13, "no")])
def test_what_does_not_pass_is_read_once(error: OSError) -> None:
    read = Failing(error)
    with pytest.raises(type(error)):
        read_again(read)
    assert read.calls == 1


def test_requests_that_were_repeated_are_not_repeated_once_more() -> None:
    """Of a remote file that fails for long, each request is made six times, not eighteen."""
    request = Failing(*(ConnectionResetError() for _ in range(99)))

    def read() -> str:
        try:
            return retried("s3://bucket/key", request)
        except OSError as error:
            raise StorageError("it cannot be opened") from error

    with pytest.raises(StorageError):
        read_again(read)
    assert request.calls == 6


def test_a_remote_file_whose_content_ends_early_is_read_again() -> None:
    contents = iter(["half", "whole"])

    def read() -> str:
        content = retried("s3://bucket/key", lambda: next(contents))
        if content == "half":
            raise StorageError("it ended after 4 of 5 bytes")
        return content

    assert read_again(read) == "whole"
