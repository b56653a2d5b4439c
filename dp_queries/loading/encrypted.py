"""The encrypted DuckDB file of a dataset version: creating it, opening it, and shutting the engine in.

DuckDB's own AES-256-GCM over whole blocks (data, catalogue and write-ahead log); the key is handed in by the vault and
never written. Nothing is spilled to disk, since a temporary file would hold rows in the clear.
"""

import importlib.util
from functools import cache
from pathlib import Path

import duckdb

from policies.errors import Unavailable

DATABASE = "d"  # the name under which the file is attached; every table is reached as d.<table>

_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    # A Python variable of the server must never be reachable as a table (ATTACKS 19).
    "python_enable_replacements": False,
    "temp_directory": "",
    # Then a quotient by zero is NULL: guards around divisors would double an expression at each nesting.
    "ieee_floating_point_ops": False,
    # Joins are done as they are written, rows of the first table streaming by: in the order of their units, and in a
    # time that does not follow from the engine's guess at how many rows a filter leaves.
    "disabled_optimizers": "join_order,build_side_probe_side",
}


def connect(*, memory_limit: str | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """An empty in-memory DuckDB that can read and write encrypted files and spills nothing to disk."""
    connection = duckdb.connect(config=_SETTINGS)
    connection.execute(f"LOAD {literal(str(_httpfs()))}")
    connection.execute("SET TimeZone = 'UTC'")
    if memory_limit is not None:
        connection.execute(f"SET memory_limit = {literal(memory_limit)}")
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    return connection


def attach_new(connection: duckdb.DuckDBPyConnection, path: Path, key: bytes) -> None:
    """Create the encrypted file at `path` (which must not exist) and attach it as `d`."""
    connection.execute(_attach(path, key, ""))


def open_read_only(
    path: Path, key: bytes, *, memory_limit: str | None = None, threads: int | None = None
) -> duckdb.DuckDBPyConnection:
    """The file as `d`, read-only and in use, in an engine that reaches nothing else and can't be set anew.

    Raises Unavailable if the file is missing or damaged, or the key is another file's.
    """
    connection = connect(memory_limit=memory_limit, threads=threads)
    try:
        connection.execute(_attach(path, key, "READ_ONLY, "))
        connection.execute(f"USE {DATABASE}")
    except duckdb.Error:
        connection.close()
        # DuckDB's own text may quote the statement, and the statement holds the key.
        raise Unavailable("the dataset's file can't be opened with this key") from None
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def name(identifier: str) -> str:
    """An identifier quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text quoted for SQL."""
    return "'" + text.replace("'", "''") + "'"


def _attach(path: Path, key: bytes, options: str) -> str:
    if len(key) != 32:
        raise ValueError("a data key has 32 bytes")
    return f"ATTACH {literal(str(path))} AS {DATABASE} ({options}ENCRYPTION_KEY '{key.hex()}', ENCRYPTION_CIPHER 'GCM')"


@cache
def _httpfs() -> Path:
    """The packaged extension: DuckDB writes encrypted files only with OpenSSL's generator, which httpfs brings."""
    spec = importlib.util.find_spec("duckdb_extension_httpfs")
    places = list(spec.submodule_search_locations or ()) if spec else []
    found = [
        path for place in places for path in Path(place).glob(f"extensions/v{duckdb.__version__}/*.duckdb_extension")
    ]
    if not found:
        raise Unavailable("the package duckdb-extension-httpfs of this DuckDB version is missing")
    return found[0]
