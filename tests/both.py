"""The same tests on both stores: where a file says `STORES = BOTH`, tests whose fixtures take `store_url` run twice."""

from pathlib import Path

import pytest

from enclave.postgresql import PostgresUrl

BOTH = ("sqlite", "postgresql")
# Where a test takes seconds, its second half is for `make test-long`.
BOTH_LONG = ("sqlite", pytest.param("postgresql", marks=pytest.mark.long))
POSTGRES = ("postgresql",)
ON_SQLITE = pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)


def place(store_url: str | None, file: Path) -> Path | PostgresUrl:
    """Where a store lies: at the address, or in the file."""
    return file if store_url is None else PostgresUrl.parse(store_url)
