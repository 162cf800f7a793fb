"""Conditional requests to Cloud Storage, where each write makes a new generation of an object."""

from transforms.io.conditional.object_requests import Refusal, StoredObject
from transforms.io.uploading import gcs_client

# The generation of an object that does not exist.
_NONE = 0


class GcsRequests:
    """The requests about one object of Cloud Storage; see `ObjectRequests`."""

    always_conditional = True

    def __init__(self, path: str) -> None:
        from google.api_core import exceptions

        client, bucket, self._name = gcs_client(path)
        self._bucket = client.bucket(bucket)
        self._changed = (exceptions.PreconditionFailed, exceptions.NotFound)

    def get(self) -> StoredObject | None:
        """Read the object."""
        blob = self._bucket.get_blob(self._name)
        if blob is None:
            return None
        generation = blob.generation
        try:
            content = blob.download_as_bytes(if_generation_match=generation)
        except self._changed:
            return self.get()
        return StoredObject(content, str(generation))

    def put(self, content: bytes, version: str | None) -> str | Refusal:
        """Write the object under a condition."""
        blob = self._bucket.blob(self._name)
        generation = _NONE if version is None else int(version)
        try:
            blob.upload_from_string(content, if_generation_match=generation)
        except self._changed[0]:
            return Refusal.CHANGED
        return str(blob.generation)

    def delete(self, version: str | None) -> Refusal | None:
        """Delete the object under a condition."""
        generation = None if version is None else int(version)
        try:
            self._bucket.blob(self._name).delete(if_generation_match=generation)
        except self._changed:
            return Refusal.CHANGED
        return None
