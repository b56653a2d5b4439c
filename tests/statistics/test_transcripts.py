"""Attacks 4, 5, 13, 14, 16: no one person moves what enters the noise by more than the charge pays for, in any release.

Exact losses instead of samples (see `transcripts`), for every aggregate over public and private keys, joins with
fan-out, joins of private tables, rows per unit and several aggregations in one query; the one person has a whole
group, NULLs, NaN, infinities, 2^62, a thousand rows, in all groups or in one, at either end of the units' order. What
breaks must be caught: noise of 0.7 of its scale, and clipping that lets more through.
"""

import pytest

from tests.statistics.people import NAMES, ONE, Street
from tests.statistics.shops import planned
from tests.statistics.transcripts import transcribed
from tests.statistics.twins import QuieterNoise, Unclipped

_LINEAR = (
    *("COUNT(*)", "COUNT(price)", "COUNT(free)", "COUNT(DISTINCT person)", "SUM(price)", "AVG(price)"),
    *("VAR_SAMP(price)", "STDDEV_POP(items)", "SUM(price * items)", "COUNT(*) FILTER (WHERE serial > 5)"),
)
_OTHER = (
    *("COUNT(DISTINCT serial)", "COUNT(DISTINCT town)", "MIN(items)", "MAX(items)", "MEDIAN(items)"),
    "PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY items)",
)
_PLACES = {
    "one group": "SELECT {} FROM purchases",
    "public keys": "SELECT shop, {} FROM purchases GROUP BY shop",
    "fan-out": "SELECT kind, {} FROM purchases p JOIN kinds k ON p.shop = k.shop GROUP BY kind",
    "left fan-out": "SELECT kind, {} FROM purchases p LEFT JOIN kinds k ON p.shop = k.shop GROUP BY kind",
    "private join": "SELECT shop, {} FROM purchases LEFT JOIN people USING (person) GROUP BY shop",
    "per unit": "SELECT {} FROM (SELECT person, MAX(price) AS price, SUM(items) AS items, COUNT(*) AS free, "
    "MIN(serial) AS serial, MIN(town) AS town FROM purchases GROUP BY person) t",
}
_PRIVATE = "SELECT town, {} FROM purchases GROUP BY town"
_BLOCKS = {
    "two aggregations": "WITH a AS (SELECT shop, COUNT(*) AS n FROM purchases GROUP BY shop), "
    "b AS (SELECT shop, SUM(price) AS s FROM purchases GROUP BY shop) SELECT a.shop, s / n FROM a JOIN b USING (shop)",
    "windows": "SELECT SUM(r) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY person ORDER BY price, items, serial) AS r "
    "FROM purchases) t",
    "semi join": "SELECT shop, COUNT(*) FROM purchases WHERE person IN (SELECT person FROM people WHERE age > 100) "
    "GROUP BY shop",
    "anti join": "SELECT shop, COUNT(*) FROM purchases p WHERE NOT EXISTS (SELECT 1 FROM people q "
    "WHERE q.person = p.person AND age < 100) GROUP BY shop",
    "union": "SELECT COUNT(*), SUM(x) FROM (SELECT person, price AS x FROM purchases UNION ALL "
    "SELECT person, age AS x FROM people) t",
    "histogram": "SELECT width_bucket(price, 0, 90, 3) AS b, COUNT(*) FROM purchases GROUP BY b",
    "no noisy column": "SELECT town FROM purchases GROUP BY town",
}
EXTREMES = ("whole of a group", "2^62", "-2^62", "very long", "long and low", "long in one")
# A key that only the one person has is another matter: `test_audited_keys`.
KNOWN_TOWNS = [kind for kind in ONE if kind != "nothing but NULL"]


def together(place: str) -> str:
    """All sums in one query, which share its charge."""
    return place.format(", ".join(f"{aggregate} AS c{at}" for at, aggregate in enumerate(_LINEAR)))


EVERYTHING = {name: together(place) for name, place in _PLACES.items()} | _BLOCKS
ALONE = {
    f"{aggregate}, {name}": place.format(aggregate)
    for name, place in _PLACES.items()
    for aggregate in (*_LINEAR, *_OTHER)
}
PRIVATE = {aggregate: _PRIVATE.format(aggregate) for aggregate in _LINEAR}
OTHER = {aggregate: _PLACES["public keys"].format(aggregate) for aggregate in _OTHER}


# Elsewhere the one person is a row, a unit or a town, and nothing is clipped.
CLIPPED = sorted(
    (EVERYTHING | OTHER).keys()
    - {"no noisy column", "per unit", "semi join", "two aggregations", "COUNT(DISTINCT town)"}
)


def fractions(
    street: Street, sql: str, kinds: list[str], *, name: str = "zz", epsilon: float = 2, twin: str = ""
) -> list[float]:
    """The parts of its charge that the query loses about the one person, of each kind."""
    plan = planned(sql, street.without.dataset, epsilon=epsilon)
    noise = QuieterNoise() if twin == "quieter" else None
    sides = [(street.with_one(kind, name).backend, street.without.backend) for kind in kinds]
    if twin == "unclipped":
        sides = [(Unclipped(mine), Unclipped(theirs)) for mine, theirs in sides]
    return [transcribed(plan, mine, theirs, noise).fraction_of(plan) for mine, theirs in sides]


ALL = EVERYTHING | OTHER
SECONDS = ["nothing but NULL", "infinite", "2^62", "very long"]  # what is asked of in seconds; all else is long


@pytest.mark.parametrize("name", sorted(ALL.keys() - {"two aggregations", "no noisy column"}))
def test_no_one_person_costs_more_than_the_charge(street, name):
    assert max(fractions(street, ALL[name], SECONDS)) <= 1 + 1e-9


def test_keys_that_others_have_cost_no_more_either(street):
    assert max(fractions(street, together(_PRIVATE), SECONDS[1:], epsilon=30)) <= 1 + 1e-9


@pytest.mark.parametrize("name", ["one group", "public keys", "fan-out", "per unit"])
def test_noise_of_less_scale_is_caught(street, name):
    assert max(fractions(street, EVERYTHING[name], SECONDS[2:], twin="quieter")) > 1.1


@pytest.mark.parametrize("name", CLIPPED)
def test_clipping_that_lets_more_through_is_caught(street, name):
    assert max(fractions(street, ALL[name], ["very long", "long and low"], twin="unclipped")) > 1


@pytest.mark.long
@pytest.mark.parametrize("name", ALL)
def test_no_one_person_of_any_kind_costs_more_than_the_charge(street, name):
    kinds = KNOWN_TOWNS if "town" in ALL[name] else list(ONE)
    assert max(fractions(street, ALL[name], kinds)) <= 1 + 1e-9


@pytest.mark.long
@pytest.mark.parametrize("name", ALONE)
def test_no_one_person_costs_more_than_the_charge_wherever_they_stand(street, name):
    sql = ALONE[name]
    assert max(part for who in NAMES for part in fractions(street, sql, list(ONE), name=who)) <= 1 + 1e-9


@pytest.mark.long
@pytest.mark.parametrize("name", PRIVATE)
def test_private_keys_cost_no_more_for_any_aggregate(street, name):
    assert max(fractions(street, PRIVATE[name], KNOWN_TOWNS, epsilon=30)) <= 1 + 1e-9
    assert max(fractions(street, PRIVATE[name], list(EXTREMES), epsilon=30, twin="quieter")) > 1.1
