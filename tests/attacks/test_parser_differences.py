"""Attack 20: write text that two parsers read differently. What one of them could read otherwise is refused, and what
reaches an engine is written anew from the checked tree, never taken from the text.
"""

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from tests.dp_queries.flights import DATASET, planned

REFUSED = {
    "SELECT COUNT(*) FROM flights; SELECT * FROM flights": "several-statements",
    "SELECT COUNT(*) FROM flights /* ; */; DROP TABLE flights": "several-statements",
    "SELECT COUNT(*) FROM flights\0; SELECT * FROM flights": "character",
    "SELECT COUNT(*) FROM flights WHERE origin = 'JFK\0'": "character",
    "SELECT COUNT(*) FROM flights --\x0b OR 1": "character",
    "SELECT C\u041eUNT(*) FROM flights": "letters",
    "SELECT COUNT(*) FROM flights WHERE \u2160 = 1": "letters",
    "SELECT COUNT(*) FROM flights WHERE origin = U&'\\004A'": "dialect",
    "SELECT COUNT(*) FROM flights WHERE origin = E'\\x4a'": "dialect",
    "SELECT COUNT(*) FROM flights WHERE origin = $a$JFK$a$": "dialect",
    "SELECT COUNT(*) FROM flights WHERE month = 0x1": "dialect",
    "SELECT COUNT(*) FROM flights WHERE month = 1__0": "number",
    "SELECT COUNT(*) FROM flights WHERE month = :month": "dialect",
    "SELECT COUNT(*) FROM [flights]": "dialect",
    "FROM flights": "not-a-select",
    "TABLE flights": "not-a-select",
    "VALUES (1)": "not-a-select",
    "SELECT COUNT(*) FROM flights GROUP BY ALL": "grouping-sets",
    "SELECT COLUMNS('.*') FROM flights": "function",
}


@pytest.mark.parametrize("sql", REFUSED, ids=range(len(REFUSED)))
def test_what_can_be_read_in_two_ways_is_refused(sql):
    with pytest.raises(QueryRejected) as refused:
        analyse(sql, DATASET)
    assert refused.value.reasons[0].code == REFUSED[sql]


def test_comments_change_nothing_and_go_nowhere():
    plain = planned("SELECT origin, COUNT(*) FROM flights WHERE month = 1 GROUP BY origin ORDER BY 2")
    dotted = planned(
        "SELECT/**/origin,--x\nCOUNT(/* ' */*)FROM flights/* /* */ WHERE 1=1 */"
        "WHERE month=1 GROUP BY/**/origin ORDER BY 2"
    )
    assert dotted.digest == plain.digest


def test_no_text_of_the_query_is_in_what_engines_get():
    marker = "zqx"
    plan = planned(f"SELECT origin AS {marker}, COUNT(*) FROM flights AS {marker}s /*{marker}*/ GROUP BY {marker}")
    assert marker not in str(plan.to_json())


def test_a_quote_in_a_literal_stays_in_the_literal():
    plan = planned("SELECT CASE WHEN COUNT(*) > 1 THEN ''' || version() || ''' END FROM flights")
    assert "'''' || " not in plan.statements[0].sql
    assert "''' || version() || '''" in plan.statements[0].sql
