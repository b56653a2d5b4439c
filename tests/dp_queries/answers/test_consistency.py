"""Consistent marginals against a brute-force generalized least squares over the full table."""

from itertools import combinations, pairwise, product

import numpy as np
import pytest

from dp_queries.answers.consistency import MOST_PARTS, Marginals, shared_parts

CASES = [
    ((2, 3), [(0, 1), (0,), ()]),
    ((2, 3, 4), [(1, 0), (2, 1), (0, 2), ()]),
    ((3, 2, 2, 2), [axes for size in range(5) for axes in combinations(range(4), size)]),
    ((2, 3, 2), [(0,), (1,), (2,)]),
    ((2, 1, 3), [(2, 0, 1), (1,), (0,)]),
    ((3, 4), [(1, 0), (0, 1)]),
    ((3,), [(0,)]),
]


def sums_of(sizes, table):
    """The matrix that makes a table from the full one: group by group, first axis of the table slowest."""
    cells = list(product(*map(range, sizes)))
    groups = list(product(*(range(sizes[axis]) for axis in table)))
    return np.array([[float(tuple(cell[axis] for axis in table) == group) for cell in cells] for group in groups])


def brute_force(sizes, tables, variances, values):
    """Estimates by least squares of the full table, each equation weighted by its noise; and their variances."""
    matrices = [sums_of(sizes, table) for table in tables]
    scaled = [matrix / variance**0.5 for matrix, variance in zip(matrices, variances, strict=True)]
    told = np.concatenate([value / variance**0.5 for value, variance in zip(values, variances, strict=True)])
    full, *_ = np.linalg.lstsq(np.vstack(scaled), told, rcond=None)
    covariance = np.linalg.pinv(np.vstack(scaled).T @ np.vstack(scaled))
    return [matrix @ full for matrix in matrices], [np.diag(matrix @ covariance @ matrix.T) for matrix in matrices]


def noisy(sizes, tables, seed, draws=()):
    generator = np.random.default_rng(seed)
    variances = generator.uniform(0.2, 5, len(tables))
    return variances, [generator.normal(size=(*draws, len(sums_of(sizes, table)))) for table in tables]


@pytest.mark.parametrize(("sizes", "tables"), CASES)
def test_they_are_the_least_squares_estimates(sizes, tables):
    variances, values = noisy(sizes, tables, 1)
    marginals = Marginals(sizes, tables, variances)
    expected, errors = brute_force(sizes, tables, variances, values)
    for number, estimate in enumerate(marginals.consistent(values)):
        assert estimate == pytest.approx(expected[number], abs=1e-9)
        assert errors[number] == pytest.approx(marginals.variance(number), abs=1e-9)
        assert marginals.variance(number) <= variances[number] + 1e-9


@pytest.mark.parametrize(("sizes", "tables"), CASES)
@pytest.mark.parametrize("losses", [None, 7.0])
def test_what_is_told_of_the_error_is_that_of_the_linear_map(sizes, tables, losses):
    variances, values = noisy(sizes, tables, 2)
    lost = losses and [losses * number for number in range(len(tables))]
    marginals = Marginals(sizes, tables, variances, lost)
    count = sum(map(len, values))
    basis = np.split(np.eye(count), np.cumsum([len(value) for value in values])[:-1], axis=1)
    made = np.concatenate(marginals.consistent(basis), axis=-1)  # row i: what becomes of a noise of 1 in group i
    noise = np.concatenate([np.full(len(value), variance) for value, variance in zip(values, variances, strict=True)])
    starts = np.cumsum([0, *map(len, values)])
    for number, (start, end) in enumerate(pairwise(starts)):
        assert (made**2 * noise[:, None]).sum(axis=0)[start:end] == pytest.approx(marginals.variance(number))
        assert np.diag(made)[start:end] == pytest.approx(marginals.own_share(number))


@pytest.mark.parametrize(("sizes", "tables"), CASES)
def test_consistent_tables_stay_and_others_come_to_agree(sizes, tables):
    variances, values = noisy(sizes, tables, 3)
    marginals = Marginals(sizes, tables, variances, [float(number) for number in range(len(tables))])
    full = np.random.default_rng(4).normal(size=len(sums_of(sizes, range(len(sizes)))))
    true = [sums_of(sizes, table) @ full for table in tables]
    for value, same in zip(true, marginals.consistent(true), strict=True):
        assert same == pytest.approx(value)
    again = marginals.consistent(values)
    for value, same in zip(again, marginals.consistent(again), strict=True):
        assert same == pytest.approx(value)


def test_a_table_that_lost_much_tells_less_of_totals():
    def total(losses):
        return Marginals([4], [(0,), ()], [1.0, 1.0], losses).consistent([np.ones(4), np.array([40.0])])[1][0]

    assert total([0.0, 0.0]) == pytest.approx((4 / 4 + 40) / (1 / 4 + 1))
    assert total([100.0, 0.0]) == pytest.approx(40, abs=0.1)
    assert total([0.0, 100.0]) == pytest.approx(4, abs=0.1)


def test_draws_are_made_consistent_one_by_one():
    sizes, tables = CASES[1]
    variances, values = noisy(sizes, tables, 5, draws=(3,))
    marginals = Marginals(sizes, tables, variances)
    together = marginals.consistent(values)
    for draw in range(3):
        for mine, all_of_them in zip(marginals.consistent([value[draw] for value in values]), together, strict=True):
            assert mine == pytest.approx(all_of_them[draw])


@pytest.mark.parametrize(("sizes", "tables"), [CASES[0], CASES[2]])
def test_whole_numbers_add_up_where_roundings_are_not_felt(sizes, tables):
    variances, values = noisy(sizes, tables, 6)
    loud = Marginals(sizes, tables, [variance * 10_000 for variance in variances])
    found = loud.whole(loud.consistent([value * 100 for value in values]))
    assert all(value.tolist() == np.rint(value).tolist() for value in found)
    assert any(np.abs(value).max() > 1 for value in found)
    for value, same in zip(found, loud.consistent(found), strict=True):
        assert same == pytest.approx(value)


def test_quiet_tables_and_those_without_a_finest_one_are_not_rounded():
    quiet = Marginals([5], [(0,), ()], [1.0, 1.0])
    values = [np.full(5, 0.4), np.array([2.0])]
    assert [value.tolist() for value in quiet.whole(values)] == [[0.4] * 5, [2.0]]
    crossed = Marginals([2, 2], [(0,), (1,)], [10_000.0, 10_000.0])
    assert crossed.whole([np.full(2, 0.4), np.full(2, 0.4)])[0].tolist() == [0.4, 0.4]


def test_parts_that_tables_share_have_a_limit():
    many = [frozenset(range(8)) - {left} for left in range(8)]
    assert shared_parts(many) is None
    assert len(shared_parts(many[:5])) < MOST_PARTS
    with pytest.raises(ValueError, match="too many parts"):
        Marginals([2] * 8, [sorted(axes) for axes in many], [1.0] * 8)
