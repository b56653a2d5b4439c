"""Codes agree with a dict; no values that anyone could choose make the table slow."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from privacy.group_codes import GroupCodes, Interner, TooManyGroups, grown

WIDE = st.one_of(
    st.integers(-3, 3), st.integers(-(2**63), 2**63 - 1), st.sampled_from([-(2**63), 2**63 - 1, 2**62, 40_000, -40_000])
)
COLUMN = st.lists(st.one_of(st.none(), WIDE), max_size=150)


def generator() -> np.random.Generator:
    return np.random.default_rng(20_260_101)


def column(values):
    nulls = np.array([value is None for value in values], np.bool_)
    return np.array([0 if value is None else value for value in values], np.int64), nulls if nulls.any() else None


def by_dict(values):
    codes: dict[object, int] = {}
    return [codes.setdefault(value, len(codes)) for value in values]


@given(COLUMN, COLUMN)
@settings(max_examples=200, deadline=None)
def test_codes_are_those_of_a_dict_however_rows_are_cut(first, second):
    one = Interner(generator())
    codes = [*one.codes(*column(first)), *one.codes(*column(second))]
    assert codes == by_dict(first + second)
    assert one.values == list(dict.fromkeys(first + second))
    assert len(one) == len(one.values)


@pytest.mark.parametrize("step", [1, 7919, 2**20, 2**40, 2**47])
def test_many_values_are_told_apart_and_never_pile_up(step):
    values = (np.arange(100_000) * step).astype(np.int64)
    shuffled = generator().permutation(np.repeat(values, 3))
    one = Interner(generator())
    codes = one.codes(shuffled)
    assert len(one) == np.unique(values).size
    assert np.array_equal(one.column()[0][codes], shuffled)
    # The longest run of taken slots bounds every search; for random places it is some 40 at a table half full.
    free = np.flatnonzero(one._slots < 0)
    assert np.diff(free).max() < 300


def test_null_that_comes_first_last_or_when_the_table_is_full():
    for filled in range(30, 36):
        values = [*range(10**6, 10**6 + filled), None, 5, None]
        one = Interner(generator())
        assert one.codes(*column(values)).tolist() == by_dict(values)
        assert one.values == list(dict.fromkeys(values))
        assert one.column()[1].tolist() == [value is None for value in one.values]


def test_tables_of_different_seeds_agree_on_codes_and_differ_in_places():
    one, other = Interner(np.random.default_rng(1)), Interner(np.random.default_rng(2))
    values = np.arange(0, 10**9, 10**7)
    assert one.codes(values).tolist() == other.codes(values).tolist()
    assert one._slots.tolist() != other._slots.tolist()


@given(st.data(), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_groups_are_combinations_of_keys_and_merge(data, keys):
    row = st.tuples(*[st.one_of(st.none(), st.integers(-2, 2), WIDE)] * keys)
    first, second = data.draw(st.lists(row, min_size=1, max_size=80)), data.draw(st.lists(row, min_size=1, max_size=80))
    one, other = GroupCodes(keys, generator()), GroupCodes(keys, generator())
    assert one.codes([column(values) for values in zip(*first, strict=True)]).tolist() == by_dict(first)
    other.codes([column(values) for values in zip(*second, strict=True)])
    assert one.keys() == list(dict.fromkeys(first))
    theirs = other.keys()
    into = one.merge(other)
    assert one.keys() == list(dict.fromkeys(first + second))
    assert [one.keys()[code] for code in into] == theirs
    assert len(one) == len(one.keys())


def test_no_rows_are_no_groups():
    one = GroupCodes(2, generator())
    assert one.codes([column([]), column([])]).tolist() == []
    assert (len(one), one.keys()) == (0, [])


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(ValueError, match="key"):
        GroupCodes(0, generator())
    for columns in ([column([1])], [column([1]), column([1, 2])]):
        with pytest.raises(ValueError, match="column"):
            GroupCodes(2, generator()).codes(columns)
    with pytest.raises(ValueError, match="flags"):
        Interner(generator()).codes(np.zeros(2, np.int64), np.zeros(1, np.bool_))


def test_more_groups_than_planned_for_are_refused():
    one = Interner(generator(), most=1000)
    one.codes(np.arange(1000, dtype=np.int64))
    with pytest.raises(TooManyGroups):
        one.codes(np.arange(3000, dtype=np.int64))


def test_arrays_grow_to_twice_their_size_and_keep_what_they_hold():
    array = np.array([1, 2, 3], np.int32)
    assert grown(array, 3) is array
    assert (grown(array, 4).size, grown(array, 9).size) == (6, 9)
    assert grown(array, 4)[:3].tolist() == [1, 2, 3]
