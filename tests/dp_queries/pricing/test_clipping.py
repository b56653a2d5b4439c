"""Norms that the caller names are the measures' own, and nothing is chosen any more."""

from fractions import Fraction

import pytest

from dp_queries.planner import analyse
from dp_queries.pricing.accuracy import bare_columns
from dp_queries.pricing.clipping import with_clipping
from policies.errors import RequestRejected
from privacy.units import ContributionNorm
from tests.dp_queries.flights import DATASET

SQL = (
    "SELECT COUNT(*) AS n, SUM(delay) AS s, AVG(distance) AS a, COUNT(DISTINCT dest) AS d, MAX(delay) AS m FROM flights"
)


def drafts(**clipping):
    layers = analyse(SQL, DATASET).layers
    (part,) = with_clipping(layers, {name: Fraction(limit) for name, limit in clipping.items()}).aggregations
    found = bare_columns(layers.statements[0])
    return [part.drafts[part.aggregates[found[column]].measures[0]] for column in "nsad"]


def test_each_kind_of_column_takes_a_norm_in_its_own_unit():
    for place, (name, limit) in enumerate({"n": "7", "s": "120.5", "a": "900"}.items()):
        draft = drafts(**{name: limit})[place]
        assert Fraction(draft.norm.l2_steps, draft.norm.grid) * draft.granularity == Fraction(limit)
        assert draft.climb is None
    assert drafts(d="12.7")[3].norm == ContributionNorm(12, 1)


def test_what_is_not_named_stays_as_it_was():
    plain, clipped = drafts(), drafts(n="7")
    assert clipped[1:] == plain[1:]
    assert clipped[0] != plain[0]
    assert plain[0].climb is not None


@pytest.mark.parametrize("clipping", [{"m": 5}, {"nothing": 5}, {"n": 0}, {"s": -1}])
def test_what_has_no_norm_or_no_positive_one_is_refused(clipping):
    with pytest.raises(RequestRejected) as refused:
        drafts(**clipping)
    assert refused.value.reasons[0].where == "clipping"


def test_derived_columns_take_no_norm():
    layers = analyse("SELECT 2 * COUNT(*) AS twice FROM flights", DATASET).layers
    with pytest.raises(RequestRejected):
        with_clipping(layers, {"twice": Fraction(5)})


def together(*texts, **clipping):
    return analyse(texts, DATASET, clipping={name: Fraction(limit) for name, limit in clipping.items()}).layers


BY_ORIGIN = "SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin"
BY_CARRIER = "SELECT carrier, COUNT(*) AS n, SUM(delay) AS origin FROM flights GROUP BY carrier"


def test_a_name_means_that_column_of_every_statement():
    for part in together(BY_ORIGIN, BY_CARRIER, n="7").aggregations:
        assert part.drafts[0].climb is None
        assert Fraction(part.drafts[0].norm.l2_steps, part.drafts[0].norm.grid) == 7
    clipped = [part.drafts[-1].climb is None for part in together(BY_ORIGIN, BY_CARRIER, origin="7").aggregations]
    assert sorted(clipped) == [False, True]  # the key of that name is none of its business


def test_one_measure_has_one_norm():
    again = BY_ORIGIN.replace(" n ", " m ")
    shared = together(BY_ORIGIN, again, n="7")  # also under the other statement's name
    assert shared == together(BY_ORIGIN, again, m="7") != together(BY_ORIGIN, again)
    assert shared.statements[0].reads == shared.statements[1].reads
    assert len(together(BY_ORIGIN, again, n="7", m="7").aggregations) == 1
    with pytest.raises(RequestRejected):
        together(BY_ORIGIN, again, n="7", m="8")
