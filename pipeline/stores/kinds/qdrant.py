"""Qdrant (https://qdrant.tech): collections of a server, or of a folder by its local mode."""

import os
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from pipeline.stores.json_values import not_json, to_json_values
from pipeline.stores.row_spec import PART, RowSpec
from pipeline.stores.store_address import COSINE, DOT, L2, StoreAddress
from pipeline.stores.store_kind import Problem, StoreKind
from transforms.documents import ID
from transforms.features import FLOAT16, FLOAT32

if TYPE_CHECKING:
    from qdrant_client import QdrantClient
    from qdrant_client.models import VectorParams

# A point's id is the UUID of its document's id in this namespace.
NAMESPACE = uuid.UUID("6f9f2a5e-5e0c-5d0f-9a43-0d1f2b6c7e11")
# A request has at most 32 MiB, and writes a float in up to 20 characters.
_BATCH_BYTES = 2 << 20
_PARTS_AT_ONCE = 1_000
_HTTP, _HTTPS, _LOCAL = "qdrant+http", "qdrant+https", "qdrant"
_KEY_VARIABLE = "QDRANT_API_KEY"


class QdrantCollection:
    """A collection whose points have the UUIDs of ids."""

    def __init__(self, client: "QdrantClient", name: str, spec: RowSpec) -> None:
        from qdrant_client import models

        self._client = client
        self._name = name
        self._spec = spec
        if client.collection_exists(name):
            self._check()
        else:
            client.create_collection(name, vectors_config=self._params())
        # Counting parts needs it. An index that exists stays.
        client.create_payload_index(name, PART, models.PayloadSchemaType.KEYWORD)

    def _params(self) -> "VectorParams":
        from qdrant_client import models

        distances = {
            COSINE: models.Distance.COSINE,
            DOT: models.Distance.DOT,
            L2: models.Distance.EUCLID,
        }
        types = {FLOAT32: models.Datatype.FLOAT32, FLOAT16: models.Datatype.FLOAT16}
        return models.VectorParams(
            size=self._spec.width,
            distance=distances[self._spec.metric],
            datatype=types[self._spec.dtype],
        )

    def _check(self) -> None:
        found = self._client.get_collection(self._name).config.params.vectors
        wanted = self._params()
        for name in ("size", "distance", "datatype"):
            value = getattr(found, name, None)
            if value != getattr(wanted, name) and not (name == "datatype" and value is None):
                raise ValueError(
                    f"the collection {self._name} exists, and the {name} of its vectors is "
                    f"{value}, not {getattr(wanted, name)}: name another collection"
                )

    def rows_by_part(self, parts: Collection[str]) -> Mapping[str, int]:
        """Count the points of each part, and those of all others under an empty name."""
        counts: dict[str, int] = {}
        names = list(parts)
        for first in range(0, len(names), _PARTS_AT_ONCE):
            counts |= self._count(names[first : first + _PARTS_AT_ONCE])
        others = self._client.count(self._name, exact=True).count - sum(counts.values())
        return counts | ({"": others} if others else {})

    def _count(self, parts: list[str]) -> dict[str, int]:
        from qdrant_client import models

        of_parts = models.FieldCondition(key=PART, match=models.MatchAny(any=parts))
        hits = self._client.facet(
            self._name,
            PART,
            facet_filter=models.Filter(must=[of_parts]),
            limit=len(parts),
            exact=True,
        ).hits
        return {str(hit.value): hit.count for hit in hits}

    def problems(self, rows: pa.RecordBatch) -> Iterator[Problem]:
        """Yield rows with a number that JSON does not have."""
        return not_json(rows, self._spec.fields)

    def write(self, rows: pa.RecordBatch) -> None:
        """Write points; the client takes a payload for each."""
        from qdrant_client import models

        names = [name for name in rows.schema.names if name != self._spec.vector]
        columns = [to_json_values(rows.column(name)) for name in names]
        payloads = [
            {name: value for name, value in zip(names, row, strict=True) if value is not None}
            for row in zip(*columns, strict=True)
        ]
        values = rows.column(self._spec.vector).flatten().to_numpy().astype(np.float32)
        points = models.Batch(
            ids=_points_of(rows),
            vectors=values.reshape(rows.num_rows, -1).tolist(),
            payloads=payloads,
        )
        self._client.upsert(self._name, points, wait=True)

    def move(self, rows: pa.RecordBatch) -> None:
        """Set the names of parts in payloads, part by part."""
        points = np.array(_points_of(rows))
        parts = rows.column(PART).dictionary_encode()
        for code, part in enumerate(parts.dictionary.to_pylist()):
            chosen = points[parts.indices.to_numpy() == code].tolist()
            self._client.set_payload(self._name, {PART: part}, points=chosen, wait=True)

    def delete(self, parts: Sequence[str]) -> None:
        """Delete the points of parts."""
        from qdrant_client import models

        for first in range(0, len(parts), _PARTS_AT_ONCE):
            chosen = models.MatchAny(any=list(parts[first : first + _PARTS_AT_ONCE]))
            of_parts = models.Filter(must=[models.FieldCondition(key=PART, match=chosen)])
            selector = models.FilterSelector(filter=of_parts)
            self._client.delete(self._name, points_selector=selector, wait=True)

    def finish(self) -> None:
        """Do nothing: each request waits until its points last."""

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _points_of(rows: pa.RecordBatch) -> list[int | str | uuid.UUID]:
    """Return the ids of the points of rows."""
    return [str(uuid.uuid5(NAMESPACE, id_)) for id_ in rows.column(ID).to_pylist()]


class Qdrant(StoreKind):
    """Collections of Qdrant."""

    schemes = (_LOCAL, _HTTP, _HTTPS)
    example = "qdrant+http://localhost:6333?collection=articles"
    extra = "qdrant"
    packages = ("qdrant_client",)
    parameters = frozenset({"api_key"})
    widths = dict.fromkeys((FLOAT32, FLOAT16), 65_536)
    batch_bytes = _BATCH_BYTES

    def errors(self) -> tuple[type[Exception], ...]:
        """Return the errors of requests, and those of the local mode."""
        from qdrant_client.http.exceptions import ApiException

        return (ApiException, RuntimeError, OSError, ValueError)

    def connect(self, address: StoreAddress, spec: RowSpec) -> QdrantCollection:
        """Open the collection, or make it."""
        from qdrant_client import QdrantClient

        if address.scheme == _LOCAL:
            client = QdrantClient(path=address.path)
        else:
            url = f"{address.scheme.partition('+')[2]}:{address.place}"
            key = address.parameters.get("api_key") or os.environ.get(_KEY_VARIABLE)
            client = QdrantClient(url=url, api_key=key, check_compatibility=False)
        try:
            return QdrantCollection(client, address.name, spec)
        except BaseException:
            client.close()
            raise


STORE = Qdrant()
