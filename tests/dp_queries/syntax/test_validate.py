import pytest

from dp_queries.errors import QueryRejected
from dp_queries.syntax.parse import exp, parse
from dp_queries.syntax.validate import INSTEAD, OFFERED, PARTS, validate


def reasons(sql):
    with pytest.raises(QueryRejected) as refused:
        validate(parse(sql))
    return refused.value.reasons


def test_what_is_not_listed_is_refused():
    reason = reasons("SELECT COUNT(*) FROM flights WHERE month & 1 = 1")[0]
    assert reason.code == "not-offered"


def test_every_fault_has_its_place_and_says_what_to_write():
    found = reasons("SELECT STRING_AGG(dest),\n  SOUNDEX(origin) FROM flights\nWHERE dest SIMILAR TO 'a'")
    assert [(reason.code, reason.line, reason.column) for reason in found] == [
        ("aggregate", 1, 19),
        ("function", 2, 3),
        ("pattern", 3, 7),
    ]
    assert "use COUNT, SUM, AVG" in found[0].message


def test_a_listed_node_with_a_foreign_part_is_refused():
    assert reasons("SELECT COUNT(*) FROM flights TABLESAMPLE SYSTEM (10)")[0].code == "sample"


def test_the_reasons_are_bounded():
    assert len(reasons("SELECT " + ", ".join(f"f{number}()" for number in range(50)) + " FROM flights")) == 10


def test_the_tables_do_not_contradict_each_other():
    assert not OFFERED.keys() & INSTEAD.keys()
    assert all(part not in OFFERED.get(node, ()) for node, part in PARTS)
    assert all(part in node.arg_types for node, part in PARTS)
    assert all(parts <= node.arg_types.keys() for node, parts in OFFERED.items() if node is not exp.DataType)
