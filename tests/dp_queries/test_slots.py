from fractions import Fraction

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from dp_queries.slots import Pace, slot_seconds
from tests.dp_queries.flights import DATASET


def test_a_slot_is_the_least_number_of_ticks_that_holds_the_work():
    pace = Pace(slowness=Fraction(3, 2), latency_seconds=Fraction(1, 100))
    assert slot_seconds(Fraction(0), pace) == Fraction(1, 100)
    assert slot_seconds(Fraction(1, 10), pace) == Fraction(32, 200)
    assert slot_seconds(Fraction(1, 10) + Fraction(1, 10**9), pace) == Fraction(33, 200)
    assert slot_seconds(Fraction(1, 10)) == Fraction(4, 5)  # nothing is known of the machine


def test_a_slower_machine_has_longer_slots_and_refuses_the_same():
    sql = "SELECT day, COUNT(*) FROM flights GROUP BY day"
    slots = [analyse(sql, DATASET, Pace(Fraction(n), Fraction(0))).slot_seconds for n in (1, 2)]
    assert 1.8 * slots[0] < slots[1] < 2.2 * slots[0]
    patterns = " OR ".join(f"tailnum LIKE '%{number}%{'x' * 100}%'" for number in range(200))
    with pytest.raises(QueryRejected):
        analyse(f"SELECT COUNT(*) FROM flights WHERE {patterns}", DATASET, Pace(Fraction(1, 10**6), Fraction(0)))


def test_time_runs_forwards():
    for slowness, latency in ((0, 0), (-1, 0), (1, -1)):
        with pytest.raises(ValueError, match="takes time"):
            Pace(Fraction(slowness), Fraction(latency))


def test_the_slot_of_a_query_grows_with_its_groups():
    every = analyse("SELECT COUNT(*) FROM flights", DATASET)
    few = analyse("SELECT COUNT(*) FROM flights WHERE day = DATE '2013-01-01'", DATASET)
    many = analyse("SELECT day, month, COUNT(*) FROM flights GROUP BY day, month", DATASET)
    assert every.slot_seconds <= few.slot_seconds < many.slot_seconds


def test_a_slot_holds_the_worst_text_that_the_card_admits():
    plain = analyse("SELECT COUNT(*) FROM flights WHERE tailnum = 'N1'", DATASET)
    matched = analyse("SELECT COUNT(*) FROM flights WHERE tailnum LIKE '%N_1%'", DATASET)
    longer = analyse("SELECT COUNT(*) FROM flights WHERE tailnum LIKE '%N_1%' OR tailnum LIKE '%N_2%9%'", DATASET)
    assert plain.slot_seconds < matched.slot_seconds < longer.slot_seconds


def test_what_would_block_the_house_is_refused():
    patterns = " OR ".join(f"tailnum LIKE '%{number}%{'x' * 100}%'" for number in range(200))
    with pytest.raises(QueryRejected) as caught:
        analyse(f"SELECT COUNT(*) FROM flights WHERE {patterns}", DATASET)
    assert [reason.code for reason in caught.value.reasons] == ["too-heavy"]
