"""DuckDB and the plain-Python twin give the same integers, and no unit moves them by more than is claimed."""

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

from dp_queries.algebra.expressions import OPERATORS, ColumnRef
from dp_queries.backends import reference
from dp_queries.backends.base import FoundGroups
from dp_queries.backends.duckdb import DuckDBBackend
from dp_queries.backends.evaluate import EVALUATED
from dp_queries.backends.reference import ReferenceBackend
from dp_queries.backends.render import RENDERED
from dp_queries.plan import Aggregation, Key
from dp_queries.settling import with_shown_groups
from privacy.units import ContributionNorm
from tests.dp_queries.backends.random_plans import UNITS, aggregations, open_aggregations, tables
from tests.dp_queries.backends.worlds import DATASET, KEY, Tables, aggregation, measure, write

_PHASES = (Phase.explicit, Phase.generate)  # shrinking takes longer than reading a failure
_calm = settings(
    max_examples=20, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, phases=_PHASES
)


@contextmanager
def opened(rows: Tables, *, shift: int = 0, **how: Any) -> Iterator[DuckDBBackend]:
    with tempfile.TemporaryDirectory() as folder:
        path = write(rows, Path(folder) / "world.db", shift=shift)
        with DuckDBBackend(path, KEY, DATASET, threads=how.pop("threads", 1), **how) as backend:
            yield backend


@_calm
@given(rows=tables(), several=st.lists(aggregations(), min_size=12, max_size=12))
def test_duckdb_and_its_twin_agree_to_the_last_integer(rows: Tables, several: list[Aggregation]) -> None:
    twin = ReferenceBackend(rows, DATASET)
    with opened(rows) as backend:
        for each in several:
            agree(backend, twin, each)


@settings(_calm, max_examples=8)
@given(rows=tables(), several=st.lists(open_aggregations(), min_size=8, max_size=8))
def test_private_groups_agree_and_so_do_sums_of_the_groups_that_are_shown(
    rows: Tables, several: list[Aggregation]
) -> None:
    twin = ReferenceBackend(rows, DATASET)
    with opened(rows, threads=2, ranges=3) as backend:
        for each in several:
            mine, theirs = backend.found_groups(each), twin.found_groups(each)
            assert members(mine) == members(theirs), each
            assert summed(mine) == summed(theirs), each
            # Every second group is shown, by a selection that asks no noise.
            shown, sums = with_shown_groups(each, mine, EverySecond())
            assert (sums is not None) == each.is_read_once
            if shown.groups:
                agree(backend, twin, shown)


def summed(found: FoundGroups) -> Any:
    """The sums of groups that were taken while these were found, by the groups' keys, and the histograms of norms."""
    if found.sums is None:
        return None
    by_key = {repr(key): found.sums.of([code]).totals[:, 0].tolist() for code, key in enumerate(found.keys)}
    return by_key, found.sums.norms, found.sums.histograms


@settings(_calm, max_examples=10)
@given(rows=tables(), several=st.lists(open_aggregations(), min_size=8, max_size=8), unit=st.integers(0, UNITS - 1))
def test_no_unit_moves_sums_over_all_groups_that_are_met_by_more_than_their_norms(
    rows: Tables, several: list[Aggregation], unit: int
) -> None:
    with opened(rows, threads=2, ranges=3) as here, opened(without(rows, unit * 10)) as there:
        for each in several:
            mine, theirs = summed(here.found_groups(each)), summed(there.found_groups(each))
            if mine is None:
                assert not each.is_read_once
                continue
            nothing = [0] * sum(len(held.norms) for held in each.measures)
            moved = np.array([np.subtract(mine[0].get(key, nothing), theirs[0].get(key, nothing))
                              for key in {**mine[0], **theirs[0]}], np.int64).reshape(-1, len(nothing))  # fmt: skip
            norms = [norm for held in each.measures for norm in held.norms]
            for norm, steps in zip(norms, moved.T.tolist(), strict=True):
                assert sum(step * step for step in steps) <= norm.l2_steps**2, each
            for some, others in zip(mine[1], theirs[1], strict=True):
                assert sum(abs(one - other) for one, other in zip(some, others, strict=True)) <= 1


class EverySecond:
    """Noise for selection that lifts every second group over any threshold, and sinks the others."""

    def gaussian(self, values: Any, scale: Fraction) -> list[int]:
        return [10**9 * (1 - 2 * (place % 2)) for place, _ in enumerate(values)]

    def laplace(self, values: Any, scale: Fraction) -> list[int]:
        raise NotImplementedError


def members(found: FoundGroups) -> list[tuple[int, str]]:
    """How many units are in each group, by the group's keys."""
    ones = np.arange(2 + len(found.keys)).clip(max=1)
    counts = found.sets.totals(ones, np.ones(len(found.keys), np.bool_)).tolist()
    return sorted(zip(counts, map(repr, found.keys), strict=True))


def agree(backend: DuckDBBackend, twin: ReferenceBackend, each: Aggregation) -> None:
    mine, theirs = backend.bounded_sums(each), twin.bounded_sums(each)
    np.testing.assert_array_equal(mine.totals, theirs.totals, str(each))
    assert mine.norms == theirs.norms, each


@settings(_calm, max_examples=8)
@given(rows=tables(), each=aggregations(), shift=st.sampled_from((0, 1000)))
def test_threads_ranges_row_order_and_unit_codes_change_nothing(rows: Tables, each: Aggregation, shift: int) -> None:
    backwards = {table: list(reversed(held)) for table, held in rows.items()}
    with opened(rows) as backend:
        expected = backend.bounded_sums(each).totals
    with opened(backwards, shift=shift, threads=2, ranges=7) as backend:
        np.testing.assert_array_equal(backend.bounded_sums(each).totals, expected)


def without(rows: Tables, unit: int) -> Tables:
    """The neighbouring database: every row of one unit gone, from every private table."""
    return {table: [row for row in held if row.get("person", -1) != unit] for table, held in rows.items()}


def excess(each: Aggregation, before: np.ndarray[Any, Any], after: np.ndarray[Any, Any]) -> list[str]:
    """The measures that moved by more than their sensitivity, under any of their norms, in exact integers."""
    found = []
    norms = [(held.kind, norm) for held in each.measures for norm in held.norms]
    for (kind, norm), moved in zip(norms, (before - after).tolist(), strict=True):
        if sum(step * step for step in moved) > norm.l2_steps**2:
            found.append(f"L2 of {kind}")
        if sum(map(abs, moved)) > norm.l1_steps(each.groups):
            found.append(f"L1 of {kind}")
    return found


@settings(_calm, max_examples=15)
@given(rows=tables(), several=st.lists(aggregations(), min_size=8, max_size=8), unit=st.integers(0, UNITS - 1))
def test_no_unit_moves_a_measure_by_more_than_its_norm(rows: Tables, several: list[Aggregation], unit: int) -> None:
    with opened(rows) as here, opened(without(rows, unit * 10)) as there:
        for each in several:
            mine, theirs = here.bounded_sums(each), there.bounded_sums(each)
            assert not excess(each, mine.totals, theirs.totals), each
            for some, others in zip(mine.norms, theirs.norms, strict=True):
                assert sum(abs(one - other) for one, other in zip(some, others, strict=True)) <= 1


ROW: dict[str, Any] = dict.fromkeys(("kind", "note", "zone", "serial", "fare", "mass", "free", "paid", "day", "at"))
HEAVY: Tables = {
    "trips": [{**ROW, "person": 10, "kind": "a", "fare": 100}] * 40
    + [{**ROW, "person": 0, "kind": kind, "fare": 100} for kind in ("a", "b") for _ in range(30)]
    + [{**ROW, "person": 20, "kind": "b", "fare": -5}],
    "people": [],
    "zones": [],
}
BY_KIND = Key(ColumnRef(0, "kind", "text"), ("b", "a", "A%", "é_", None), "text")
SUMS = aggregation(
    measure("rows", norm=ContributionNorm(9, 1)), measure("sum", ColumnRef(0, "fare", "number")), keys=(BY_KIND,)
)


@pytest.mark.parametrize("unit", [0, 10, 20])
def test_the_bound_holds_for_a_unit_that_has_the_whole_of_a_group(unit: int) -> None:
    with opened(HEAVY) as here, opened(without(HEAVY, unit)) as there:
        assert not excess(SUMS, here.bounded_sums(SUMS).totals, there.bounded_sums(SUMS).totals)


def test_an_unclipped_twin_would_be_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    def unclipped(sums: Mapping[int, int], norm: ContributionNorm) -> dict[int, int]:
        return {group: value * norm.grid for group, value in sums.items()}

    monkeypatch.setattr(reference, "clipped", unclipped)
    here, there = (ReferenceBackend(rows, DATASET).bounded_sums(SUMS).totals for rows in (HEAVY, without(HEAVY, 0)))
    assert excess(SUMS, here, there) == ["L2 of rows", "L1 of rows", "L2 of sum", "L1 of sum"]


@pytest.mark.parametrize("table", [RENDERED, EVALUATED])
def test_both_know_the_whole_language(table: Mapping[str, Callable[..., Any]]) -> None:
    assert set(table) == set(OPERATORS)


def test_an_empty_table_gives_zeros() -> None:
    empty: Tables = {"trips": [], "people": [], "zones": []}
    with opened(empty, threads=2) as backend:
        assert backend.bounded_sums(SUMS).totals.tolist() == [[0] * 5, [0] * 5]
