"""Treatment as figures: counted by dataset and organization, time from acceptance to decision."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from policies.treatment import Treated, treatment

START = datetime(2026, 3, 2, tzinfo=UTC)
ONE = Treated("visits", "open-university", "signed", 1, START, START + timedelta(days=4), is_late=False)


def test_each_organization_is_told_by_itself():
    other = replace(ONE, organization="elsewhere", state="refused", decided_at=START + timedelta(days=30), is_late=True)
    first, second = treatment([ONE, other, replace(ONE, returns=2, decided_at=START + timedelta(days=5))])
    assert (first.organization, first.refused, first.late, first.median_days) == ("elsewhere", 1, 1, 30.0)
    assert (second.approved, second.returns, second.late, second.median_days) == (2, 3, 0, 4.5)


def test_what_was_withdrawn_or_is_pending_has_no_time_of_decision():
    pending = replace(ONE, state="under-review", decided_at=None)
    [figures] = treatment([pending, replace(ONE, state="withdrawn")])
    assert (figures.pending, figures.withdrawn, figures.approved, figures.median_days) == (1, 1, 0, None)
