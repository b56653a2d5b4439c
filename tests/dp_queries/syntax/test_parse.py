import pytest

from dp_queries.errors import QueryRejected
from dp_queries.syntax.parse import MOST_LISTED, parse
from tests.stopwatch import stopwatch


def refusal(text):
    with pytest.raises(QueryRejected) as refused:
        parse(text)
    return refused.value.reasons[0]


def test_one_statement_with_a_last_semicolon_and_a_comment():
    assert parse("SELECT COUNT(*) FROM flights; -- that is all").tree.sql() == "SELECT COUNT(*) FROM flights"


def test_the_place_of_a_reason_is_line_and_column():
    statement = parse("SELECT COUNT(*)\nFROM   flights")
    reason = statement.reason(statement.tree.args["from_"], "x", "y")
    assert (reason.line, reason.column) == (2, 8)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT " + "1," * 40_000 + "1", "text-too-long"),
        ("SELECT COUNT(*) FROM flights WHERE month IN (" + "1," * 20_000 + "1)", "too-many-words"),
        ("SELECT COUNT(*) FROM flights WHERE month IN (" + "1," * (MOST_LISTED + 1) + "1)", "list-too-long"),
        ("SELECT " + "(" * 5_000 + "1" + ")" * 5_000, "too-many-words"),
        ("SELECT " + "(" * 100 + "1" + ")" * 100, "too-deep"),
        ("SELECT " + "NOT " * 2_900 + "TRUE", "too-deep"),
        ("SELECT " + "- " * 1_400 + "1", "too-deep"),
        ("SELECT " + "1+" * 1_400 + "1", "too-deep"),
        ("SELECT " + "CASE WHEN " * 900, "too-deep"),
        ("SELECT '" + "é" * 40_000 + "'", "text-too-long"),
        ("SELECT '" + "a" * 60_000, "syntax"),
        ("/*" * 30_000, "too-many-words"),
        ("SELECT \ud800", "character"),
    ],
)
def test_too_much_is_refused_fast(text, code):
    with stopwatch() as took:
        assert refusal(text).code == code
    assert took[0] < 1  # below 0.1 on a quiet machine


def test_long_chains_of_and_are_no_depth():
    parse("SELECT COUNT(*) FROM flights WHERE " + " AND ".join(["a = 1"] * 700))


def test_a_list_of_the_most_length_is_read():
    parse("SELECT COUNT(*) FROM flights WHERE month IN (" + "1," * (MOST_LISTED - 1) + "1)")
