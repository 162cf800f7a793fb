"""Conditional writes for the servers of tests, as the services have them."""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest
from gcp_storage_emulator import server
from gcp_storage_emulator.exceptions import NotFound
from gcp_storage_emulator.handlers import objects
from moto.s3.responses import S3Response


@contextmanager
def atomic_s3() -> Iterator[None]:
    """Let moto's threads write one after the other: it checks conditions, and writes later."""
    writing = threading.RLock()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("put_object", "delete_object"):
            patch.setattr(S3Response, name, _one_at_a_time(getattr(S3Response, name), writing))
        yield


def _one_at_a_time(operation: Callable[..., Any], lock: threading.RLock) -> Callable[..., Any]:
    @functools.wraps(operation)
    def locked(*arguments: Any) -> Any:
        with lock:
            return operation(*arguments)

    return locked


@contextmanager
def gcs_with_generations() -> Iterator[None]:
    """Let the emulator of Cloud Storage, which has one thread, check `ifGenerationMatch`."""
    with pytest.MonkeyPatch.context() as patch:
        for _, methods in server.HANDLERS:
            for method, handler in methods.items():
                if handler in (objects.insert, objects.delete):
                    patch.setitem(methods, method, _checked(handler))
        yield


def _checked(handler: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(handler)
    def checked(request: Any, response: Any, storage: Any, *others: Any) -> Any:
        expected = request.query.get("ifGenerationMatch", [None])[0]
        if expected is not None and expected != _generation(request, storage):
            response.status = HTTPStatus.PRECONDITION_FAILED
            return None
        return handler(request, response, storage, *others)

    return checked


def _generation(request: Any, storage: Any) -> str:
    """Return the generation of the object of a request; 0 if it does not exist."""
    name = request.params.get("object_id") or request.data["meta"]["name"]
    try:
        return str(storage.get_file_obj(request.params["bucket_name"], name)["generation"])
    except NotFound:
        return "0"
