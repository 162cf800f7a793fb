"""Conditional writes of S3 and Cloud Storage, over sound and over disturbed connections."""

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.pipeline import object_stores
from transforms.io import retrying
from transforms.io.conditional import conditional_object, s3_requests
from transforms.io.conditional.conditional_object import ConditionalObject, NoConditionsError
from transforms.io.conditional.object_requests import Refusal

THREADS, APPENDS = 4, 6


@pytest.fixture(scope="module", params=object_stores.STORES)
def store(request: pytest.FixtureRequest) -> Iterator[object_stores.Store]:
    with object_stores.without_waiting(request.param) as store:
        yield store


def open_new(store: object_stores.Store) -> ConditionalObject:
    return conditional_object.open_object(f"{store.url}/folder/{uuid.uuid4().hex} x")


def test_an_object_is_written_and_deleted_only_as_it_was_seen(store: object_stores.Store) -> None:
    store.proxy.restart(0.0, seed=0)
    stored = open_new(store)
    assert stored.read() is None
    assert stored.write(b"none", "17") is None
    first = stored.write(b"one", None)
    assert first
    assert stored.read() == (b"one", first)
    assert stored.write(b"two", None) is None
    second = stored.write(b"two", first)
    assert second not in (None, first)
    assert stored.write(b"three", first) is None
    stored.delete(first)
    assert conditional_object.requests_for(stored.path).delete(first) is Refusal.CHANGED
    assert stored.read() == (b"two", second)
    assert stored.refuses_other_versions()
    assert stored.read() == (b"two", second)
    stored.delete(second)
    stored.delete(second)
    assert stored.read() is None
    assert stored.write(b"one", second) is None
    assert stored.write(b"four", None)


def test_threads_that_append_lose_nothing_over_disturbed_connections(
    store: object_stores.Store,
) -> None:
    store.proxy.restart(0.2, seed=3)
    path = open_new(store).path

    def append(number: int) -> None:
        stored = conditional_object.open_object(path)
        for token in (f"{number}.{n}" for n in range(APPENDS)):
            written = False
            while not written:
                before = stored.read()
                tokens = before.content.decode().split() if before else []
                # An earlier attempt may have been executed, and its answer lost.
                written = token in tokens or bool(
                    stored.write(" ".join([*tokens, token]).encode(), before and before.version)
                )

    threads = [threading.Thread(target=append, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.proxy.share = 0.0
    stored = conditional_object.open_object(path).read()
    assert stored is not None
    tokens = stored.content.decode().split()
    assert sorted(tokens) == sorted(f"{n}.{m}" for n in range(THREADS) for m in range(APPENDS))
    assert len(store.proxy.faults) > 3


def test_what_cannot_be_asked_names_the_object(store: object_stores.Store) -> None:
    stored = conditional_object.open_object(f"{store.url}-that-is-not-there/lock")
    with pytest.raises(FileNotFoundError, match=f"^{store.url}-that-is-not-there/lock: "):
        stored.write(b"", None)


class Server:
    """A client of S3 whose server has one object, and checks what the test says."""

    exceptions = type("Exceptions", (), {"ClientError": ClientError, "NoSuchKey": KeyError})

    def __init__(self, answer: Callable[[str, dict[str, str]], int]) -> None:
        self._answer = answer
        self.content: bytes | None = None

    def get_object(self, **_: str) -> dict[str, Any]:
        if self.content is None:
            raise KeyError
        body = type("Body", (), {"read": lambda _: self.content})()
        return {"Body": body, "ETag": f'"{self.content!r}"'}

    def put_object(self, Body: bytes, **named: str) -> dict[str, str]:  # noqa: N803
        self._check("put", named)
        self.content = Body
        return {"ETag": f'"{Body!r}"'}

    def delete_object(self, **named: str) -> None:
        self._check("delete", named)
        self.content = None

    def _check(self, operation: str, named: dict[str, str]) -> None:
        status = self._answer(operation, named)
        if status != 200:
            answer = {"Error": {"Code": "x"}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(answer, operation)


def served(
    patch: pytest.MonkeyPatch, answer: Callable[[str, dict[str, str]], int]
) -> tuple[ConditionalObject, Server]:
    server = Server(answer)
    patch.setattr(s3_requests, "s3_client", lambda _: (server, "bucket", "lock"))
    patch.setattr(retrying, "pause", lambda _: None)
    return conditional_object.open_object("s3://bucket/lock"), server


@pytest.mark.parametrize("status", [400, 501])
def test_a_server_that_knows_no_conditions_says_so(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, server = served(monkeypatch, lambda *_: status)
    for version in (None, "1"):
        with pytest.raises(NoConditionsError):
            stored.write(b"x", version)
    assert server.content is None


@pytest.mark.parametrize("known", [(), ("IfNoneMatch",), ("IfMatch",)])
def test_a_server_that_ignores_a_condition_is_found_out(
    known: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_: str, named: dict[str, str]) -> int:
        return 412 if server.content and named.keys() & set(known) else 200

    stored, server = served(monkeypatch, answer)
    assert stored.write(b"x", None)
    assert not stored.refuses_other_versions()


@pytest.mark.parametrize("status", [200, 400, 501])
def test_a_server_without_conditions_for_deletions_deletes_what_was_seen(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(operation: str, named: dict[str, str]) -> int:
        return status if operation == "delete" and "IfMatch" in named else 200

    stored, server = served(monkeypatch, answer)
    first = stored.write(b"x", None)
    assert first
    second = stored.write(b"y", first)
    assert second
    stored.delete(first)
    assert server.content == b"y"
    stored.delete(second)
    assert server.content is None


def test_other_errors_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    stored, _ = served(monkeypatch, lambda *_: 403)
    with pytest.raises(PermissionError, match=r"^s3://bucket/lock: "):
        stored.write(b"x", None)
    with pytest.raises(PermissionError, match=r"^s3://bucket/lock: "):
        stored.refuses_other_versions()
