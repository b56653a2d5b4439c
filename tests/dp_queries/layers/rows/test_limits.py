import pytest

from dp_queries.algebra.expressions import Call, ColumnRef, Literal, size
from dp_queries.errors import QueryRejected
from dp_queries.layers.rows.limits import MOST_NODES, excess
from tests.dp_queries.layers.rows.reading import read
from tests.stopwatch import stopwatch


def code(sql):
    with stopwatch() as took, pytest.raises(QueryRejected) as refusal:
        read(sql)
    assert took[0] < 2
    return refusal.value.reasons[0].code


def test_texts_may_be_as_wide_as_the_limit():
    assert read(" || ".join(["note"] * 39))  # 39 times 255 characters
    assert code(" || ".join(["note"] * 40)) == "text-too-wide"
    assert code(f"REPLACE(note, 'a', '{'b' * 60}')") == "text-too-wide"
    assert code("LOWER(essay)") == "text-too-wide"
    assert read("LOWER(LEFT(essay, 10000))")
    assert read("LENGTH(essay)")
    assert read("essay")


def test_an_expression_has_at_most_so_many_parts():
    with stopwatch() as took:
        assert read(" + ".join(["month"] * 50))  # each level is read once, or this takes for ever
        assert read(" - ".join(["month"] * 50))
    assert took[0] < 5
    nested = "month"
    for number in range(1, 9):
        nested = f"NULLIF({nested}, {number})"
    assert code(nested) == "expression-too-large"
    wide = " || ".join(["LEFT(note, 1)"] * (MOST_NODES // 4))
    assert code(f"CONCAT({', '.join([wide] * 4)})") in ("expression-too-large", "too-deep")


def test_what_is_written_once_and_meant_often_is_counted_as_meant():
    listed = ", ".join(["serial"] * 900)
    assert code(f"(month + month + month + month) IN ({listed})") == "expression-too-large"
    tower = "paid"
    for _ in range(6):
        tower = f"({tower} IN ({', '.join(['paid', 'NOT paid'] * 8)}))"
    assert code(tower) == "expression-too-large"


def test_long_conditions_and_lists_are_no_excess():
    assert read(f"month IN ({', '.join(map(str, range(900)))})")
    assert read(" OR ".join(f"serial = {number}" for number in range(700)))


def test_constants_are_not_counted():
    month = ColumnRef(0, "month", "integer")
    assert size(Call("in", (month, *map(Literal, range(50))))) == 2
    assert excess(Call("greatest", (month,) * MOST_NODES), lambda _: None) is not None
    assert excess(Call("greatest", (month,) * (MOST_NODES - 1)), lambda _: None) is None
