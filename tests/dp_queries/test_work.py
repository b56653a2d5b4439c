from dp_queries.facts.relations import RelationFacts
from dp_queries.planner import analyse
from dp_queries.work import work_of, works_of
from tests.dp_queries.flights import DATASET


def seconds(sql):
    (draft,) = analyse(sql, DATASET).layers.aggregations
    return work_of(draft, RelationFacts(DATASET)).seconds


def test_more_to_do_is_more_work():
    plain = seconds("SELECT COUNT(*) FROM flights")
    assert plain < seconds("SELECT COUNT(*) FROM flights WHERE LOWER(note) = 'x'")
    assert plain < seconds("SELECT COUNT(*) FROM flights JOIN planes USING (tailnum)")
    assert plain < seconds("SELECT COUNT(*) FROM (SELECT tailnum FROM flights GROUP BY tailnum) x")
    assert plain < seconds(
        "SELECT SUM(r) FROM (SELECT RANK() OVER (PARTITION BY tailnum ORDER BY day) AS r FROM flights) x"
    )


def test_work_is_of_what_the_card_admits_and_not_of_what_conditions_leave():
    assert seconds("SELECT COUNT(*) FROM flights WHERE month = 13") == seconds(
        "SELECT COUNT(*) FROM flights WHERE month = 1"
    )


def test_pairs_that_exists_compares_are_work():
    exists = "SELECT COUNT(*) FROM planes p WHERE EXISTS (SELECT 1 FROM flights f WHERE f.tailnum = p.tailnum{})"
    assert seconds(exists.format(" AND f.distance > p.seats")) > 5 * seconds(exists.format(" AND f.distance > 5"))


def test_sorted_rows_are_held_in_memory():
    def held(sql):
        (draft,) = analyse(sql, DATASET).layers.aggregations
        return work_of(draft, RelationFacts(DATASET)).held_bytes

    assert held("SELECT SUM(delay) FROM flights") == 0
    assert held("SELECT SUM(delay) FROM flights JOIN planes USING (tailnum)") == 400_000 * 2 * (16 + 8)


def test_private_keys_are_read_twice_and_their_bins_are_of_as_many_groups_as_there_can_be():
    public, private = (seconds(f"SELECT {key}, SUM(delay) FROM flights GROUP BY 1") for key in ("origin", "dest"))
    assert private > 2 * public
    one, two = (seconds(f"SELECT dest, {what} FROM flights GROUP BY 1") for what in ("SUM(delay)", "MEDIAN(delay)"))
    assert two > one


def test_a_scan_that_is_shared_is_less_work_than_several_and_more_than_the_dearest():
    sql = "SELECT AVG(LENGTH(LOWER(note))) FROM flights JOIN planes USING (tailnum) GROUP BY CUBE (origin, late)"
    drafts, facts = analyse(sql, DATASET).layers.aggregations, RelationFacts(DATASET)
    (together,) = works_of(drafts, facts)
    apart = [work_of(draft, facts) for draft in drafts]
    assert max(work.seconds for work in apart) < together.seconds < sum(work.seconds for work in apart) / 2
    assert together.held_bytes > max(work.held_bytes for work in apart)
    private = analyse("SELECT COUNT(*) FROM flights GROUP BY ROLLUP (dest, origin)", DATASET).layers.aggregations
    assert len(works_of(private, facts)) == 3
