"""Conditional requests to S3 and to servers with its protocol."""

from typing import Any

from transforms.io.conditional.object_requests import Refusal, StoredObject
from transforms.io.retrying import may_pass
from transforms.io.uploading import s3_client

_BAD_REQUEST, _PRECONDITION_FAILED, _NOT_IMPLEMENTED = 400, 412, 501


class S3Requests:
    """The requests about one object of S3; see `ObjectRequests`."""

    always_conditional = False

    def __init__(self, path: str) -> None:
        self._client, bucket, key = s3_client(path)
        self._name = {"Bucket": bucket, "Key": key}

    def get(self) -> StoredObject | None:
        """Read the object."""
        try:
            answer = self._client.get_object(**self._name)
        except self._client.exceptions.NoSuchKey:
            return None
        return StoredObject(answer["Body"].read(), answer["ETag"])

    def put(self, content: bytes, version: str | None) -> str | Refusal:
        """Write the object under a condition."""
        condition = {"IfNoneMatch": "*"} if version is None else {"IfMatch": version}
        try:
            return str(self._client.put_object(**self._name, **condition, Body=content)["ETag"])
        except self._client.exceptions.ClientError as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            return refusal

    def delete(self, version: str | None) -> Refusal | None:
        """Delete the object under a condition."""
        condition = {} if version is None else {"IfMatch": version}
        try:
            self._client.delete_object(**self._name, **condition)
        except self._client.exceptions.ClientError as error:
            refusal = _refusal(error)
            if refusal is None:
                raise
            return refusal
        return None


def _refusal(error: Any) -> Refusal | None:
    """Return what an error says about the condition; None if it is about something else."""
    status = error.response["ResponseMetadata"]["HTTPStatusCode"]
    is_missing = error.response["Error"]["Code"] == "NoSuchKey"
    if status == _PRECONDITION_FAILED or is_missing:
        return Refusal.CHANGED
    if status == _NOT_IMPLEMENTED or (status == _BAD_REQUEST and not may_pass(error)):
        return Refusal.NO_CONDITIONS
    return None
