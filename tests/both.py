"""The same test on both stores: `pytestmark = ON_BOTH` in a file whose tests, or whose fixtures, take `store_url`."""

from pathlib import Path

import pytest

from enclave.postgresql import PostgresUrl

ON_BOTH = pytest.mark.parametrize("store_url", ["sqlite", "postgresql"], indirect=True)
ON_POSTGRES = pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
# Where a test takes seconds, its second half is for `make test-long`.
ON_BOTH_LONG = pytest.mark.parametrize(
    "store_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)


def place(store_url: str | None, file: Path) -> Path | PostgresUrl:
    """Where a store lies: at the address, or in the file."""
    return file if store_url is None else PostgresUrl.parse(store_url)
