"""Groups that were shown are found by their places, as a dict finds them, however many combinations there could be."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dp_queries.backends import shown_groups
from dp_queries.backends.shown_groups import ShownGroups


@st.composite
def worlds(draw):
    sizes = draw(st.lists(st.sampled_from([1, 2, 3, 2**20, 2**30]), min_size=1, max_size=4))
    place = [st.one_of(st.integers(0, min(3, size - 1)), st.just(size - 1)) for size in sizes]
    groups = sorted(draw(st.sets(st.tuples(*place), min_size=1, max_size=12)))
    rows = draw(st.lists(st.tuples(*(st.one_of(st.just(-1), each) for each in place)), max_size=20))
    return sizes, groups, rows + groups


@settings(max_examples=200, deadline=None)
@given(world=worlds(), widest=st.sampled_from([0, 2**20]))
def test_a_row_is_in_the_group_of_its_places_and_else_in_none(world, widest):
    sizes, groups, rows = world
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shown_groups, "_WIDEST_TABLE", widest)  # with tables, and without
        found = ShownGroups(groups, sizes)
    columns = [np.array(column, np.int32) for column in zip(*rows, strict=True)]
    known = {group: code for code, group in enumerate(groups)}
    assert found.codes(columns).tolist() == [known.get(row, -1) for row in rows]


@pytest.mark.parametrize("groups", [[], [(1, 0), (0, 0)], [(0, 0), (0, 0)], [(0,)]])
def test_groups_must_be_there_ascend_and_have_a_place_per_key(groups):
    with pytest.raises(ValueError, match="group"):
        ShownGroups(groups, [2, 2])
