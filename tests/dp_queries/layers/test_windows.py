import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal
from dp_queries.algebra.relations import Order, UnitAggregate, Window, Windowed
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET
from tests.dp_queries.layers.views import refusal, view

DAY, ORIGIN = ColumnRef(0, "day", "date"), ColumnRef(0, "origin", "text")
BY_DAY = (Order(DAY, descending=False, nulls_first=False),)


def windows(items, rest=""):
    found = view(f"SELECT {items} FROM flights{rest}")
    (relation,) = found.below.sources
    assert isinstance(relation, Windowed)
    return relation, found


@pytest.mark.parametrize(
    ("function", "window"),
    [
        ("ROW_NUMBER() OVER (PARTITION BY tailnum ORDER BY day)", Window("row_number", None, None, 0, (), BY_DAY)),
        ("RANK() OVER (PARTITION BY origin, tailnum ORDER BY day)", Window("rank", None, None, 0, (ORIGIN,), BY_DAY)),
        ("LAG(origin, 2) OVER (PARTITION BY tailnum ORDER BY day)", Window("lag", None, ORIGIN, 2, (), BY_DAY)),
        ("COUNT(*) OVER (PARTITION BY tailnum)", Window("aggregate", UnitAggregate("count"), None, 0, (), ())),
        (
            "MAX(origin) OVER (PARTITION BY tailnum ORDER BY day DESC)",
            Window("aggregate", UnitAggregate("max", ORIGIN), None, 0, (), (Order(DAY, True, True),)),
        ),
    ],
)
def test_a_window_is_a_column_of_the_units_rows(function, window):
    relation, found = windows(f"{function} AS w")
    assert relation.windows == (window,)
    assert found.columns["w"].column == "w0"


def test_equal_windows_are_one_and_may_stand_in_expressions():
    lag = "LAG(day) OVER (PARTITION BY tailnum ORDER BY day)"
    relation, found = windows(f"{lag} AS a, day > {lag} AS b")
    assert len(relation.windows) == 1
    assert found.columns["b"].operator in (">", "<")


def test_qualify_is_a_condition_on_the_windows():
    _, found = windows("origin", " QUALIFY ROW_NUMBER() OVER (PARTITION BY tailnum ORDER BY day) = 1")
    assert found.below.where == Call("=", (ColumnRef(0, "w0", "integer"), Literal(1)))


def test_only_used_columns_break_ties():
    relation, _ = windows("ROW_NUMBER() OVER (PARTITION BY tailnum ORDER BY day) AS r, origin")
    assert set(relation.columns) == {DAY, ORIGIN}


STRANGERS = (
    "OVER (ORDER BY day)",
    "OVER (PARTITION BY origin ORDER BY day)",
    "OVER (PARTITION BY tailnum || '' ORDER BY day)",
    "OVER (PARTITION BY LOWER(tailnum) ORDER BY day)",
    "OVER (PARTITION BY tailnum = 'N1' ORDER BY day)",
    "OVER (PARTITION BY COALESCE(tailnum, dest) ORDER BY day)",
)


@pytest.mark.parametrize("over", STRANGERS)
def test_a_window_sees_one_unit(over):
    assert refusal(f"SELECT RANK() {over} AS r FROM flights")[0] == "window-not-per-unit"


def test_the_optional_side_of_a_left_join_holds_no_unit_for_all_rows():
    rank = "RANK() OVER (PARTITION BY f.tailnum ORDER BY seats)"
    sql = f"SELECT {rank} AS r FROM planes p LEFT JOIN flights f USING (tailnum)"
    assert refusal(sql)[0] == "window-not-per-unit"


@pytest.mark.parametrize(
    ("items", "code"),
    [
        ("RANK() OVER (PARTITION BY tailnum)", "window-order"),
        ("LAG(day) OVER (PARTITION BY tailnum)", "window-order"),
        ("SUM(distance) OVER (PARTITION BY tailnum ORDER BY day ROWS 3 PRECEDING)", "window-frame"),
        ("LAG(day, 1, day) OVER (PARTITION BY tailnum ORDER BY day)", "window-default"),
        ("LAG(day, 5000) OVER (PARTITION BY tailnum ORDER BY day)", "window-offset"),
        ("LAG(day, month) OVER (PARTITION BY tailnum ORDER BY day)", "window-offset"),
        ("NTILE(4) OVER (PARTITION BY tailnum ORDER BY day)", "window-function"),
        ("COUNT(DISTINCT day) OVER (PARTITION BY tailnum)", "window-function"),
        ("STDDEV(delay) OVER (PARTITION BY tailnum)", "window-function"),
        ("AVG(weight) OVER (PARTITION BY tailnum)", "no-bounds"),
        ("SUM(weight) OVER (PARTITION BY tailnum)", "no-bounds"),
    ],
)
def test_what_is_refused(items, code):
    found = refusal(f"SELECT {items} AS w FROM flights")
    assert found[0] == code
    assert found[1].startswith(items.split("(")[0])


def test_an_average_is_a_sum_and_a_count_within_the_bounds_of_its_value():
    relation, _ = windows("AVG(distance) OVER (PARTITION BY tailnum) AS mean")
    assert [window.aggregate.kind for window in relation.windows] == ["sum", "present"]
    sql = "SELECT AVG(mean) FROM (SELECT AVG(distance) OVER (PARTITION BY tailnum) AS mean FROM flights) AS f"
    (total, _) = analyse(sql, DATASET).layers.aggregations[0].drafts
    assert (total.lower_steps * total.granularity, total.upper_steps * total.granularity) == (0, 5000)


def test_a_named_window_is_the_one_that_is_written_out():
    written = "SELECT RANK() OVER (PARTITION BY tailnum ORDER BY day) AS r FROM flights"
    named = "SELECT RANK() OVER Days AS r FROM flights WINDOW days AS (PARTITION BY tailnum ORDER BY day)"
    assert view(named).below == view(written).below


@pytest.mark.parametrize(
    ("over", "code"),
    [
        ("v", "window"),
        ("(w ORDER BY day)", "window"),
        ("(w PARTITION BY tailnum)", "window"),
        ("w", "window-not-per-unit"),
    ],
)
def test_a_named_window_is_defined_without_more_and_of_one_unit(over, code):
    assert refusal(f"SELECT RANK() OVER {over} AS r FROM flights WINDOW w AS (ORDER BY day)")[0] == code


def test_there_are_so_many_windows():
    items = ", ".join(f"LAG(day, {at}) OVER (PARTITION BY tailnum ORDER BY day) AS w{at}" for at in range(21))
    assert refusal(f"SELECT {items} FROM flights")[0] == "too-many-windows"
