import pytest

from dp_queries.algebra.expressions import Call, Literal
from dp_queries.facts.expressions import facts_of
from tests.dp_queries.random_expressions import COLUMNS as C, columns


@pytest.mark.parametrize(
    ("operator", "arguments", "expected"),
    [
        ("concat", (C["origin"], C["note"], Literal("--")), 12),
        ("upper", (C["note"],), 7),
        ("substring", (C["note"], Literal(3)), 5),
        ("substring", (C["note"], Literal(3), Literal(2)), 2),
        ("substring", (C["note"], Literal(9)), 0),
        ("left", (C["note"], Literal(4)), 4),
        ("right", (C["note"], Literal(40)), 7),
        ("replace", (C["note"], Literal("ab"), Literal("xyz")), 10),
        ("replace", (C["note"], Literal("ab"), Literal("")), 7),
        ("split_part", (C["note"], Literal("-"), Literal(2)), 7),
        ("to_text", (C["month"],), 2),
        ("to_text", (C["shift"],), 2),
        ("to_text", (C["serial"],), 20),
        ("to_text", (C["paid"],), 5),
        ("to_text", (C["day"],), 10),
        ("case", (C["paid"], Literal("long text"), C["note"]), 9),
    ],
)
def test_widths_of_texts(operator, arguments, expected):
    assert facts_of(Call(operator, arguments), columns).longest == expected
