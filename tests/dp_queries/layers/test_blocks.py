import pytest

from dp_queries.facts.relations import RelationFacts
from dp_queries.layers.blocks import Blocks
from dp_queries.syntax.parse import parse
from tests.dp_queries.flights import DATASET
from tests.dp_queries.layers.views import refusal, view


def kind(sql):
    tree = parse(sql).tree
    return Blocks(parse(sql), RelationFacts(DATASET)).kind(tree, {})


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT zone FROM airports", "public"),
        ("SELECT zone FROM airports a JOIN airports b USING (faa, zone)", "public"),
        ("SELECT origin FROM flights", "unit"),
        ("SELECT zone FROM airports JOIN flights ON faa = dest", "unit"),
        ("SELECT tailnum, COUNT(*) AS n FROM flights GROUP BY tailnum", "unit"),
        ("SELECT COUNT(*) AS n FROM flights GROUP BY tailnum, origin", "unit"),
        ("SELECT DISTINCT tailnum, origin FROM flights", "unit"),
        ("SELECT DISTINCT origin FROM flights", "released"),
        ("SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin", "released"),
        ("SELECT COUNT(*) AS n FROM flights HAVING COUNT(*) > 3", "released"),
        ("SELECT n FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x", "released"),
        ("SELECT origin FROM flights UNION ALL SELECT zone FROM airports", "unit"),
    ],
)
def test_what_a_block_gives(sql, expected):
    assert kind(sql) == expected


def test_the_unit_under_another_name_is_the_unit_and_its_name_on_something_else_is_not():
    assert kind("SELECT u, COUNT(*) AS n FROM (SELECT tailnum AS u FROM flights) x GROUP BY u") == "unit"
    assert (
        kind("SELECT tailnum, COUNT(*) AS n FROM (SELECT dest AS tailnum FROM flights) x GROUP BY tailnum")
        == "released"
    )
    assert (
        kind("SELECT COUNT(*) AS n FROM planes p LEFT JOIN flights f USING (tailnum) GROUP BY f.tailnum") == "released"
    )


def test_subqueries_that_are_read_once_are_not_taken_for_others():
    """What a block is remembered by must not be given to another node, once a copy of a tree is gone."""
    one = "EXISTS (SELECT 1 FROM planes p WHERE p.tailnum = f.tailnum)"
    both = f"{one} AND EXISTS (SELECT 1 FROM airports WHERE faa = dest)"
    for _ in range(20):
        found = view(f"SELECT origin FROM flights f WHERE {both}").below.sources
        assert sorted(source.table for source in found) == ["airports", "flights", "planes"]


@pytest.mark.parametrize(
    ("sql", "code", "place"),
    [
        ("SELECT tailnum FROM flights LIMIT 3", "limit-on-rows", "tailnum"),
        ("SELECT tailnum FROM flights OFFSET 3", "limit-on-rows", "tailnum"),
        ("SELECT tailnum FROM flights UNION SELECT tailnum FROM planes", "set-operation", "tailnum"),
        ("SELECT tailnum FROM flights EXCEPT SELECT tailnum FROM planes", "set-operation", "tailnum"),
        ("SELECT tailnum FROM flights INTERSECT SELECT tailnum FROM planes", "set-operation", "tailnum"),
        ("SELECT zone, COUNT(*) FROM airports GROUP BY zone", "public-aggregate", "zone"),
        ("SELECT DISTINCT zone FROM airports", "public-aggregate", "zone"),
        ("SELECT RANK() OVER (ORDER BY zone) AS r FROM airports", "public-aggregate", "RANK"),
        ("SELECT DISTINCT tailnum, COUNT(*) FROM flights GROUP BY tailnum", "per-unit", "tailnum"),
        ("SELECT tailnum, RANK() OVER (ORDER BY COUNT(*)) FROM flights GROUP BY tailnum", "per-unit", "tailnum"),
        (
            "SELECT DISTINCT tailnum, day FROM flights QUALIFY RANK() OVER (PARTITION BY tailnum ORDER BY day) = 1",
            *("per-unit", "tailnum"),
        ),
        ("SELECT DISTINCT ON (tailnum) tailnum, origin FROM flights", "distinct-on", "tailnum"),
        ("SELECT * FROM flights GROUP BY tailnum", "bare-column", "*"),
        ("SELECT f.* FROM flights f GROUP BY tailnum", "bare-column", "f.*"),
        ("SELECT origin FROM (SELECT origin, COUNT(*) AS n FROM flights GROUP BY origin) x", "mixed", "origin"),
        ("SELECT 1 FROM flights WHERE dest IN (SELECT dest FROM flights GROUP BY dest)", "mixed", "dest FROM"),
    ],
)
def test_what_is_refused(sql, code, place):
    found = refusal(sql)
    assert found[0] == code
    if place != "*":  # a star has no place of its own
        assert found[1].startswith(place)
