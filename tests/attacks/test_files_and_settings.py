"""Attacks 18 and 19: reach files, the network, settings, extensions or this process's variables. The allow-list refuses
them; and should it ever let one through, the database above is empty, without access, and locked.
"""

from dataclasses import replace

import duckdb
import pytest

from dp_queries.errors import QueryRejected
from dp_queries.plan import Plan
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET, GivenSums, planned, released

FUNCTIONS = [
    "read_csv('x.csv')",
    "read_text('x')",
    "glob('*')",
    "duckdb_settings()",
    "duckdb_secrets()",
    "pragma_version()",
    "sqlite_scan('a', 'b')",
    "query('SELECT 1')",
    "range(9)",
]
TABLES = [
    "'x.csv'",
    '"x.parquet"',
    "duckdb_tables",
    "sqlite_master",
    "information_schema.tables",
    "pg_catalog.pg_class",
]
SCALARS = [
    "getenv('HOME')",
    "current_setting('threads')",
    "version()",
    "current_user",
    "pg_read_file('x')",
    "txid_current()",
]


@pytest.mark.parametrize("source", [*FUNCTIONS, *TABLES])
def test_from_takes_tables_of_the_dataset_only(source):
    for sql in (f"SELECT COUNT(*) FROM {source}", f"SELECT COUNT(*) FROM flights JOIN {source} ON TRUE"):
        with pytest.raises(QueryRejected):
            analyse(sql, DATASET)


@pytest.mark.parametrize("scalar", SCALARS)
def test_functions_that_know_the_machine_are_refused(scalar):
    for sql in (f"SELECT {scalar}, COUNT(*) FROM flights", f"SELECT COUNT(*) FROM flights WHERE dest = {scalar}"):
        with pytest.raises(QueryRejected):
            analyse(sql, DATASET)


BEHIND_THE_LIST = [
    "(SELECT content FROM read_text('/etc/hostname'))",
    "(SELECT COUNT(*) FROM read_csv('https://example.org/x.csv'))",
    "(SELECT COUNT(*) FROM a_variable_of_ours)",
    "(SELECT COUNT(*) FROM '/etc/hostname')",
]
a_variable_of_ours = [1, 2, 3]


@pytest.mark.parametrize("fragment", BEHIND_THE_LIST)
def test_the_walls_stand_without_the_list(fragment):
    plan = planned("SELECT COUNT(*) FROM flights")
    broken = _with_sql(plan, f"SELECT {fragment} AS c0, g AS h0 FROM released0")
    with pytest.raises(duckdb.Error):
        released(broken, GivenSums(lambda measure, group: 1))


def test_settings_are_locked():
    plan = planned("SELECT COUNT(*) FROM flights")
    broken = _with_sql(plan, "SET enable_external_access = true; SELECT a0 AS c0, g AS h0 FROM released0")
    with pytest.raises(duckdb.Error):
        released(broken, GivenSums(lambda measure, group: 1))


def _with_sql(plan: Plan, sql: str) -> Plan:
    return replace(plan, statements=(replace(plan.statements[0], sql=sql),))
