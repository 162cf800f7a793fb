"""Write files of object stores in one step, by their own clients with Beam's settings.

An object exists when its upload is complete, and not before. So it needs no temporary name; and
since the whole content is at hand before the upload begins, an error while it is made uploads
nothing, and an upload that fails can begin again.
"""

import contextlib
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, cast

from transforms.io.retrying import retried

# Content of this size waits in memory for its upload, more on the local disk.
_IN_MEMORY = 16 << 20
# Larger files are uploaded to S3 in several requests.
_ONE_REQUEST = 64 << 20
_CONTENT_TYPE = "application/octet-stream"


def is_object_store(path: str) -> bool:
    """Whether `whole_object` can write to a path."""
    return path.partition("://")[0] in _UPLOADS


@contextlib.contextmanager
def whole_object(path: str) -> Iterator[BinaryIO]:
    """Yield a stream whose bytes are the content of an object, which is written at the end.

    Raises:
        OSError: the object cannot be written, or the local disk is full.
    """
    upload = _UPLOADS[path.partition("://")[0]]
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as spooled:
        yield cast(BinaryIO, _NamedDisk(spooled))
        size = spooled.tell()
        retried(path, lambda: upload(path, spooled, size))


class _NamedDisk:
    """Forwards writes to a temporary file; errors name its folder: it is not the output's disk."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise OSError(
                error.errno, os.strerror(error.errno or 0), tempfile.gettempdir()
            ) from error


class _Unclosed(io.RawIOBase):
    """Reads a file and leaves it open; S3's client closes what it has read."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._file.seek(offset, whence)
        return self.tell()

    def tell(self) -> int:
        return int(self._file.tell())


def _options(path: str) -> Any:
    """Return the options of Beam that the file system of a path uses."""
    from apache_beam.io.filesystems import FileSystems

    system = vars(FileSystems.get_filesystem(path))
    return system.get("_options") or system.get("_pipeline_options")


def s3_client(path: str) -> tuple[Any, str, str]:
    """Return boto3's client of S3 with Beam's settings, and bucket and key of a path."""
    from apache_beam.io.aws import s3io

    return s3io.S3IO(options=_options(path)).client.client, *s3io.parse_s3_path(path)


def _to_s3(path: str, file: Any, _: int) -> None:
    from boto3.s3.transfer import TransferConfig

    client, bucket, key = s3_client(path)
    file.seek(0)
    client.upload_fileobj(
        io.BufferedReader(_Unclosed(file)),
        *(bucket, key),
        ExtraArgs={"ContentType": _CONTENT_TYPE},
        Config=TransferConfig(multipart_threshold=_ONE_REQUEST, use_threads=False),
    )


def gcs_client(path: str) -> tuple[Any, str, str]:
    """Return Google's client of Cloud Storage as Beam makes it, and bucket and name of a path."""
    from apache_beam.io.gcp import gcsio

    client = gcsio.GcsIO(pipeline_options=_options(path)).client
    return client, *gcsio.parse_gcs_path(path)


def _to_gcs(path: str, file: Any, size: int) -> None:
    from google.cloud.storage.retry import DEFAULT_RETRY

    client, bucket, name = gcs_client(path)
    client.bucket(bucket).blob(name).upload_from_file(
        file, rewind=True, size=size, content_type=_CONTENT_TYPE, retry=DEFAULT_RETRY
    )


_UPLOADS: dict[str, Callable[[str, Any, int], None]] = {"gs": _to_gcs, "s3": _to_s3}


def abort_unfinished(folder: str) -> None:
    """Abort the uploads that a killed job, or a lost answer, left unfinished in a folder of S3.

    They are in no listing, but are paid for. A store that refuses this keeps them.
    """
    if folder.startswith("s3://"):
        with contextlib.suppress(OSError):
            retried(folder, lambda: _abort_unfinished(folder))


def _abort_unfinished(folder: str) -> None:
    client, bucket, prefix = s3_client(f"{folder.rstrip('/')}/x")
    prefix = prefix.removesuffix("x")
    for page in client.get_paginator("list_multipart_uploads").paginate(
        Bucket=bucket, Prefix=prefix
    ):
        for upload in page.get("Uploads", ()):
            names = {"Key": upload["Key"], "UploadId": upload["UploadId"]}
            client.abort_multipart_upload(Bucket=bucket, **names)
