"""Utilization reports: due dates from the agreement, states over time, and a narrative that is complete or returned."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from policies.errors import Refused, RequestRejected, WrongState
from policies.reports import MACHINE, RESULT_KINDS, Period, Recorded, overdue, owed, periods, read_narrative, standing
from policies.working_days import SHANGHAI
from tests.policies.contracts import TERMS

SOURCE = "Bureau of Transport, flights."


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def lasting(begins, ends, months=6, grace=30):
    return replace(TERMS, not_before=begins, expires_at=ends, reports_every_months=months, reports_grace_days=grace)


def test_a_year_has_two_reports_and_the_last_one_is_due_at_the_end():
    first, second, third = periods(lasting(at("2026-01-15"), at("2027-02-01")))
    assert first == Period(1, at("2026-01-15"), at("2026-07-15"), at("2026-08-14"))
    assert (second.begins, second.due_at) == (at("2026-07-15"), at("2027-01-15"))
    assert (third.begins, third.due_at, third.overdue_at) == (at("2027-01-15"), at("2027-02-01"), at("2027-03-03"))


def test_short_months_end_earlier_and_do_not_shift_what_follows():
    due = [period.due_at for period in periods(lasting(at("2027-10-31"), at("2028-05-31"), months=1))]
    assert [(moment.month, moment.day) for moment in due] == [
        *((11, 30), (12, 31), (1, 31), (2, 29), (3, 31), (4, 30), (5, 31))
    ]


def test_months_are_those_of_shanghai():
    """20:00 UTC on 30 January is the 31st in Shanghai, and a month later the 28th of February there."""
    begins = datetime(2027, 1, 30, 20, tzinfo=UTC)
    assert periods(lasting(begins, begins + timedelta(days=400), months=1))[0].due_at == datetime(
        2027, 2, 27, 20, tzinfo=UTC
    )


BEGINS = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)


@given(BEGINS, st.integers(1, 3000), st.integers(1, 24), st.integers(0, 60))
def test_periods_cover_the_agreement_without_gap_or_overlap(begins, days, months, grace):
    terms = lasting(begins, begins + timedelta(days=days), months, grace)
    found = periods(terms)
    assert (found[0].begins, found[-1].due_at) == (terms.not_before, terms.expires_at)
    assert all(one.due_at == other.begins for one, other in pairwise(found))
    assert [period.number for period in found] == list(range(1, len(found) + 1))
    for period in found:
        assert period.begins < period.due_at
        assert period.overdue_at - period.due_at == timedelta(days=grace)
        assert period.due_at - period.begins <= timedelta(days=31 * months + 3)


YEAR = lasting(at("2026-01-01"), at("2027-01-01"))
FIRST = periods(YEAR)[0]


@pytest.mark.parametrize(
    ("recorded", "now", "expected"),
    [
        (None, "2026-06-30", "running"),
        (None, "2026-07-01", "due"),
        (None, "2026-07-30T23:59:59", "due"),
        (None, "2026-07-31", "overdue"),
        (Recorded("awaited", at("2026-01-01")), "2026-07-31", "overdue"),
        (Recorded("filed", at("2026-07-10")), "2026-12-01", "filed"),
        (Recorded("accepted", at("2026-07-10")), "2026-12-01", "accepted"),
        (Recorded("returned", at("2026-07-05")), "2026-08-01", "due"),  # the days of grace again, from its return on
        (Recorded("returned", at("2026-07-05")), "2026-08-04", "overdue"),
        (Recorded("returned", at("2026-06-01")), "2026-07-30", "due"),  # never fewer than the first time
    ],
)
def test_where_a_report_stands(recorded, now, expected):
    assert standing(FIRST, recorded, YEAR, at(now)) == expected


def test_a_report_is_overdue_until_it_is_filed():
    now, versions = at("2027-03-01"), [(YEAR, YEAR.not_before)]
    first, second, *_ = periods(YEAR)
    assert overdue(versions, {}, now) == (first, second)
    filed = {first.due_at: Recorded("filed", now), second.due_at: Recorded("accepted", now)}
    assert overdue(versions, filed, now) == ()
    assert overdue(versions, {first.due_at: filed[first.due_at]}, now) == (second,)
    assert overdue(versions, {}, at("2026-07-30")) == ()


def test_an_amendment_ends_no_duty_and_asks_for_nothing_that_nobody_had_agreed_on():
    monthly, first = replace(YEAR, reports_every_months=1), periods(YEAR)[0]
    issued = first.due_at + timedelta(days=10)
    versions = [(YEAR, YEAR.not_before), (monthly, issued)]
    found = [period for period, _ in owed(versions)]
    assert found[0].due_at == first.due_at
    assert [period.number for period in found] == list(range(1, len(found) + 1))
    assert issued < found[1].due_at < issued + timedelta(days=31)
    assert found[1].begins < issued
    assert overdue(versions, {}, first.overdue_at)[0].due_at == first.due_at
    assert owed([(YEAR, YEAR.not_before), (YEAR, issued)]) == owed([(YEAR, YEAR.not_before)])


def test_a_report_that_was_filed_early_is_due_anew_once_its_period_is_over():
    first = periods(YEAR)[0]
    early = Recorded("filed", first.due_at - timedelta(days=1))
    assert standing(first, early, YEAR, first.due_at - timedelta(hours=1)) == "filed"
    assert standing(first, early, YEAR, first.due_at) == "due"
    assert standing(first, early, YEAR, first.overdue_at) == "overdue"
    assert standing(first, Recorded("filed", first.due_at), YEAR, first.overdue_at) == "filed"


def test_who_files_does_not_accept():
    assert MACHINE.step("awaited", "file", "researcher") == "filed"
    assert MACHINE.step("filed", "return", "data-provider") == "returned"
    assert MACHINE.step("returned", "file", "researcher") == "filed"
    assert MACHINE.step("filed", "accept", "operator") == "accepted"
    with pytest.raises(Refused):
        MACHINE.step("filed", "accept", "researcher")
    with pytest.raises(WrongState):
        MACHINE.step("accepted", "return", "operator")


GOOD = {
    "scenario": "Delays of flights by season.",
    "served": "Travellers of the region.",
    "business_model": "None: research.",
    "benefits": "Fewer missed connections.",
    "measures": dict.fromkeys(TERMS.measures, "As agreed, by training and by access control."),
    "results": [
        {"title": "Delays in 2026", "kind": "academic paper", "citation": f"Data: {SOURCE} Version 3."},
    ],
}


def test_a_complete_narrative_is_read():
    narrative = read_narrative(GOOD, TERMS, source=SOURCE)
    assert narrative.scenario == GOOD["scenario"]
    assert narrative.measures == GOOD["measures"]
    [result] = narrative.results
    assert (result.title, result.kind) == ("Delays in 2026", "academic paper")
    assert read_narrative(GOOD | {"results": []}, TERMS, source=SOURCE).results == ()


RESULT = GOOD["results"][0]
FAULTS = [
    ([], ["report"]),
    ({}, ["text"] * 4 + ["measures", "results"]),
    (GOOD | {"scenario": "  a ", "benefits": 7, "more": 1}, ["field", "text", "text"]),
    (GOOD | {"served": "x" * 4001}, ["text"]),
    (GOOD | {"measures": {}}, ["measure-missing"] * len(TERMS.measures)),
    (GOOD | {"measures": GOOD["measures"] | {"another": "kept well"}}, ["measure-unknown"]),
    (GOOD | {"results": [RESULT] * 101}, ["results"]),
    (GOOD | {"results": [RESULT, {}, "x", RESULT | {"more": 1}]}, ["result"] * 3),
    (GOOD | {"results": [RESULT | {"title": "", "kind": "song"}]}, ["title", "kind"]),
    (GOOD | {"results": [RESULT | {"citation": "Data of the city."}]}, ["citation"]),
    (GOOD | {"results": [RESULT | {"citation": None, "kind": []}]}, ["kind", "citation"]),
]


@pytest.mark.parametrize(("value", "expected"), FAULTS)
def test_an_incomplete_narrative_is_told_every_reason(value, expected):
    with pytest.raises(RequestRejected) as rejected:
        read_narrative(value, TERMS, source=SOURCE)
    assert [reason.code for reason in rejected.value.reasons] == expected


def test_the_kinds_of_results_are_those_of_the_rule():
    assert RESULT_KINDS[:3] == ("data product", "research report", "academic paper")
