"""Milvus (https://milvus.io): collections of a server, or of a file by Milvus Lite."""

import json
import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.stores.json_values import not_json, to_json_text, to_json_values
from pipeline.stores.row_spec import PART, RowSpec
from pipeline.stores.store_address import COSINE, DOT, L2, StoreAddress
from pipeline.stores.store_kind import Problem, StoreKind
from transforms.documents import ID
from transforms.features import FLOAT32

if TYPE_CHECKING:
    from pymilvus import MilvusClient

# A request has at most 64 MiB.
_BATCH_BYTES = 8 << 20
_PARTS_AT_ONCE = 1_000
_MOST_TEXT_BYTES = 65_535
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_METRICS = {COSINE: "COSINE", DOT: "IP", L2: "L2"}
_HTTP, _HTTPS, _LITE = "milvus+http", "milvus+https", "milvus"
_TOKEN_VARIABLE = "MILVUS_TOKEN"  # noqa: S105


class MilvusCollection:
    """A collection whose key is `id`."""

    def __init__(self, client: "MilvusClient", name: str, spec: RowSpec) -> None:
        self._client = client
        self._name = name
        self._spec = spec
        if client.has_collection(name):
            self._check()
        else:
            self._make()
        client.load_collection(name)

    def _make(self) -> None:
        schema = self._client.create_schema(auto_id=False, enable_dynamic_field=False)
        for field in self._spec.schema:
            schema.add_field(field.name, **_declared(field))
        indexes = self._client.prepare_index_params()
        metric = _METRICS[self._spec.metric]
        indexes.add_index(self._spec.vector, index_type="AUTOINDEX", metric_type=metric)
        self._client.create_collection(
            self._name, schema=schema, index_params=indexes, consistency_level="Strong"
        )

    def _check(self) -> None:
        fields = self._client.describe_collection(self._name)["fields"]
        found = {one["name"]: (one["type"], one["params"].get("dim")) for one in fields}
        for field in self._spec.schema:
            declared = _declared(field)
            if found.get(field.name) != (declared["datatype"], declared.get("dim")):
                raise ValueError(
                    f"the collection {self._name} exists, and its field {field.name} is missing "
                    "or has another type: name another collection"
                )
        index = self._client.describe_index(self._name, self._spec.vector)
        metric = _METRICS[self._spec.metric]
        if index and index["metric_type"] != metric:
            raise ValueError(
                f"the collection {self._name} exists, and compares vectors by "
                f"{index['metric_type']}, not {metric}: name another collection"
            )

    def rows_by_part(self, parts: Collection[str]) -> Mapping[str, int]:
        """Count the rows of each part, and those of all others under an empty name.

        An iterator over all rows would fail: the client quotes no id in the filters that it makes.
        """
        counts = {part: self._count(f"{PART} == {json.dumps(part)}") for part in parts}
        others = self._count("") - sum(counts.values())
        return counts | ({"": others} if others else {})

    def _count(self, condition: str) -> int:
        rows = self._client.query(
            self._name,
            filter=condition,
            output_fields=["count(*)"],
            consistency_level="Strong",
        )
        return int(rows[0]["count(*)"])

    def problems(self, rows: pa.RecordBatch) -> Iterator[Problem]:
        """Yield rows with a text that is too long, and with lists that JSON does not have."""
        for field in rows.schema:
            column = _as_text(rows.column(field.name))
            if isinstance(column, pa.StringArray):
                sizes = pc.fill_null(pc.binary_length(column), 0)
                mask = pc.greater(sizes, _MOST_TEXT_BYTES).to_numpy(zero_copy_only=False)
                yield mask, f"{field.name} has over {_MOST_TEXT_BYTES:,} bytes"
        yield from not_json(rows, (one for one in self._spec.fields if pa.types.is_list(one.type)))

    def write(self, rows: pa.RecordBatch) -> None:
        """Write rows; the client takes a dictionary for each."""
        values = rows.column(self._spec.vector).flatten().to_numpy().reshape(rows.num_rows, -1)
        columns = {
            name: list(values)
            if name == self._spec.vector
            else _as_text(rows.column(name)).to_pylist()
            for name in rows.schema.names
        }
        records = [
            dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
        ]
        self._client.upsert(self._name, records)

    def move(self, rows: pa.RecordBatch) -> None:
        """Write the names of parts alone."""
        self._client.upsert(self._name, rows.to_pylist(), partial_update=True)

    def delete(self, parts: Sequence[str]) -> None:
        """Delete the rows of parts."""
        for first in range(0, len(parts), _PARTS_AT_ONCE):
            chosen = json.dumps(list(parts[first : first + _PARTS_AT_ONCE]))
            self._client.delete(self._name, filter=f"{PART} in {chosen}")

    def finish(self) -> None:
        """Make the rows last."""
        self._client.flush(self._name)

    def close(self) -> None:
        """Close the connection."""
        self._client.close()


def _as_text(column: pa.Array) -> pa.Array:
    """Return a column of what is neither a number nor a vector as text."""
    if pa.types.is_list(column.type):
        return pa.array(to_json_text(column), pa.string())
    is_text = pa.types.is_binary(column.type) or pa.types.is_temporal(column.type)
    return pa.array(to_json_values(column), pa.string()) if is_text else column


def _declared(field: pa.Field) -> dict[str, Any]:
    """Return the keywords that declare a field."""
    from pymilvus import DataType

    if pa.types.is_fixed_size_list(field.type):
        return {"datatype": DataType.FLOAT_VECTOR, "dim": field.type.list_size}
    scalars = {
        pa.int64(): DataType.INT64,
        pa.float64(): DataType.DOUBLE,
        pa.float32(): DataType.FLOAT,
        pa.bool_(): DataType.BOOL,
    }
    if field.type in scalars:
        return {"datatype": scalars[field.type], "nullable": True}
    text = {"datatype": DataType.VARCHAR, "max_length": _MOST_TEXT_BYTES}
    return text | ({"is_primary": True} if field.name == ID else {"nullable": field.nullable})


class Milvus(StoreKind):
    """Collections of Milvus."""

    schemes = (_LITE, _HTTP, _HTTPS)
    example = "milvus:articles.db?collection=articles"
    extra = "milvus"
    packages = ("pymilvus",)
    parameters = frozenset({"token"})
    # Milvus Lite has no other type of dense vectors.
    widths = MappingProxyType({FLOAT32: 32_768})
    batch_bytes = _BATCH_BYTES

    def errors(self) -> tuple[type[Exception], ...]:
        """Return the errors of the client."""
        from pymilvus import MilvusException

        return (MilvusException, OSError)

    def connect(self, address: StoreAddress, spec: RowSpec) -> MilvusCollection:
        """Open the collection, or make it."""
        # Else gRPC prints a line when the server finds pings too frequent.
        os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
        from pymilvus import MilvusClient

        for name in (address.name, *spec.schema.names):
            if not _NAME.fullmatch(name):
                raise ValueError(f"{name!r} has characters that names in Milvus do not have")
        token = address.parameters.get("token") or os.environ.get(_TOKEN_VARIABLE, "")
        url = f"{address.scheme.partition('+')[2]}:{address.place}"
        client = MilvusClient(address.path if address.scheme == _LITE else url, token=token)
        try:
            return MilvusCollection(client, address.name, spec)
        except BaseException:
            client.close()
            raise


STORE = Milvus()
