"""Servers of object stores on this machine, with a proxy before them that disturbs requests."""

import contextlib
import functools
import logging
import time
import types
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.endpoint
import pytest
from apache_beam.internal.gcp import auth
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.utils import retry as beam_retry
from gcp_storage_emulator.server import create_server
from google.api_core.retry import retry_base, retry_unary
from google.cloud import storage as cloud_storage
from moto.server import ThreadedMotoServer

from tests import faulty_proxy
from tests.deploy.clusters import free_ports
from tests.pipeline import conditional_servers
from transforms.io import retrying


@contextlib.contextmanager
def s3() -> Iterator[tuple[str, int]]:
    """Start a server of S3, and yield its address; set credentials, but no endpoint."""
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    with conditional_servers.atomic_s3(), pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        # Beam makes a client for every operation, which takes ten times as long as that.
        made = types.SimpleNamespace(client=functools.cache(boto3.session.Session().client))
        patch.setattr(boto3.session, "Session", lambda: made)
        yield moto.get_host_and_port()
    moto.stop()


class _Clock:
    """The time, in which all pauses count although nobody waits: deadlines come as they do."""

    def __init__(self) -> None:
        self._paused = 0.0

    def sleep(self, seconds: float) -> None:
        self._paused += seconds

    def monotonic(self) -> float:
        return time.monotonic() + self._paused


def without_pauses(patch: pytest.MonkeyPatch) -> None:
    """Let all clients repeat requests without waiting before."""
    clock = _Clock()
    patch.setattr(beam_retry.Clock, "sleep", lambda _, seconds: clock.sleep(seconds))
    for module in (botocore.endpoint, retry_base, retry_unary, retrying):
        faked = {**vars(time), "sleep": clock.sleep, "monotonic": clock.monotonic}
        patch.setattr(module, "time", types.SimpleNamespace(**faked))


class Store:
    """A bucket of an object store that Beam reaches through a proxy, and a test directly.

    Attributes:
        url: of the bucket.
        proxy: its faults.
    """

    url: str
    proxy: faulty_proxy.FaultyProxy

    def upload(self, name: str, content: bytes) -> None:
        """Write an object."""
        raise NotImplementedError

    def objects(self, folder: str) -> dict[str, bytes]:
        """Read all objects of a folder, by their names in it."""
        raise NotImplementedError

    def unfinished(self) -> list[str]:
        """Name the objects whose uploads are not finished."""
        raise NotImplementedError


class S3Store(Store):
    url = "s3://bucket"

    def __init__(self, proxy: faulty_proxy.FaultyProxy, client: Any) -> None:
        self.proxy, self._client = proxy, client
        client.create_bucket(Bucket="bucket")

    def upload(self, name: str, content: bytes) -> None:
        self._client.put_object(Bucket="bucket", Key=name, Body=content)

    def objects(self, folder: str) -> dict[str, bytes]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket="bucket", Prefix=f"{folder}/"
        )
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        bodies = (self._client.get_object(Bucket="bucket", Key=key)["Body"].read() for key in keys)
        return {
            key.removeprefix(f"{folder}/"): body for key, body in zip(keys, bodies, strict=True)
        }

    def unfinished(self) -> list[str]:
        uploads = self._client.list_multipart_uploads(Bucket="bucket").get("Uploads", [])
        return [upload["Key"] for upload in uploads]


class GcsStore(Store):
    url = "gs://bucket"

    def __init__(self, proxy: faulty_proxy.FaultyProxy, client: cloud_storage.Client) -> None:
        self.proxy, self._bucket = proxy, client.bucket("bucket")

    def upload(self, name: str, content: bytes) -> None:
        self._bucket.blob(name).upload_from_string(content)

    def objects(self, folder: str) -> dict[str, bytes]:
        blobs = self._bucket.list_blobs(prefix=f"{folder}/")
        return {blob.name.removeprefix(f"{folder}/"): blob.download_as_bytes() for blob in blobs}

    def unfinished(self) -> list[str]:
        return []


@contextlib.contextmanager
def disturbed_s3() -> Iterator[Store]:
    """Start a server of S3 behind a proxy; what Beam and boto find in the environment is it."""
    with s3() as address, faulty_proxy.before(*address) as proxy:
        direct = boto3.client("s3", endpoint_url=f"http://{address[0]}:{address[1]}")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.server_port}")
            yield S3Store(proxy, direct)


@contextlib.contextmanager
def disturbed_gcs() -> Iterator[Store]:
    """Start an emulator of Cloud Storage behind a proxy; Google's clients use it anonymously."""
    (port,) = free_ports(1)
    logging.getLogger("gcp_storage_emulator").setLevel(logging.CRITICAL)
    with (
        conditional_servers.gcs_with_generations(),
        create_server("127.0.0.1", port, in_memory=True, default_bucket="bucket"),
        faulty_proxy.before("127.0.0.1", port) as proxy,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{port}")
        direct = cloud_storage.Client.create_anonymous_client()
        patch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{proxy.server_port}")
        patch.setattr(auth._Credentials, "_credentials_init", True)
        patch.setattr(auth._Credentials, "_credentials", None)
        yield GcsStore(proxy, direct)
    FileSystems._pipeline_options = None


STORES: dict[str, Callable[[], contextlib.AbstractContextManager[Store]]] = {
    "s3": disturbed_s3,
    "gs": disturbed_gcs,
}


@contextlib.contextmanager
def without_waiting(name: str) -> Iterator[Store]:
    """Run a store of `STORES` while the block runs; clients that repeat requests do not wait."""
    with STORES[name]() as store, pytest.MonkeyPatch.context() as patch:
        without_pauses(patch)
        patch.setattr(FileSystems, "_pipeline_options", PipelineOptions([]))
        yield store
