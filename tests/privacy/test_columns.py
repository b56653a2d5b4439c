"""Columns as kernels take them: each pass against the same in plain Python."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from privacy.columns import joined, places, without_nulls

KINDS = {np.uint8: (0, 255), np.int32: (-(2**31), 2**31 - 1), np.int64: (-(2**63), 2**63 - 1)}


@given(present=st.lists(st.booleans(), max_size=70), kind=st.sampled_from([np.int32, np.int64, np.float64]))
def test_nulls_get_the_value_that_stands_for_them(present, kind):
    values = np.arange(len(present)).astype(kind)
    values.flags.writeable = False
    bitmap = np.packbits(np.array(present, bool), bitorder="little")
    found = without_nulls(values, bitmap, kind(-7))
    assert found.tolist() == [place if is_there else -7 for place, is_there in enumerate(present)]


def test_a_float_that_is_not_there_is_no_number():
    found = without_nulls(np.array([1.5, 2.5]), np.array([0b10], np.uint8), np.float64("nan"))
    assert np.isnan(found).tolist() == [True, False]


def test_a_bitmap_must_reach_to_the_end():
    with pytest.raises(ValueError, match="bitmap"):
        without_nulls(np.zeros(9, np.int32), np.full(1, 255, np.uint8), np.int32(0))


@given(
    kind=st.sampled_from(list(KINDS)),
    first=st.one_of(st.integers(-5, 5), st.sampled_from([-(2**63), 2**63 - 3, -(2**31), 2**31 - 3])),
    table=st.one_of(st.lists(st.integers(-1, 9), max_size=9), st.integers(0, 9).map(lambda size: list(range(size)))),
    data=st.data(),
)
def test_a_value_gets_its_place_and_all_others_none(kind, first, table, data):
    low, high = KINDS[kind]
    near = [value for value in range(first - 3, first + len(table) + 3) if low <= value <= high]
    anything = st.integers(low, high)
    values = data.draw(st.lists(st.one_of(anything, st.sampled_from(near)) if near else anything, max_size=40))
    known = {first + place: code for place, code in enumerate(table) if first + place < 2**63}
    is_run = table == list(range(len(table)))
    found = places(np.array(values, kind), first, np.array(table, np.int32), is_run=is_run)
    assert found.tolist() == [known.get(value, -1) for value in values]


def test_differences_that_wrap_are_no_places():
    values, table = np.array([-(2**63), 2**63 - 1], np.int64), np.arange(5, dtype=np.int32)
    assert places(values, 2**63 - 2, table, is_run=True).tolist() == [-1, 1]
    assert places(values, 2**63 - 2, table[::-1].copy(), is_run=False).tolist() == [-1, 3]


@given(pairs=st.lists(st.tuples(st.integers(-1, 6), st.integers(-1, 4)), max_size=40))
def test_places_of_two_keys_are_one_number(pairs):
    codes, more = (np.array([pair[at] for pair in pairs], np.int32) for at in (0, 1))
    expected = [first * 5 + second if first >= 0 and second >= 0 else -1 for first, second in pairs]
    assert joined(codes, more, 5).tolist() == expected


def test_columns_of_two_lengths_are_refused():
    with pytest.raises(ValueError, match="length"):
        joined(np.zeros(2, np.int32), np.zeros(3, np.int32), 4)
