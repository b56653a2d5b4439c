"""The factual half of a report: figures that anybody with the log computes, held against a slow twin."""

from collections import Counter
from datetime import timedelta

from hypothesis import given, strategies as st

from policies.report_facts import KINDS, report_facts
from policies.reports import periods
from privacy.budget import Budget, Spent, spent_micro
from privacy.loss import pure_loss, zcdp_loss
from tests.policies.contracts import START, TERMS

MINE, OTHERS = "urn:jali:agreement:a-1", "urn:jali:agreement:a-2"
FIRST, *_ = periods(TERMS)
BUDGET = Budget(TERMS.epsilon_micro, TERMS.delta, TERMS.delta / 4)
LOSSES = {"pure": pure_loss(250_000), "noisy": zcdp_loss(3_000_000)}


def leaf(kind, day=1, *, agreement=MINE, **more):
    common = {"kind": kind, "time": (START + timedelta(days=day)).isoformat(), "agreement": agreement, "account": "li"}
    if kind == "intent":
        common |= {"door": "sql", "purpose": "delay study", "loss": LOSSES["pure"].to_json()}
    return common | more


def facts(leaves):
    return report_facts(enumerate(leaves), agreement=MINE, period=FIRST, budget=BUDGET)


def test_figures_of_a_period():
    found = facts(
        [
            {"kind": "act", "act": "load", "time": START.isoformat(), "by": "operator"},
            leaf("intent", columns=["flights.delay", "flights.origin"], aggregates=["avg"]),
            leaf("outcome", outcome="answered"),
            leaf("intent", columns=["flights.delay"], aggregates=["count", "avg"], account="wang"),
            leaf("outcome", outcome="withheld", account="wang"),
            leaf("outcome", outcome="repeated"),
            leaf("refusal", refused="refused"),
            leaf("intent", agreement=OTHERS, columns=["flights.dest"]),
        ]
    )
    assert found.invocations == {
        **{"charged": 2, "answered": 1, "repeated": 1, "stopped": 0, "withheld": 1, "refused": 1}
    }
    assert found.columns == (("flights.delay", 2), ("flights.origin", 1))
    assert found.aggregates == (("avg", 2), ("count", 1))
    assert (found.doors, found.purposes) == ((("sql", 2),), (("delay study", 2),))
    assert (found.people, found.first, found.last) == (2, 1, 6)
    assert found.epsilon_micro == spent_micro(BUDGET, Spent().plus(LOSSES["pure"]).plus(LOSSES["pure"]))


def test_nothing_was_used():
    found = facts([])
    assert set(found.invocations) == set(KINDS)
    assert set(found.invocations.values()) == {0}
    assert (found.epsilon_micro, found.people, found.first, found.last) == (0, 0, None, None)


def test_a_period_ends_where_the_next_one_begins():
    span = (FIRST.due_at - START).days
    days = [-1, 0, span - 1, span]
    found = facts([leaf("refusal", day) for day in days])
    assert (found.invocations["refused"], found.first, found.last) == (2, 1, 2)


LEAVES = st.lists(
    st.builds(
        lambda kind, day, agreement, columns, loss: leaf(
            *kind.split("/")[:1],
            day,
            agreement=agreement,
            **({"outcome": kind.split("/")[1]} if "/" in kind else {}),
            **({"columns": columns, "loss": LOSSES[loss].to_json()} if kind == "intent" else {}),
        ),
        st.sampled_from(["intent", "outcome/answered", "outcome/repeated", "outcome/stopped", "refusal"]),
        st.integers(-5, 400),
        st.sampled_from([MINE, OTHERS]),
        st.lists(st.sampled_from(["flights.delay", "flights.origin"]), unique=True),
        st.sampled_from(sorted(LOSSES)),
    ),
    max_size=12,
)


@given(LEAVES)
def test_figures_are_those_of_a_slow_twin(leaves):
    found = facts(leaves)
    begins, due = FIRST.begins.isoformat(), FIRST.due_at.isoformat()
    mine = [each for each in leaves if each["agreement"] == MINE and begins <= each["time"] < due]
    charged = [each for each in mine if each["kind"] == "intent"]
    assert sum(found.invocations.values()) == len(mine)
    assert found.invocations["charged"] == len(charged)
    assert dict(found.columns) == dict(Counter(name for each in charged for name in each["columns"]))
    spent = Spent()
    for each in charged:
        spent = spent.plus(next(loss for loss in LOSSES.values() if loss.to_json() == each["loss"]))
    assert found.epsilon_micro == spent_micro(BUDGET, spent)
    assert (found.epsilon_micro == 0) == (not charged)


@given(LEAVES)
def test_periods_share_out_what_was_invoked(leaves):
    """What the reports of all periods say together is what the log says of the agreement's time."""
    each = [report_facts(enumerate(leaves), agreement=MINE, period=period, budget=BUDGET) for period in periods(TERMS)]
    ends = TERMS.expires_at.isoformat()
    mine = [one for one in leaves if one["agreement"] == MINE and START.isoformat() <= one["time"] < ends]
    assert sum(sum(found.invocations.values()) for found in each) == len(mine)
