import pytest

from tests.dp_queries.flights import planned
from tests.dp_queries.layers.views import refusal


def keys(sql):
    return [key.expression for key in planned(sql).aggregations[0].keys]


def test_positions_aliases_and_columns_name_keys():
    by_column = keys("SELECT origin, COUNT(*) FROM flights GROUP BY origin")
    assert keys("SELECT origin, COUNT(*) FROM flights GROUP BY 1") == by_column
    assert keys("SELECT origin AS o, COUNT(*) FROM flights GROUP BY o") == by_column
    assert keys("SELECT origin, COUNT(*) FROM flights GROUP BY origin, 1") == by_column


def test_a_column_comes_before_an_alias():
    found = keys("SELECT month AS origin, COUNT(*) FROM flights GROUP BY origin, month")
    assert {key.column for key in found} == {"origin", "month"}


@pytest.mark.parametrize("number", ["0", "3", "99999", "1.5"])
def test_positions_are_those_of_select(number):
    assert refusal(f"SELECT tailnum, origin FROM flights GROUP BY {number}") == ("position", number)


@pytest.mark.parametrize("sets", ["ROLLUP (origin)", "CUBE (origin)", "GROUPING SETS ((origin), ())"])
def test_groups_of_single_units_are_made_in_one_way(sets):
    assert refusal(f"SELECT tailnum, origin FROM flights GROUP BY tailnum, {sets}")[0] == "grouping-sets"


def groupings(group):
    """The columns of each aggregation, the finest first."""
    found = planned(f"SELECT COUNT(*) FROM flights GROUP BY {group}").aggregations
    return sorted(("".join(key.expression.column[0] for key in part.keys) for part in found), key=len, reverse=True)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ("ROLLUP (origin, late)", ["lo", "o", ""]),
        ("ROLLUP ((origin, late), month)", ["lmo", "lo", ""]),
        ("CUBE (origin, late)", ["lo", "l", "o", ""]),
        ("origin, ROLLUP (late)", ["lo", "o"]),
        ("GROUPING SETS ((origin, late), month, ())", ["lo", "m", ""]),
        ("GROUPING SETS (ROLLUP (origin), (late))", ["l", "o", ""]),
        ("GROUPING SETS ((origin), (origin))", ["o"]),
        ("ROLLUP (1)", [""]),
    ],
)
def test_rollup_and_its_like_are_written_out(group, expected):
    if group == "ROLLUP (1)":
        assert refusal("SELECT COUNT(*) FROM flights GROUP BY ROLLUP (1)", planned)[0] == "aggregate-below"
        return
    assert sorted(groupings(group)) == sorted(expected)


@pytest.mark.parametrize(
    "sets", ["CUBE (origin, late, month, carrier, day)", "CUBE (origin, late), CUBE (month, day, 1)"]
)
def test_there_are_not_too_many_groupings(sets):
    assert refusal(f"SELECT origin, COUNT(*) FROM flights GROUP BY {sets}", planned)[0] == "too-many-groupings"
