"""From levels to a class: by the guide alone, and never more open than its most sensitive field."""

from itertools import product

import pytest
from hypothesis import given, strategies as st

from policies.classification import CLASSES, DOORS, GUIDE, GradedField, Requirement, classify

LEVELS = st.sampled_from((1, 2, 3, 4))
FIELDS = st.lists(
    st.builds(GradedField, st.just("t.c"), LEVELS, st.sampled_from((None, "de-identification", "consent"))), min_size=1
)


@pytest.mark.parametrize(
    ("levels", "openness"),
    [((1,), "unconditional"), ((1, 2), "conditional"), ((3,), "conditional"), ((1, 4, 2), "non-open")],
)
def test_the_most_sensitive_field_decides(levels, openness):
    found = classify(GradedField(f"t.c{number}", level, None) for number, level in enumerate(levels))
    assert found.openness == openness
    assert all(f"has level {max(levels)}" in cause for cause in found.causes)


@given(FIELDS, FIELDS)
def test_a_further_field_never_opens(fields, further):
    alone, joined = classify(fields), classify([*fields, *further])
    assert CLASSES.index(joined.openness) >= CLASSES.index(alone.openness)
    assert joined.openness == "non-open" or set(alone.conditions) <= set(joined.conditions)


@given(FIELDS)
def test_without_grounds_a_private_field_is_not_opened(fields):
    closed = any(field.level == 4 and field.grounds is None for field in fields)
    assert (classify(fields).openness == "non-open") == closed


def test_grounds_open_a_private_field_as_one_about_a_person_and_no_other():
    opened = classify([GradedField("t.name", 4, "consent")])
    assert (opened.openness, opened.conditions) == ("conditional", GUIDE.level(3).conditions)
    assert classify([GradedField("t.day", 1, "consent")]).openness == "unconditional"


@pytest.mark.parametrize("requirement", [name for name, _ in GUIDE.requirements])
def test_a_requirement_of_the_delivery_makes_harmless_data_conditional(requirement: Requirement):
    found = classify([GradedField("t.day", 1, None)], [requirement])
    assert (found.openness, found.causes) == ("conditional", (f"its delivery requires {requirement}",))


def test_nothing_has_no_class():
    with pytest.raises(ValueError, match="no class"):
        classify([])


def test_doors_follow_from_the_class_and_a_closed_one_has_none():
    assert DOORS == {"unconditional": ("download",), "conditional": ("sql", "function", "training"), "non-open": ()}


def test_the_guide_holds_what_the_rule_lists_and_closes_with_its_levels():
    published = GUIDE.to_json()
    assert published["method"]
    assert published["process"]
    assert [level["number"] for level in published["levels"]] == [1, 2, 3, 4]
    for one, other in product(GUIDE.levels, GUIDE.levels):
        if one.number <= other.number:
            assert CLASSES.index(one.openness) <= CLASSES.index(other.openness)
    assert all(level["examples"] and level["meaning"] for level in published["levels"])
    assert all(level.measures for level in GUIDE.levels if level.openness != "unconditional")
