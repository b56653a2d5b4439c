import pytest

from dp_queries.errors import QueryRejected
from dp_queries.layers import below
from dp_queries.syntax.parse import exp, parse
from dp_queries.syntax.row_syntax import INSTEAD_OF_FUNCTIONS, ROW_INSTEAD, ROW_NODES
from dp_queries.syntax.validate import validate

# Parts of other nodes, which are no expressions by themselves.
_PARTS = {exp.Identifier, exp.DataType, exp.Var, exp.Interval}


def test_what_is_let_through_is_understood_and_nothing_else():
    assert set(ROW_NODES) - _PARTS == set(below.ROW_NODES)


def test_nothing_is_both_offered_and_replaced():
    assert not set(ROW_NODES) & set(ROW_INSTEAD)


@pytest.mark.parametrize("name", sorted(INSTEAD_OF_FUNCTIONS))
def test_functions_without_a_node_are_told_by_name(name):
    with pytest.raises(QueryRejected) as refusal:
        validate(parse(f"SELECT {name}(x) FROM t"))
    assert INSTEAD_OF_FUNCTIONS[name] in refusal.value.reasons[0].message


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ('SUBSTRING(x FROM 1) COLLATE "C"', "collation"),
        ("LENGTH(x, 'utf8')", "not-offered"),
        ("FLOOR(x TO DAY)", "not-offered"),
        ("x::varchar(3)", "type"),
        ("INTERVAL '1.5 days'", "interval"),
    ],
)
def test_parts_that_change_the_meaning_are_refused(sql, code):
    with pytest.raises(QueryRejected) as refusal:
        validate(parse(f"SELECT {sql} FROM t"))
    assert refusal.value.reasons[0].code == code
