"""Codes of private keys agree with a dict, whatever the columns' types, and however rows are cut into batches."""

from datetime import UTC, date, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from dp_queries.backends.private_keys import PrivateKeys
from privacy.group_codes import TooManyGroups

ROWS = st.lists(
    st.tuples(st.sampled_from(["a", "b", "", "ä", None]), st.one_of(st.none(), st.integers(-3, 3))), max_size=20
)


def keys(count: int = 1, **more: int) -> PrivateKeys:
    return PrivateKeys(count, np.random.default_rng(), **more)


def columns(rows):
    return [pa.array([text for text, _ in rows], pa.string()), pa.array([number for _, number in rows], pa.int32())]


@given(ROWS, ROWS, ROWS)
@settings(max_examples=100, deadline=None)
def test_rows_share_a_code_exactly_if_they_share_their_keys(first, second, third):
    one, other = keys(2), keys(2)
    mine = [*one.codes(columns(first)), *one.codes(columns(second))]
    theirs = other.codes(columns(third))
    assert [one.keys()[code] for code in mine] == first + second
    into = one.merge(other)
    assert [one.keys()[code] for code in mine] == first + second
    assert [one.keys()[into[code]] for code in theirs] == third
    assert sorted(one.keys(), key=repr) == sorted(set(first + second + third), key=repr)
    assert len(one) == len(one.keys())


@pytest.mark.parametrize(
    ("column", "values"),
    [
        (pa.array([date(1970, 1, 3), None, date(1969, 12, 31)]), [2, None, -1]),
        (pa.array([True, False, None]), [1, 0, None]),
        (pa.array([2**63 - 1, -(2**63), 0]), [2**63 - 1, -(2**63), 0]),
        (pa.array([5, None, 7], pa.uint8()), [5, None, 7]),
        (pa.array([datetime(1970, 1, 1, 0, 0, 1), None], pa.timestamp("us")), [1_000_000, None]),
        (pa.array(["x", None, "y", "x"]).dictionary_encode(), ["x", None, "y", "x"]),
        (pa.array(["x", "y"], pa.large_string()), ["x", "y"]),
        (pa.array([None, None], pa.string()), [None, None]),
        (pa.array([None, None]), [None, None]),
        (pa.array([], pa.string()), []),
        (pa.array(["a", "b", "c"]).slice(1), ["b", "c"]),
    ],
)
def test_every_kind_of_key_comes_back(column, values):
    one = keys()
    assert [one.keys()[code] for code in one.codes([column])] == [(value,) for value in values]


@pytest.mark.parametrize(
    "column",
    [
        pa.array([1.5]),
        pa.array([2**63], pa.uint64()),
        pa.array([datetime(2020, 1, 1, tzinfo=UTC).time()]),
        pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), pa.array(["x", None])),
    ],
)
def test_what_cannot_be_a_key_is_refused_by_its_type(column):
    with pytest.raises(ValueError, match=r"key|NULL"):
        keys().codes([column])


def test_memory_is_limited():
    with pytest.raises(TooManyGroups):
        keys(most=100).codes([pa.array(range(1000))])


@given(ROWS, st.data())
@settings(max_examples=50, deadline=None)
def test_what_is_shown_does_not_depend_on_the_order_of_rows(rows, data):
    one, other = keys(2), keys(2)
    mine = one.codes(columns(rows))
    other.codes(columns(data.draw(st.permutations(rows))))
    wanted = data.draw(st.sets(st.sampled_from(rows))) if rows else set()
    shown, places = one.shown([code for code, key in enumerate(one.keys()) if key in wanted])
    assert shown == other.shown([code for code, key in enumerate(other.keys()) if key in wanted])[0]
    assert set(shown) == wanted
    assert [shown[place] if place >= 0 else None for place in places[mine]] == [
        row if row in wanted else None for row in rows
    ]


def test_keys_are_ordered_by_value_with_null_last():
    one = keys(2)
    one.codes([pa.array(["b", "a", None, "a", "a"]), pa.array([1, 10, 0, None, 9])])
    assert one.shown(range(5))[0] == [("a", 9), ("a", 10), ("a", None), ("b", 1), (None, 0)]
