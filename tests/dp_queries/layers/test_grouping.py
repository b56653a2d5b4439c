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
    assert keys("SELECT month AS origin, COUNT(*) FROM flights GROUP BY origin, month")[0].column == "origin"


@pytest.mark.parametrize("number", ["0", "3", "99999", "1.5"])
def test_positions_are_those_of_select(number):
    assert refusal(f"SELECT tailnum, origin FROM flights GROUP BY {number}") == ("position", number)


@pytest.mark.parametrize("sets", ["ROLLUP (origin)", "CUBE (origin)", "GROUPING SETS ((origin), ())"])
def test_grouping_sets_go_around(sets):
    assert refusal(f"SELECT tailnum, origin FROM flights GROUP BY tailnum, {sets}")[0] == "grouping-sets"
