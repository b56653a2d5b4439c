from itertools import pairwise
from time import perf_counter

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from dp_queries.backends import tallies
from privacy.distinct import Claims, text_number
from privacy.parts import UnitOrderBroken
from privacy.units import ContributionNorm

LEAST = {np.int32: -(2**31), np.int64: -(2**63)}


def units(*codes: int) -> np.ndarray:
    return np.array(codes, np.int32)


def counted(norm, codes, groups, values, size=1):
    claims = Claims(size, norm)
    claims.add(codes, groups, values)
    return claims.finish().tolist()


def counted_rows(norm, rows, size):
    """Rows are (unit, group, value), in any order."""
    rows = sorted(rows, key=lambda row: row[0])
    codes, groups = (np.array([row[place] for row in rows], np.int32) for place in range(2))
    return counted(norm, codes, groups, np.array([row[2] for row in rows], np.int64), size)


def test_values_count_once_whoever_has_them():
    values = np.array([5, 5, 6, 6, 7], np.int64)
    assert counted(ContributionNorm(9, 1), units(0, 0, 0, 1, 1), None, values) == [3]


def test_a_unit_claims_no_more_than_its_norm_and_passes_over_what_is_claimed():
    rows = [(unit, 0, value) for unit in range(3) for value in range(7)]
    assert counted_rows(ContributionNorm(2, 1), rows, 1) == [6]
    assert counted_rows(ContributionNorm(8, 4), rows, 1) == [6 * 4]


def test_allowances_fill_all_groups_alike_and_lose_a_unit_of_too_many_groups():
    wide = [(0, 0, value) for value in range(9)] + [(0, 1, 0), (0, 2, 0)]
    assert counted_rows(ContributionNorm(5, 1), wide, 3) == [4, 1, 1]
    assert counted_rows(ContributionNorm(5, 1), [(0, group, 0) for group in range(25)], 26) == [1] * 25 + [0]
    assert counted_rows(ContributionNorm(5, 1), [(0, group, 0) for group in range(26)], 26) == [0] * 26


@pytest.mark.parametrize("width", [np.int32, np.int64])
def test_null_and_an_unknown_group_count_nowhere(width):
    values = np.array([LEAST[width], 1, 2, 3], width)
    assert counted(ContributionNorm(9, 1), units(0, 0, 0, 1), units(0, -1, 2, 1), values, 2) == [0, 1]


def test_floats_are_values_by_their_bits_and_zero_has_one_sign():
    values = np.array([0.0, -0.0, np.nan, 0.1, 0.1, np.inf, 5e-324], np.float64)
    assert counted(ContributionNorm(9, 1), np.arange(7, dtype=np.int32), None, values) == [4]


@pytest.mark.parametrize("batches", [[(1, 2, 1)], [(3,), (2,)], [(0, -1)], [(-2,)]])
def test_a_unit_seen_twice_is_refused(batches):
    claims = Claims(1, ContributionNorm(1, 1))
    with pytest.raises(UnitOrderBroken):
        for batch in batches:
            claims.add(units(*batch), None, np.zeros(len(batch), np.int32))


ROWS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 2), st.integers(-3, 6)), max_size=50)
NORMS = st.builds(ContributionNorm, st.integers(1, 40), st.sampled_from([1, 4, 7]))


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, norm=NORMS, cuts=st.lists(st.integers(0, 50), max_size=5))
def test_the_kernel_agrees_with_its_twin_for_any_cut_into_batches(rows, norm, cuts):
    rows = sorted(rows, key=lambda row: row[0])
    codes, groups, values = (np.array([row[place] for row in rows], np.int32) for place in range(3))
    claims = Claims(3, norm)
    for first, last in pairwise([0, *sorted(cuts), 50]):
        claims.add(codes[first:last], groups[first:last], values[first:last])
    claimed = tallies.claims(([(g, v) for u, g, v in rows if u == unit] for unit in range(7)), 3, norm)
    assert claims.finish().tolist() == claimed


def allowances(rows, norm, size):
    distinct = [len({value for _, at, value in rows if at == group}) for group in range(size)]
    most = tallies.allowance(distinct, norm)
    return [min(each, most) for each in distinct]


@settings(max_examples=300, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 30).filter(lambda unit: unit % 5), st.integers(0, 2), st.integers(0, 12))),
    unit=st.integers(0, 6).map(lambda number: 5 * number),
    mine=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 12)), min_size=1, max_size=39),
    norm=NORMS,
)
def test_a_unit_moves_no_count_by_more_than_its_allowance(rows, unit, mine, norm):
    extra = [(unit, group, value) for group, value in mine]
    moved = np.subtract(counted_rows(norm, rows + extra, 3), counted_rows(norm, rows, 3)) // norm.grid
    assert all(0 <= step <= most for step, most in zip(moved, allowances(extra, norm, 3), strict=True))
    assert int((moved**2).sum()) * norm.grid**2 <= norm.l2_steps**2


def test_a_count_by_order_of_discovery_would_move_by_more_than_the_allowance():
    """Why a value's number is made of the value alone: the same rows, numbered as they come, break the claim."""

    def discovered(rows):
        numbers: dict[int, int] = {}
        return [(unit, group, numbers.setdefault(value, len(numbers))) for unit, group, value in rows]

    rng, norm = np.random.default_rng(7), ContributionNorm(1, 1)
    worst = 0
    for _ in range(300):
        rows = [(unit, 0, int(value)) for unit in range(1, 9) for value in rng.integers(0, 8, 3)]
        extra = [(0, 0, int(value)) for value in rng.integers(0, 8, 6)]
        moved = counted_rows(norm, discovered(extra + rows), 1)[0] - counted_rows(norm, discovered(rows), 1)[0]
        worst = max(worst, abs(moved))
        assert abs(counted_rows(norm, extra + rows, 1)[0] - counted_rows(norm, rows, 1)[0]) <= 1
    assert worst > 1


def test_many_claims_and_a_giant_unit():
    rng = np.random.default_rng(3)
    codes = np.sort(rng.integers(0, 5000, 200_000)).astype(np.int32)
    codes[60_000:160_000] = codes[60_000]
    codes.sort()
    values = rng.integers(-(2**62), 2**62, codes.size)
    values[rng.random(codes.size) < 0.5] %= 1000
    claims = Claims(1, ContributionNorm(2**30, 1))
    for first in range(0, codes.size, 7777):
        claims.add(codes[first : first + 7777], None, values[first : first + 7777])
    assert claims.finish().tolist() == [np.unique(values).size]
    assert counted(ContributionNorm(1, 1), codes, None, values) == [np.unique(codes).size]


def test_texts_have_numbers_of_their_own():
    texts = [f"text {number}" for number in range(20_000)]
    assert len({text_number(text) for text in texts}) == len(texts)
    assert text_number("Zürich") == 8103164278749123848
    assert all(-(2**63) <= text_number(text) < 2**63 for text in texts)


@pytest.mark.parametrize("groups", [0, 2**31])
def test_groups_are_bounded(groups):
    with pytest.raises(ValueError, match="groups"):
        Claims(groups, ContributionNorm(1, 1))


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="length"):
        counted(ContributionNorm(1, 1), units(0, 1), units(0), np.zeros(2, np.int32))
    with pytest.raises(ValueError, match="codes"):
        counted(ContributionNorm(1, 1), units(0, 1), None, np.zeros(2, np.int32), 2)


def seconds(codes: np.ndarray, values: np.ndarray) -> float:
    """The least time of three that it takes to let units claim."""
    taken = []
    for _ in range(3):
        claims, began = Claims(1, ContributionNorm(2**20, 1)), perf_counter()
        claims.add(codes, None, values)
        assert claims.finish()[0] == values.size
        taken.append(perf_counter() - began)
    return min(taken)


def unshifted(number: int, shift: int) -> int:
    """The number that gives this one when it is xored with itself, shifted."""
    found = number
    for _ in range(64 // shift + 1):
        found = number ^ (found >> shift)
    return found


def unmixed(number: int) -> int:
    """What the finalizer of splitmix64, a hash that everybody knows, sends to this number."""
    found = unshifted(number, 31) * pow(0x94D049BB133111EB, -1, 2**64) % 2**64
    return unshifted(unshifted(found, 27) * pow(0xBF58476D1CE4E5B9, -1, 2**64) % 2**64, 30)


def test_chosen_values_do_not_pile_up() -> None:
    # ATTACKS 22: with places by a hash without a secret, these took a hundred times as long, one probe after the other.
    size = 40_000
    chosen = np.array([unmixed(number << 32) for number in range(1, size + 1)], np.uint64).view(np.int64)
    random = np.random.default_rng(7).integers(-(2**62), 2**62, size)
    codes = np.arange(size, dtype=np.int32)
    assert seconds(codes, chosen) < 10 * seconds(codes, random) + 0.05


def test_no_order_of_a_units_rows_makes_the_sort_quadratic() -> None:
    # Shell's sort with steps that are all even: it never compares the small values with the large ones until the end.
    size = 88_040
    chosen = np.empty(size, np.int64)
    chosen[0::2], chosen[1::2] = np.arange(size // 2), np.arange(size // 2) + size
    codes = np.zeros(size, np.int32)
    assert seconds(codes, chosen) < 10 * seconds(codes, np.random.default_rng(7).permutation(chosen)) + 0.05
