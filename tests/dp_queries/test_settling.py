"""What is settled in the course of a release: groups and norms, each from noisy values alone."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from dp_queries import settling
from dp_queries.algebra.expressions import ColumnRef
from dp_queries.algebra.relations import Below, Scan
from dp_queries.backends.base import FoundGroups, Sums
from dp_queries.plan import Aggregation, Key, Measure, NormChoice
from dp_queries.settling import settled, with_shown_groups, without_groups, without_large_ladders
from privacy.ladder import Ladder
from privacy.selection import gaussian_selection
from privacy.unit_sets import UnitSets
from privacy.units import ContributionNorm

LADDER = Ladder(tuple(ContributionNorm(4 << rung, 4) for rung in range(4)), 1)
SCALES = tuple(Fraction(10 << rung) for rung in range(4))
OPEN = Measure("rows", None, 0, 1, Fraction(1), 0, LADDER.norms[1], "gaussian", SCALES[1])
OPEN = replace(OPEN, choice=NormChoice(LADDER, Fraction(3), SCALES))
FIXED = replace(OPEN, choice=None)
KEYS = (
    Key(ColumnRef(0, "city", "text"), None, "text"),
    Key(ColumnRef(0, "size", "text"), ("small", "large"), "text"),
    Key(ColumnRef(0, "weight", "number"), None, "number", Fraction(1, 2)),
)
PART = Aggregation(Below((Scan("trips", True),)), KEYS, (FIXED, OPEN), (), (), None)


class Recorder:
    """No noise, but a record of what was asked for."""

    def __init__(self, added=0):
        self.asked = []
        self.added = added

    def gaussian(self, values, scale):
        self.asked.append((list(values), scale))
        return [value + self.added for value in values]

    def laplace(self, values, scale):
        raise NotImplementedError


def found(kept, sets):
    firsts = np.cumsum([0, *map(len, sets)], dtype=np.int64)
    return FoundGroups(kept, UnitSets(len(kept), np.array([code for mine in sets for code in mine], np.int32), firsts))


def test_groups_that_are_shown_get_domains_in_the_order_of_their_values():
    kept = [("b", 1, 3), (None, 0, 4), ("a", 1, 3), ("z", 0, 9)]  # by code, which is the order of rows
    selection = gaussian_selection(rho_nano=10**9, delta=Fraction(1, 10**6))
    crowd = found(kept, [[0, 1, 2]] * 500 + [[3]])
    shown, sums = with_shown_groups(replace(PART, selection=selection), crowd, Recorder())
    assert [key.domain for key in shown.keys] == [("a", "b", None), ("small", "large"), (1.5, 2)]
    assert shown.shown == ((0, 1, 0), (1, 1, 0), (2, 0, 1))
    assert (shown.groups, shown.is_open, sums) == (3, False, None)


def test_sums_that_were_taken_before_are_given_for_shown_groups_alone_in_their_order():
    kept = [("b", 1, 3), (None, 0, 4), ("a", 1, 3), ("z", 0, 9)]
    selection = gaussian_selection(rho_nano=10**9, delta=Fraction(1, 10**6))
    taken = Sums(np.arange(20).reshape(5, 4), norms=((7, 0, 0, 0, 0),))  # of the last group, which is not shown, too
    crowd = replace(found(kept, [[0, 1, 2]] * 500 + [[3]]), sums=taken)
    shown, sums = with_shown_groups(replace(PART, selection=selection), crowd, Recorder())
    assert shown.shown == ((0, 1, 0), (1, 1, 0), (2, 0, 1))
    assert sums.totals.tolist() == [[row + code for code in (2, 0, 1)] for row in (0, 4, 8, 12, 16)]
    assert sums.norms == taken.norms


def test_only_selection_shows_groups():
    with pytest.raises(ValueError, match="selection"):
        with_shown_groups(PART, found([("b", 1, 3)], [[0]]), Recorder())


@pytest.mark.parametrize(("counts", "rung"), [((9000, 0, 0, 0, 0), 0), ((0, 0, 9000, 0, 0), 2), ((0, 0, 0, 0, 0), 1)])
def test_the_rung_that_the_noisy_histogram_asks_for_is_released_at_its_own_scale(counts, rung):
    totals = np.arange(10).reshape(5, 2)  # a row for the fixed measure, four for the open one
    noise = Recorder()
    done, released = settled(replace(PART, keys=KEYS[1:2]), Sums(totals, norms=(counts,)), noise)
    assert noise.asked == [(list(counts), Fraction(3))]  # the histogram and nothing else is asked for
    assert [row.tolist() for row in released] == [[0, 1], [2 + 2 * rung, 3 + 2 * rung]]
    settled_one = done.measures[1]
    wanted = replace(OPEN, norm=LADDER.norms[rung], noise_scale=SCALES[rung], choice=None)
    assert done.measures == (FIXED, replace(wanted, loss_steps=settled_one.loss_steps))
    # 9,000 units are all that there is; below the norm that was chosen nothing is clipped.
    assert (settled_one.loss_steps is None) == (not any(counts))
    assert not any(counts) or settled_one.loss_steps < 100


def test_the_choice_is_made_from_noisy_counts_alone():
    totals = np.zeros((5, 2), np.int64)
    part, sums = replace(PART, keys=KEYS[1:2]), Sums(totals, norms=((9000, 0, 0, 0, 0),))
    drowned = settled(part, sums, Recorder(added=-9000))[0].measures[1]
    assert drowned.norm == LADDER.norms[1]  # nothing is seen, so the declared norm stays


def test_where_no_group_is_shown_norms_are_the_declared_ones():
    assert without_groups(PART).measures == (FIXED, FIXED)


def test_ladders_give_way_where_groups_are_many(monkeypatch):
    public = replace(PART, keys=KEYS[1:2])
    monkeypatch.setattr(settling, "MOST_LADDER_CELLS", 8)
    assert without_large_ladders(public) is public
    monkeypatch.setattr(settling, "MOST_LADDER_CELLS", 7)
    assert without_large_ladders(public).measures == (FIXED, FIXED)
