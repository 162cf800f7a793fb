"""PostgreSQL with the extension pgvector (https://github.com/pgvector/pgvector)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.stores import copy_rows
from pipeline.stores.json_values import element_type, not_json, rows_with
from pipeline.stores.row_spec import PART, RowSpec
from pipeline.stores.store_address import StoreAddress
from pipeline.stores.store_kind import Problem, StoreKind
from transforms.documents import ID
from transforms.features import FLOAT16, FLOAT32

if TYPE_CHECKING:
    from psycopg import Connection, sql

_STAGING = "beam_bert_rows"
# An entry of an index has at most 2,704 bytes.
_MOST_ID_BYTES = 2_600
_MOST_NAME_BYTES = 63
# A schema and a table.
_MOST_NAMES = 2
# Where indexes of vectors end, by the type.
_INDEXED = {FLOAT32: 2_000, FLOAT16: 4_000}


class PostgresTable:
    """A table whose key is `id`."""

    def __init__(self, connection: "Connection[Any]", name: str, spec: RowSpec) -> None:
        from psycopg import sql

        self._connection = connection
        self._name = name
        self._spec = spec
        self._table = sql.Identifier(*name.split("."))
        self._prepare()

    def _prepare(self) -> None:
        """Make the extension and the table if they are missing, and a table for rows on the way."""
        from psycopg import sql

        if not self._ask("SELECT 1 FROM pg_type WHERE typname = 'vector'"):
            self._make_extension()
        if not self._ask("SELECT to_regclass(%s)", self._table.as_string(self._connection))[0][0]:
            with self._connection.transaction():
                key = sql.Identifier(ID)
                columns = sql.SQL("{}, PRIMARY KEY ({})").format(self._declared(), key)
                self._run("CREATE TABLE IF NOT EXISTS {} ({})", self._table, columns)
                self._run("CREATE INDEX ON {} ({})", self._table, sql.Identifier(PART))
        self._check_columns()
        staging = sql.Identifier(_STAGING)
        self._run("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DELETE ROWS", staging, self._declared())

    def _make_extension(self) -> None:
        from psycopg import errors

        try:
            self._run("CREATE EXTENSION IF NOT EXISTS vector")
        except (
            errors.FeatureNotSupported,
            errors.InsufficientPrivilege,
            errors.UndefinedFile,
        ) as error:
            raise ValueError(
                f"the database has no extension vector ({error.diag.message_primary}): install "
                "pgvector, and run CREATE EXTENSION vector as an owner of the database"
            ) from error

    def _declared(self) -> "sql.Composable":
        from psycopg import sql

        columns = [
            sql.SQL("{} {}{}").format(
                sql.Identifier(field.name),
                sql.SQL(copy_rows.postgres_type(field.type)),
                sql.SQL("" if field.nullable else " NOT NULL"),
            )
            for field in self._spec.schema
        ]
        return sql.SQL(", ").join(columns)

    def _check_columns(self) -> None:
        regclass = self._table.as_string(self._connection)
        rows = self._ask(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute "
            "WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
            regclass,
        )
        types = dict(rows)
        for field in self._spec.schema:
            wanted, found = copy_rows.postgres_type(field.type), types.get(field.name)
            if found not in (wanted, wanted.partition("(")[0]):
                state = f"is {found}" if found else "is missing"
                raise ValueError(
                    f"the table {self._name} exists, and its column {field.name} {state}, not "
                    f"{wanted}: name another table, or change this one"
                )
        keys = self._ask(
            "SELECT 1 FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]"
            " WHERE indrelid = %s::regclass AND indisunique AND indnkeyatts = 1 AND attname = %s"
            " AND indpred IS NULL",
            regclass,
            ID,
        )
        if not keys:
            raise ValueError(f"the table {self._name} exists, and its column {ID} is not unique")

    def rows_by_part(self, parts: Collection[str]) -> Mapping[str, int]:
        """Count the rows by their column of parts."""
        del parts
        from psycopg import sql

        part = sql.Identifier(PART)
        query = sql.SQL("SELECT {}, count(*) FROM {} WHERE {} IS NOT NULL GROUP BY 1")
        return dict(self._connection.execute(query.format(part, self._table, part)).fetchall())

    def problems(self, rows: pa.RecordBatch) -> Iterator[Problem]:
        """Yield rows with a NUL in a text, and with an id that no index holds."""
        for field in rows.schema:
            if pa.types.is_string(element_type(field.type)):
                has_nul = rows_with(
                    rows.column(field.name), lambda values: pc.match_substring(values, "\0")
                )
                yield has_nul, f"{field.name} has a NUL character, which text cannot have"
        lists = [field for field in self._spec.fields if pa.types.is_list(field.type)]
        yield from not_json(rows, lists)
        too_long = rows_with(
            rows.column(ID), lambda ids: pc.greater(pc.binary_length(ids), _MOST_ID_BYTES)
        )
        yield too_long, f"{ID} has over {_MOST_ID_BYTES:,} bytes"

    def write(self, rows: pa.RecordBatch) -> None:
        """Copy rows into the staging table, and from there into the table, in one transaction."""
        from psycopg import sql

        names = [sql.Identifier(name) for name in rows.schema.names]
        columns, staging = sql.SQL(", ").join(names), sql.Identifier(_STAGING)
        replaced = sql.SQL(", ").join(
            sql.SQL("{} = EXCLUDED.{}").format(name, name) for name in names[1:]
        )
        with self._connection.transaction(), self._connection.cursor() as cursor:
            into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(staging, columns)
            with cursor.copy(into) as copy:
                copy.write(copy_rows.encode_rows(rows))
            cursor.execute(
                sql.SQL(
                    "INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT ({}) DO UPDATE SET {}"
                ).format(self._table, columns, columns, staging, names[0], replaced)
            )

    def move(self, rows: pa.RecordBatch) -> None:
        """Update the names of parts."""
        from psycopg import sql

        statement = sql.SQL(
            "UPDATE {} AS stored SET {} = moved.part "
            "FROM unnest(%s::text[], %s::text[]) AS moved (id, part) WHERE stored.{} = moved.id"
        ).format(self._table, sql.Identifier(PART), sql.Identifier(ID))
        columns = [rows.column(name).to_pylist() for name in (ID, PART)]
        self._connection.execute(statement, columns)

    def delete(self, parts: Sequence[str]) -> None:
        """Delete the rows of parts."""
        from psycopg import sql

        statement = sql.SQL("DELETE FROM {} WHERE {} = ANY(%s)")
        query = statement.format(self._table, sql.Identifier(PART))
        self._connection.execute(query, [list(parts)])

    def finish(self) -> None:
        """Do nothing: each batch is a transaction."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _ask(self, query: str, *values: str) -> list[Any]:
        return self._connection.execute(query, values).fetchall()

    def _run(self, statement: str, *names: "sql.Composable") -> None:
        from psycopg import sql

        self._connection.execute(sql.SQL(statement).format(*names))


class Pgvector(StoreKind):
    """Tables of PostgreSQL, filled by COPY."""

    schemes = ("postgresql", "postgres")
    example = "postgresql://me@host/db?table=articles"
    extra = "pgvector"
    packages = ("psycopg",)
    names = "table"
    parameters = None
    widths = dict.fromkeys((FLOAT32, FLOAT16), 16_000)

    def errors(self) -> tuple[type[Exception], ...]:
        """Return the errors of psycopg."""
        import psycopg

        return (psycopg.Error,)

    def connect(self, address: StoreAddress, spec: RowSpec) -> PostgresTable:
        """Connect, and make the extension and the table if they are missing."""
        import psycopg

        names = address.name.split(".")
        if len(names) > _MOST_NAMES or not all(names):
            raise ValueError(f"the table is {address.name!r}; name one with NAME or SCHEMA.NAME")
        for name in [*spec.schema.names, *names]:
            if len(name.encode()) > _MOST_NAME_BYTES:
                raise ValueError(f"the name {name} has over {_MOST_NAME_BYTES} bytes")
        url = f"postgresql:{address.place}{address.query}"
        try:
            psycopg.conninfo.conninfo_to_dict(url)
        except psycopg.ProgrammingError as error:
            raise ValueError(f"libpq does not accept this URL: {str(error).strip()}") from error
        connection = psycopg.connect(url, autocommit=True)
        try:
            return PostgresTable(connection, address.name, spec)
        except BaseException:
            connection.close()
            raise

    def note(self, spec: RowSpec) -> str:
        """Return what to know about vectors of this width; empty if nothing."""
        most = _INDEXED[spec.dtype]
        if spec.width <= most:
            return ""
        return f"vectors of {spec.width:,} values have no index here: indexes hold {most:,}"


STORE = Pgvector()
