"""Several statements in one call: one plan, one charge, answers that agree, refusals that name the statement."""

from dataclasses import replace
from fractions import Fraction

import pytest

from dp_queries import planner, release
from dp_queries.errors import QueryRejected
from dp_queries.layers import split
from dp_queries.planner import analyse
from dp_queries.syntax.parse import MOST_WORDS
from dp_queries.workloads import MOST_STATEMENTS, read
from policies.errors import RequestRejected
from privacy.mechanisms import OpenDPNoise
from tests.dp_queries.flights import DATASET, GivenSums, permit, planned, released_together

BY_ORIGIN = "SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin"
BY_CARRIER = "SELECT carrier, COUNT(*) AS n FROM flights GROUP BY carrier"
TOTAL = "SELECT SUM(delay) AS late, COUNT(*) AS n FROM flights"
BUSY = (
    "SELECT origin, COUNT(*) AS n, SUM(delay) AS late FROM flights GROUP BY origin HAVING COUNT(*) > 5 ORDER BY n DESC"
)


def refusals(*texts):
    with pytest.raises(QueryRejected) as refused:
        analyse(texts, DATASET)
    return [(reason.code, reason.where, reason.line, reason.column) for reason in refused.value.reasons]


def rows(answers):
    return [{row[0]: row[1:] for row in answer.rows} for answer in answers.statements]


def test_one_statement_is_the_same_plan_in_a_list():
    assert planned([BY_ORIGIN]) == planned(BY_ORIGIN)
    assert planned([BY_ORIGIN]).digest == planned(BY_ORIGIN).digest


def test_what_two_ask_of_the_same_rows_is_released_once():
    plan = planned([BY_ORIGIN, BUSY, BY_CARRIER])
    assert [above.reads for above in plan.statements] in ([(0,), (0,), (1,)], [(1,), (1,), (0,)])
    assert len(plan.measures) == 3  # two counts and a sum
    assert planned([BY_ORIGIN, BY_ORIGIN]).loss == planned(BY_ORIGIN).loss


def test_their_answers_agree_under_real_noise_to_the_last_digit():
    plan = planned([BY_ORIGIN, BUSY, BY_CARRIER, BY_ORIGIN])
    answers = released_together(plan, GivenSums(lambda measure, group: 1000 + group), OpenDPNoise())
    first, busy, carriers, again = rows(answers)
    assert list(carriers) == ["AA", "DL", "UA"]
    assert [busy[key][0] for key in first] == [first[key][0] for key in first]
    assert again == first
    assert answers.statements[0].intervals == answers.statements[3].intervals
    assert carriers["AA"] != first["EWR"] or carriers["DL"] != first["JFK"]  # noise of their own


def test_each_statement_reads_its_own_released_tables():
    plan = planned([f"{TOTAL} WHERE month = 1", BY_CARRIER, BY_ORIGIN.replace("GROUP", "WHERE month = 2 GROUP")])
    answers = released_together(plan, GivenSums(lambda measure, group: 7 * (group + 1)))
    total, carriers, origins = (answer.rows for answer in answers.statements)
    assert total == [[3.5, 7]]
    assert carriers == [["AA", 7], ["DL", 14], ["UA", 21]]
    assert [row[1] for row in origins] == [7, 14, 21]


def test_neither_order_nor_names_nor_repetition_make_another_plan():
    digest = planned([BY_ORIGIN, BY_CARRIER, TOTAL]).digest
    assert planned([TOTAL, BY_ORIGIN, BY_CARRIER]).digest == digest
    assert planned([TOTAL, BY_ORIGIN.replace(" n ", " m "), BY_CARRIER, BY_ORIGIN]).digest == digest
    assert planned([BY_ORIGIN, BY_CARRIER]).digest != digest
    assert planned([TOTAL, BY_CARRIER, BUSY]).digest != digest


def test_the_needs_are_those_of_all():
    needs = analyse([BY_ORIGIN, "SELECT AVG(seats) AS s FROM planes"], DATASET).needs
    assert {("flights", "origin"), ("planes", "seats")} <= needs.columns
    assert needs.aggregates == {"count", "avg"}


def test_the_slot_holds_the_work_of_all():
    alone, both = analyse(BY_ORIGIN, DATASET).slot_seconds, analyse([BY_ORIGIN, BY_CARRIER], DATASET).slot_seconds
    assert alone < both <= 2 * alone


def test_every_refused_statement_is_named_with_its_place():
    rows = "SELECT *\nFROM flights"
    assert refusals(rows, BY_ORIGIN, "SELECT COUNT(*) FROM flights WHERE\n  sky = 1") == [
        ("no-aggregate", "statement 1", *_place(rows)),
        ("unknown-column", "statement 3", 2, 3),
    ]
    assert refusals(rows, "SELEC 1", BY_ORIGIN, "FROM x") == [
        ("not-a-select", "statement 2", 1, 1),
        ("not-a-select", "statement 4", 1, 1),
    ]


def _place(text):
    ((_, where, line, column),) = refusals(text)
    assert where is None
    return line, column


def test_a_statement_is_not_answered_by_what_others_ask():
    assert [reason[:2] for reason in refusals("SELECT DISTINCT origin FROM flights", BY_ORIGIN)] == [
        ("no-aggregate", "statement 1")
    ]


def test_the_engine_is_asked_before_the_charge_about_each():
    query = analyse([BY_ORIGIN, BUSY], DATASET)
    first, second = query.layers.statements
    statements = (first, replace(second, sql="SELECT no_such(a0)", rowwise=None))
    broken = replace(query, layers=replace(query.layers, statements=statements))
    with pytest.raises(QueryRejected) as refused:
        planner.plan(broken, DATASET, permit(query.needs, epsilon_micro=10**6), epsilon_micro=10**6)
    assert [(reason.code, reason.where) for reason in refused.value.reasons] == [("above", "statement 2")]


def test_statements_share_the_limits_of_one_text():
    assert len(read([BY_ORIGIN] * MOST_STATEMENTS)) == MOST_STATEMENTS
    assert refusals(*[BY_ORIGIN] * (MOST_STATEMENTS + 1))[0][0] == "too-many-statements"
    assert refusals()[0][0] == "too-many-statements"
    words = f"SELECT COUNT(*) FROM flights WHERE month IN ({', '.join(['1'] * (MOST_WORDS // 4))})"
    assert read([words])
    assert refusals(words, words, words) == [("too-many-words", "sql", None, None)]
    text = f"SELECT COUNT(*) FROM flights WHERE origin = '{'x' * 40_000}'"
    assert refusals(text, text) == [("text-too-long", "sql", None, None)]


def test_a_statement_that_is_too_long_alone_is_named():
    wordy = f"SELECT COUNT(*) FROM flights WHERE month IN ({', '.join(['1'] * MOST_WORDS)})"
    assert refusals(BY_ORIGIN, wordy) == [("too-many-words", "statement 2", None, None)]
    text = f"SELECT COUNT(*) FROM flights WHERE origin = '{'x' * 70_000}'"
    told = [("text-too-long", f"statement {number}", None, None) for number in (1, 3)]
    assert refusals(text, BY_ORIGIN, text) == told


def test_too_many_aggregates_together_are_refused(monkeypatch):
    monkeypatch.setattr(split, "MOST_TOGETHER", 2)
    assert analyse([BY_ORIGIN, BY_CARRIER], DATASET)
    assert refusals(BY_ORIGIN, BY_CARRIER, TOTAL) == [("too-many-aggregates", "sql", None, None)]


def test_an_accuracy_is_that_of_every_column_of_the_name():
    query = analyse([BY_ORIGIN, BY_CARRIER, TOTAL], DATASET)
    given = permit(query.needs, epsilon_micro=10**8)
    limit = {"accuracy": {"n": Fraction(200)}, "most_epsilon_micro": 10**8}
    plan = planner.plan_for_accuracy(query, DATASET, given, **limit)
    told = [planner.expected_half_widths(above, above.own(plan.aggregations), 0.95) for above in plan.statements]
    assert max(widths["n"] for widths in told) <= 200
    alone = planner.plan_for_accuracy(query, DATASET, given, **(limit | {"accuracy": {"late": Fraction(10**5)}}))
    assert alone.epsilon_micro < plan.epsilon_micro


def test_a_name_that_is_derived_in_one_of_them_has_no_accuracy():
    query = analyse([BY_ORIGIN, "SELECT 2 * COUNT(*) AS n FROM flights"], DATASET)
    with pytest.raises(RequestRejected) as refused:
        planner.plan_for_accuracy(
            query,
            DATASET,
            permit(query.needs, epsilon_micro=10**8),
            accuracy={"n": Fraction(200)},
            most_epsilon_micro=10**8,
        )
    assert refused.value.reasons[0].where == "accuracy"


def test_error_bars_end_when_the_call_has_had_its_time(monkeypatch):
    texts = ["SELECT COUNT(*) AS n, AVG(delay) AS late FROM flights", f"SELECT MAX(n) AS m FROM ({BY_ORIGIN}) AS t"]
    backend = GivenSums(lambda measure, group: 1000)
    first, second = released_together(planned(texts), backend).statements
    assert None not in (*first.intervals["0.95"]["late"][0], *second.intervals["0.95"]["m"][0])
    monkeypatch.setattr(release, "WORKLOAD_SECONDS", 0)
    first, second = released_together(planned(texts), backend).statements
    assert first.intervals["0.95"]["late"] == second.intervals["0.95"]["m"] == [[None, None]]
    assert None not in first.intervals["0.95"]["n"][0]  # its law is known
    assert all("too long to simulate" in answer.notes[-1] for answer in (first, second))


def test_totals_are_the_sums_of_their_parts_in_other_statements():
    total, both = "SELECT COUNT(*) AS n FROM flights", BY_ORIGIN.replace("origin", "origin, carrier")
    plan = planned([total, BY_ORIGIN, both])
    answers = released_together(plan, GivenSums(lambda measure, group: 1000), OpenDPNoise())
    everything, origins, parts = (answer.rows for answer in answers.statements)
    assert everything[0][0] == sum(n for _, n in origins) == sum(n for *_, n in parts)
    for origin, n in origins:
        assert n == sum(part for place, _, part in parts if place == origin)


def test_the_answers_together_have_so_many_rows_at_most(monkeypatch):
    """Telling rows takes time after the charge: what the lane doesn't wait for would be withheld."""
    monkeypatch.setattr(split, "MOST_ANSWERED_TOGETHER", 6)
    assert len(planned([BY_ORIGIN, BY_CARRIER]).statements) == 2
    assert refusals(BY_ORIGIN, BY_CARRIER, TOTAL) == [("too-many-rows", "sql", None, None)]
    assert refusals(*[BY_ORIGIN] * 3) == [("too-many-rows", "sql", None, None)]  # told as often as it is asked


def test_what_is_asked_twice_is_computed_once():
    renamed = BUSY.replace("AS late", "AS delays")
    plan = planned([BUSY, BY_ORIGIN, BUSY, renamed])
    first, origins, again, other = released_together(plan, GivenSums(lambda measure, group: 1000 + group)).statements
    assert again is first
    assert other.rows == first.rows != origins.rows
    assert [column.name for column in other.columns] == ["origin", "n", "delays"]
