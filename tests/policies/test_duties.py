"""Conditions become duties: terms that fall short of the dataset's opening conditions are named, every one."""

from dataclasses import replace
from typing import Any

import pytest

from policies.duties import unmet
from tests.policies.test_applications import AGREED, CARD, MEASURES


def test_terms_that_meet_the_conditions_have_nothing_against_them():
    assert unmet(AGREED, CARD) == ()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"purposes": AGREED.purposes | {"marketing"}}, [("purpose", "purposes")]),
        ({"measures": AGREED.measures - set(MEASURES)}, [("measure", "measures")] * len(MEASURES)),
        ({"reports_every_months": 13}, [("reports", "reports_every_months")]),
        ({"reports_grace_days": 31}, [("reports", "reports_grace_days")]),
    ],
)
def test_what_falls_short_is_named(changes: dict[str, Any], expected: list[tuple[str, str]]):
    found = unmet(replace(AGREED, **changes), CARD)
    assert [(reason.code, reason.where) for reason in found] == expected


def test_more_than_the_conditions_ask_for_may_be_agreed():
    stricter = replace(AGREED, reports_every_months=1, reports_grace_days=0, measures=AGREED.measures | {"A moat."})
    assert unmet(stricter, CARD) == ()


def test_a_dataset_without_conditions_asks_for_nothing():
    bare = CARD.model_copy(update={"conditions": (), "materials": ()})
    assert unmet(replace(AGREED, purposes=frozenset({"anything"}), measures=frozenset({"A moat."})), bare) == ()
