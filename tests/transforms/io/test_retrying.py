import http.client

import botocore.exceptions
import pytest
import requests
from apache_beam.io.aws.clients.s3.messages import S3ClientError
from apache_beam.io.filesystem import BeamIOError
from google.api_core import exceptions as google

from transforms.io import retrying
from transforms.io.retrying import may_pass, retried

PATH = "s3://bucket/key"


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr(retrying, "pause", made.append)
    return made


def of_boto(cause: Exception) -> Exception:
    """Return what Beam's client of S3 makes of an error without a status."""
    try:
        try:
            raise cause
        except Exception as error:
            raise S3ClientError(str(error), None)  # noqa: B904  (as Beam does)
    except S3ClientError as error:
        return error


def client_error(status: int, code: str) -> Exception:
    answer = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return botocore.exceptions.ClientError(answer, "PutObject")


PASSING = [
    S3ClientError("slow down", 503),
    S3ClientError("an error of one key", "InternalError"),
    of_boto(botocore.exceptions.ConnectionClosedError(endpoint_url="x")),
    of_boto(botocore.exceptions.IncompleteReadError(actual_bytes=1, expected_bytes=2)),
    client_error(500, "InternalError"),
    client_error(429, "TooManyRequests"),
    client_error(404, "NoSuchUpload"),
    client_error(409, "ConditionalRequestConflict"),
    client_error(200, "SlowDown"),
    google.ServiceUnavailable("later"),
    google.TooManyRequests("later"),
    requests.ConnectionError(),
    requests.exceptions.ChunkedEncodingError(),
    http.client.IncompleteRead(b""),
    ConnectionResetError(),
    EOFError("it ended after 1 of 2 bytes"),
    BeamIOError("Delete operation failed", {"a": S3ClientError("x", 500), "b": 503}),
    BeamIOError("Match failed", {"a": BeamIOError("List failed", {"a": S3ClientError("x", 500)})}),
]
LASTING = [
    S3ClientError("Forbidden", 403),
    S3ClientError("Not Found", 404),
    of_boto(botocore.exceptions.NoCredentialsError()),
    client_error(404, "NoSuchKey"),
    client_error(403, "AccessDenied"),
    google.Forbidden("no"),
    google.NotFound("no"),
    FileNotFoundError(2, "Not found"),
    PermissionError(13, "no"),
    OSError(28, "No space left on device"),
    ValueError("a bug"),
    BeamIOError("Delete operation failed", {"a": S3ClientError("x", 500), "b": 403}),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_may_pass_is_tried_again(error: Exception, pauses: list[float]) -> None:
    errors = [error, error]

    def operation() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert may_pass(error)
    assert retried(PATH, operation) == "done"
    assert len(pauses) == 2


@pytest.mark.parametrize("error", LASTING, ids=repr)
def test_what_lasts_is_told_at_once(error: Exception, pauses: list[float]) -> None:
    def operation() -> None:
        raise error

    assert not may_pass(error)
    with pytest.raises(OSError, match=f"^{PATH}: .") as raised:
        retried(PATH, operation)
    assert not pauses
    assert len(str(raised.value).splitlines()) == 1


def test_pauses_grow_and_end(pauses: list[float]) -> None:
    def operation() -> None:
        raise BeamIOError("Delete operation failed", {PATH: S3ClientError("(503) Slow Down", 503)})

    with pytest.raises(OSError, match=rf"^{PATH}: \(503\) Slow Down$"):
        retried(PATH, operation)
    assert len(pauses) == 5
    assert all(2**n / 4 <= pause <= 2**n / 2 for n, pause in enumerate(pauses))


def test_a_client_that_waited_for_long_is_not_asked_again(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([0.0, 61.0])
    monkeypatch.setattr(retrying.time, "monotonic", lambda: next(clock))

    def operation() -> None:
        raise S3ClientError("Slow Down", 503)

    with pytest.raises(OSError, match="Slow Down"):
        retried(PATH, operation)
    assert not pauses


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (S3ClientError("Not Found", 404), FileNotFoundError, "Not Found"),
        (S3ClientError("Forbidden", 403), PermissionError, "Forbidden"),
        (BeamIOError("Rename", {("a", "b"): 503}), OSError, "503 Service Unavailable"),
        (KeyError("KeyCount"), OSError, "'KeyCount'"),
    ],
)
def test_the_kind_of_an_error_stays(error: Exception, kind: type[OSError], reason: str) -> None:
    def operation() -> None:
        raise error

    with pytest.raises(kind, match=f"^{PATH}: .*{reason}$"):
        retried(PATH, operation)


def test_local_errors_are_those_of_the_system(pauses: list[float]) -> None:
    def operation() -> None:
        raise ConnectionResetError("local")

    with pytest.raises(ConnectionResetError, match=r"^local$"):
        retried("/some/file", operation)
    assert not pauses
