"""The operation report's figures: each asking counted once, days of Shanghai, nothing outside the period."""

from datetime import UTC, datetime, timedelta
from typing import Any

from policies.operation import operation_facts

BEGINS, ENDS = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 3, tzinfo=UTC)


def leaf(kind: str, hours: float, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "time": (BEGINS + timedelta(hours=hours)).isoformat(), **more}


def test_figures_of_a_period() -> None:
    li, wang = ({"account": name, "organization": "university", "dataset": "visits"} for name in ("li", "wang"))
    found = operation_facts(
        [
            leaf("intent", -0.1, **li),
            leaf("intent", 0, **li),
            leaf("outcome", 0.01, outcome="answered", **li),
            leaf("outcome", 0.5, outcome="repeated", **wang),
            leaf("intent", 17, **li),  # in Shanghai that is the next day
            leaf("outcome", 17.1, outcome="withheld", **li),
            leaf("refusal", 18, refused="refused", account="li", organization="university"),
            leaf("act", 19, act="hold", by="officer"),
            leaf("act", 20, act="hold", by="officer"),
            leaf("act", 21, act="lift", by="officer"),
            leaf("intent", 48, **li),
        ],
        begins=BEGINS,
        ends=ENDS,
    )
    told = {name: count for name, count in found.invocations.items() if count}
    assert told == {"charged": 2, "answered": 1, "repeated": 1, "withheld": 1, "refused": 1}
    assert found.by_dataset == (("visits", 3), ("refused before a dataset was known", 1))
    assert found.by_day == (("2026-03-01", 2), ("2026-03-02", 2))
    assert (found.busiest_hour, found.people, found.organizations) == (2, 2, 1)
    assert found.acts == (("hold", 2), ("lift", 1))


def test_a_quiet_period_has_figures_too() -> None:
    found = operation_facts([], begins=BEGINS, ends=ENDS)
    assert (found.busiest_hour, found.by_day, sum(found.invocations.values())) == (0, (), 0)
