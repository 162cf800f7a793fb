import tempfile
from collections.abc import Iterator
from typing import Any

import boto3
import moto
import pytest
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from botocore.exceptions import ClientError, ConnectionClosedError

from transforms.io import retrying, storage, uploading

FOLDER = "s3://bucket/a job"


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch, moto.mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "nobody")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
        patch.setattr(FileSystems, "_pipeline_options", PipelineOptions([]))
        patch.setattr(retrying, "pause", lambda _: None)
        s3 = boto3.client("s3", region_name="us-east-1")
        patch.setattr(uploading, "s3_client", lambda path: (s3, *path[5:].split("/", 1)))
        yield s3


@pytest.fixture
def client(server: Any) -> Iterator[Any]:
    """A client that has one empty bucket."""
    server.create_bucket(Bucket="bucket")
    yield server
    for upload in server.list_multipart_uploads(Bucket="bucket").get("Uploads", []):
        server.abort_multipart_upload(
            Bucket="bucket", Key=upload["Key"], UploadId=upload["UploadId"]
        )
    for key in keys(server):
        server.delete_object(Bucket="bucket", Key=key)
    server.delete_bucket(Bucket="bucket")


def keys(client: Any) -> list[str]:
    return [item["Key"] for item in client.list_objects_v2(Bucket="bucket").get("Contents", [])]


def unfinished(client: Any) -> list[str]:
    uploads = client.list_multipart_uploads(Bucket="bucket").get("Uploads", [])
    return [upload["Key"] for upload in uploads]


def body(client: Any, key: str) -> bytes:
    return client.get_object(Bucket="bucket", Key=key)["Body"].read()


def test_an_object_has_its_name_at_once_and_no_other(client: Any) -> None:
    with storage.atomic_write(FOLDER, "pooled/x") as file:
        file.write(b"con")
        file.write(b"tent")
        assert not keys(client)
    assert keys(client) == ["a job/pooled/x"]
    assert body(client, "a job/pooled/x") == b"content"
    storage.write_bytes(FOLDER, "pooled/x", b"")
    assert body(client, "a job/pooled/x") == b""


@pytest.mark.parametrize("error", [OSError("broken off"), KeyboardInterrupt()])
def test_an_error_while_the_content_is_made_uploads_nothing(
    client: Any, error: BaseException
) -> None:
    def broken_off() -> None:
        with storage.atomic_write(FOLDER, "pooled/x") as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        broken_off()
    assert not keys(client) + unfinished(client)


def failing(client: Any, monkeypatch: pytest.MonkeyPatch, name: str, error: Exception) -> list[int]:
    """Let an operation be done two times without an answer, and then as ever."""
    calls: list[int] = []
    operation = getattr(client, name)

    def lose_answer(**arguments: Any) -> Any:
        calls.append(1)
        answer = operation(**arguments)
        if len(calls) < 3:
            raise error
        return answer

    monkeypatch.setattr(client, name, lose_answer)
    return calls


def test_an_upload_whose_answer_is_lost_begins_again_with_the_whole_content(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = ConnectionClosedError(endpoint_url="x")
    calls = failing(client, monkeypatch, "put_object", lost)
    storage.write_bytes(FOLDER, "receipts/x", b"content")
    assert len(calls) == 3
    assert body(client, "a job/receipts/x") == b"content"


def test_a_large_object_is_whole_or_does_not_exist(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploading, "_ONE_REQUEST", 6 << 20)
    monkeypatch.setattr(uploading, "_IN_MEMORY", 1 << 20)
    content = bytes(range(256)) * (9 << 12)
    answer = {"Error": {"Code": "NoSuchUpload"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
    gone = ClientError(answer, "CompleteMultipartUpload")
    calls = failing(client, monkeypatch, "complete_multipart_upload", gone)
    storage.write_bytes(FOLDER, "pooled/x", content)
    assert len(calls) == 3
    assert body(client, "a job/pooled/x") == content
    refused = ClientError({"ResponseMetadata": {"HTTPStatusCode": 403}}, "UploadPart")
    failing(client, monkeypatch, "upload_part", refused)
    with pytest.raises(PermissionError, match=r"^s3://bucket/a job/pooled/y: .*UploadPart"):
        storage.write_bytes(FOLDER, "pooled/y", content)
    assert keys(client) == ["a job/pooled/x"]
    assert not unfinished(client)


def test_unfinished_uploads_of_a_folder_are_aborted_and_no_others(client: Any) -> None:
    for key in ("a job/pooled/x", "a job 2/pooled/x", "other"):
        client.create_multipart_upload(Bucket="bucket", Key=key)
    uploading.abort_unfinished(FOLDER)
    assert unfinished(client) == ["a job 2/pooled/x", "other"]
    client.create_multipart_upload(Bucket="bucket", Key="a job/pooled/x")
    uploading.abort_unfinished("s3://nowhere/folder")
    uploading.abort_unfinished("/some/folder")


def test_a_full_local_disk_is_named() -> None:
    class Full:
        def write(self, _: bytes) -> None:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match=f"No space left on device.*{tempfile.gettempdir()}"):
        uploading._NamedDisk(Full()).write(b"x")
