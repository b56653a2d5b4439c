"""What the DuckDB backend refuses, and what it can't be led to do."""

from datetime import date
from fractions import Fraction

import duckdb
import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.algebra.relations import Below, Join, Scan
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.backends.streams import keys_stream, stream
from dp_queries.loading.encrypted import connect
from dp_queries.plan import Key
from privacy.parts import UnitOrderBroken
from tests.dp_queries.backends.worlds import DATASET, KEY, aggregation, measure, write

ROW = dict.fromkeys(("kind", "note", "zone", "serial", "fare", "mass", "free", "paid", "day", "at"))
TABLES = {"trips": [{**ROW, "person": 10, "free": 2.0, "note": "o'k"}], "people": [], "zones": []}
FREE = ColumnRef(0, "free", "number")
NOTE = ColumnRef(0, "note", "text")


@pytest.fixture
def backend(tmp_path):
    with DuckDBBackend(write(TABLES, tmp_path / "world.db"), KEY, DATASET) as opened:
        yield opened


def disordered(path):
    write(TABLES, path)
    connection = connect(threads=1)
    connection.execute(f"ATTACH '{path}' AS d (ENCRYPTION_KEY '{KEY.hex()}')")
    connection.execute("INSERT INTO d.trips (_unit, person) VALUES (2, 30), (1, 20), (2, 30)")
    connection.close()
    return path


def test_rows_that_are_not_in_unit_order_are_refused(tmp_path):
    with (
        DuckDBBackend(disordered(tmp_path / "world.db"), KEY, DATASET, ranges=1) as opened,
        pytest.raises(UnitOrderBroken),
    ):
        opened.bounded_sums(aggregation(measure("rows")))


def test_rows_that_a_join_may_disorder_are_sorted(tmp_path):
    with DuckDBBackend(disordered(tmp_path / "world.db"), KEY, DATASET, ranges=1) as opened:
        never = Join(1, "left", None, Literal(value=False))
        joined = Below((Scan("trips", True), Scan("zones", False)), (never,))
        assert opened.bounded_sums(aggregation(measure("rows"), below=joined)).totals.tolist() == [[4 * 4]]


def test_nested_quotients_cost_no_more_than_their_length(backend):
    nested = FREE
    for _ in range(60):
        nested = Call("/", (FREE, nested))
    assert len(stream(aggregation(measure("sum", nested)), DATASET).sql(0, 1)) < 10_000
    assert backend.bounded_sums(aggregation(measure("sum", nested))).totals.tolist() == [[700]]


def test_texts_are_quoted_and_nul_is_refused(backend):
    quoted = Call("=", (NOTE, Literal("o'k")))
    assert backend.bounded_sums(aggregation(measure("rows"), where=quoted)).totals.tolist() == [[4]]
    with pytest.raises(ValueError, match="NUL"):
        stream(aggregation(measure("rows"), where=Call("=", (NOTE, Literal("a\0b")))), DATASET)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM read_text('/etc/hostname')",
        "COPY d.main.trips TO 'rows.csv'",
        "SET threads = 1",
        "SET enable_external_access = true",
        "ATTACH 'other.db' AS other",
        "INSERT INTO d.main.zones VALUES (1, 'north')",
        "SELECT * FROM TABLES",
    ],
)
def test_the_engine_is_locked(backend, statement):
    with pytest.raises(duckdb.Error):
        backend._connection.execute(statement)


@pytest.mark.parametrize(
    "wrong",
    [
        Call("=", (NOTE, Literal(1))),
        Call("<", (FREE, Literal(True))),
        Call("like", (FREE, Literal("a"))),
        Call("like", (NOTE, NOTE)),
        Call("=", (Call("+", (NOTE, Literal(1))), Literal(1))),
        Call("is_null", (Call("hour", (ColumnRef(0, "day", "date"),)),)),
        Call("not", (FREE,)),
    ],
)
def test_types_that_do_not_fit_are_refused_before_a_row_is_read(wrong):
    with pytest.raises(ValueError, match=r"can't compare|takes a text|is not a"):
        stream(aggregation(measure("rows"), where=wrong), DATASET)


def test_keys_and_sums_of_no_integer_are_refused():
    with pytest.raises(ValueError, match="group key"):
        keys_stream(aggregation(measure("rows"), keys=(Key(FREE, None, "number"),)), DATASET)
    with pytest.raises(ValueError, match="summed"):
        stream(aggregation(measure("sum", NOTE, granularity=Fraction(1))), DATASET)


def test_unknown_columns_are_refused():
    with pytest.raises(KeyError):
        stream(aggregation(measure("present", ColumnRef(0, "_unit", "integer"))), DATASET)


def test_a_mean_streams_its_column_once():
    fare = ColumnRef(0, "fare", "number")
    day = Key(ColumnRef(0, "day", "date"), (date(2025, 1, 1),), "date")
    wanted = stream(aggregation(measure("sum", fare), measure("present", fare), keys=(day,)), DATASET)
    assert wanted.select.startswith('SELECT r0._unit, r0."day", r0."fare" FROM')


@pytest.mark.parametrize("heavy", [0, 40, 79])
def test_rows_are_shared_fairly_whoever_has_most_of_them(heavy, tmp_path):
    """A slot relies on it: no thread has more than half of the rows and one unit's."""
    trips = [
        {**TABLES["trips"][0], "person": person} for person in range(80) for _ in range(1 + 60 * (person == heavy))
    ]
    rows = {**TABLES, "trips": trips}
    with DuckDBBackend(write(rows, tmp_path / "world.db"), KEY, DATASET, threads=2) as backend:
        counts = [row[0] for row in backend._connection.execute("SELECT count(*) FROM trips GROUP BY _unit").fetchall()]
        cuts = backend._cuts["trips"]
        shares = [
            backend._connection.execute(f"SELECT count(*) FROM trips WHERE _unit BETWEEN {low} AND {high}").fetchone()[
                0
            ]
            for low, high in cuts
        ]
    assert sum(shares) == sum(counts)
    assert max(shares) <= sum(counts) / 2 + max(counts)
    assert [low for low, _ in cuts[1:]] == [high + 1 for _, high in cuts[:-1]]
    assert cuts[0][0] == 0
