from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from dp_queries.algebra.types import type_of
from dp_queries.backends.evaluate import evaluate
from dp_queries.facts import images
from dp_queries.facts.expressions import Facts
from dp_queries.facts.images import as_values
from dp_queries.facts.partitions import Effort, NoDomain, key_domain
from dp_queries.layers import below
from tests.dp_queries.layers.rows.reading import domain, read

FIRST = date(2013, 1, 1)


def days(count, step=1):
    return tuple(FIRST + timedelta(days=day) for day in range(0, count, step))


def test_a_column_keeps_its_declared_values_and_their_order():
    assert domain("origin") == ("EWR", "JFK", "LGA")
    assert domain("zone") == ("y", "x", None)
    assert domain("paid") == (False, True, None)
    assert domain("day") == days(365)
    assert domain("month") == tuple(range(1, 13))


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("LEFT(origin, 1)", ("E", "J", "L")),
        ("UPPER(zone)", ("X", "Y", None)),
        ("origin || zone", ("EWRx", "EWRy", "JFKx", "JFKy", "LGAx", "LGAy", None)),
        ("COALESCE(zone, origin)", ("EWR", "JFK", "LGA", "x", "y")),
        ("NULLIF(origin, 'JFK')", ("EWR", "LGA", None)),
        ("month % 5", (0, 1, 2, 3, 4)),
        ("LENGTH(origin)", (3,)),
        ("month / 4", tuple(Decimal(quarter) / 4 for quarter in range(1, 13))),
        ("-month", tuple(map(Decimal, range(-12, 0)))),
        ("month > 3", (False, True)),
        ("paid", (False, True, None)),
        ("paid IS TRUE", (False, True)),
        ("DATE_TRUNC('month', day)", tuple(date(2013, month, 1) for month in range(1, 13))),
        ("DATE_TRUNC('week', day)", (date(2012, 12, 31), *(date(2013, 1, 7) + timedelta(7 * i) for i in range(52)))),
        ("DATE_TRUNC('year', at)", (datetime(2013, 1, 1), None)),
        ("at::date", (*days(365), None)),
        ("EXTRACT(ISODOW FROM day)", tuple(range(1, 8))),
        ("EXTRACT(HOUR FROM at)", (*range(24), None)),
        ("EXTRACT(HOUR FROM seen)", tuple(range(24))),
        ("EXTRACT(MINUTE FROM at)", (*range(60), None)),
        ("EXTRACT(YEAR FROM day)", (2013,)),
        ("day - DATE '2013-01-01'", tuple(range(365))),
        (
            "DATE_TRUNC('month', day + INTERVAL '1 month')",
            tuple(date(2013 + m // 12, m % 12 + 1, 1) for m in range(1, 13)),
        ),
        ("WIDTH_BUCKET(fare, 0, 100, 4)", tuple(range(6))),
        ("FLOOR(fare / 25)", tuple(range(-1, 5))),
        ("CAST(FLOOR(fare / 50) AS TEXT) || 'x'", ("-1x", "0x", "1x", "2x")),
        ("ROUND(LN(month), 1)", tuple(map(Decimal, "0.0 0.7 1.1 1.4 1.6 1.8 1.9 2.1 2.2 2.3 2.4 2.5".split()))),
    ],
)
def test_the_domain_of_an_expression_is_its_image(key, expected):
    assert domain(key) == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("CASE WHEN fare > 3 THEN 'much' WHEN note LIKE 'a%' THEN 'a' END", ("a", "much", None)),
        ("CASE WHEN free > 3 THEN origin ELSE 'other' END", ("EWR", "JFK", "LGA", "other")),
        ("IF(free > 3, 1, 0)", (0, 1)),
        ("UPPER(CASE WHEN free > 3 THEN 'b' ELSE 'a' END) || zone", ("Ax", "Ay", "Bx", "By", None)),
        ("free > 3", (False, True)),
        ("note LIKE 'a%'", (False, True, None)),
        ("note IS NULL", (False, True)),
        ("SIGN(free)", (-1, 0, 1, None)),
        ("COALESCE(SIGN(free), 9)", (-1, 0, 1, 9)),
    ],
)
def test_values_that_stand_in_the_text_are_public_whatever_the_conditions_read(key, expected):
    assert domain(key) == expected


@pytest.mark.parametrize(
    "key",
    [
        *("note", "LEFT(note, 1)", "fare", "free", "serial", "serial + 1", "built", "seen", "at"),
        *(
            "DATE_TRUNC('minute', at)",
            "DATE_TRUNC('day', seen)",
            "EXTRACT(YEAR FROM built)",
            "LN(month)",
            "EXP(month) + 1",
        ),
        *("CASE WHEN paid THEN note ELSE 'x' END", "COALESCE(note, 'x')", "GREATEST(serial, 1)", "FLOOR(fare * 1000)"),
        *("at + INTERVAL '90 minutes'", "CASE WHEN paid THEN at END", "note::int", "note::date"),
    ],
)
def test_what_only_rows_could_tell_is_private(key):
    with pytest.raises(NoDomain) as refusal:
        domain(key)
    assert refusal.value.reason.code == "private-key"


@pytest.mark.parametrize(
    "key", ["person", "UPPER(person)", "CASE WHEN person = 'x' THEN 1 ELSE 0 END", "person IS NULL"]
)
def test_the_unit_is_no_key_nor_part_of_one(key):
    with pytest.raises(NoDomain) as refusal:
        domain(key)
    assert refusal.value.reason.code == "unit-key"


def test_conditions_narrow_the_columns_of_a_key():
    assert domain("DATE_TRUNC('month', day)", "day >= '2013-11-15'") == (date(2013, 11, 1), date(2013, 12, 1))
    assert domain("origin || zone", "origin = 'JFK'", "zone IS NOT NULL") == ("JFKx", "JFKy")
    assert domain("LEFT(origin, 1)", "origin IN ('EWR', 'XXX')") == ("E",)
    # A timestamp of the grid stands for all that follow until the next one: noon is not before this morning.
    assert domain("at::date", "at > TIMESTAMP '2013-12-31 06:00:00'") == (date(2013, 12, 31),)
    hours = domain("EXTRACT(HOUR FROM at)", "at > '2013-12-31 06:30:00'", "at < '2013-12-31 08:00:00'")
    assert hours == (6, 7)


def test_no_value_of_a_row_is_outside_the_image():
    random = Random(5)
    keys = ["EXTRACT(HOUR FROM at) * 60 + month", "origin || LEFT(zone, 1) || month", "DATE_TRUNC('hour', at)"]
    keys += ["WIDTH_BUCKET(fare, -5, 100, 7) || origin", "day + INTERVAL '1 month'", "ROUND(fare / 7)"]
    for key in keys:
        expression, _ = read(key)
        public = set(domain(key))
        for _ in range(300):
            at = datetime(2013, 1, 1) + random.random() * timedelta(days=365)
            row = {"at": at, "day": at.date(), "month": images.Steps(random.randint(1, 12))}
            row |= {"origin": random.choice(("EWR", "JFK", "LGA")), "zone": random.choice(("x", "y", None))}
            row |= {"fare": images.Steps(random.randint(-500, 10000), images.Fraction(1, 100))}
            assert as_values([evaluate(expression, (row,))], type_of(expression)) <= public


def test_too_many_combinations_are_not_tried(monkeypatch):
    assert domain("LENGTH(origin || zone)") == (4, None)
    monkeypatch.setattr(images, "MOST_COMBINATIONS", 8)
    assert domain("LENGTH(origin || zone)") == (0, 1, 2, 3, 4, None)  # what the width alone says, which is enough
    with pytest.raises(NoDomain):
        domain("origin || zone || month")


def test_the_keys_of_a_query_share_one_effort():
    expression, scope = read("DATE_TRUNC('month', day)")
    effort = Effort(1500)
    facts = below.facts(expression, scope)
    assert key_domain(expression, facts, scope.facts, effort=effort)[0] == FIRST
    assert effort.left < 1000
    with pytest.raises(NoDomain):
        key_domain(expression, facts, scope.facts, effort=effort)


def test_there_is_an_end_to_groups():
    facts = Facts("date", days=(date(1, 1, 1), date(9999, 12, 31)))
    with pytest.raises(NoDomain) as refusal:
        key_domain(read("day")[0], facts, lambda _: facts)
    assert refusal.value.reason.code == "too-many-groups"
