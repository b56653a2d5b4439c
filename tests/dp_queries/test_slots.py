from fractions import Fraction

from dp_queries.planner import analyse
from dp_queries.slots import slot_seconds
from tests.dp_queries.flights import DATASET


def test_a_slot_is_a_power_of_two_of_ticks_above_the_expected_work():
    assert slot_seconds(rows_at_most=1, joins=0, cells=1) == Fraction(2, 5)
    assert slot_seconds(rows_at_most=10**7, joins=0, cells=1) == Fraction(32, 5)
    assert slot_seconds(rows_at_most=10**7, joins=1, cells=1) == Fraction(64, 5)
    assert slot_seconds(rows_at_most=1, joins=0, cells=10**6) > 200


def test_the_slot_of_a_query_grows_with_its_groups_and_not_with_its_filter():
    every = analyse("SELECT COUNT(*) FROM flights", DATASET)
    few = analyse("SELECT COUNT(*) FROM flights WHERE tailnum = 'N1'", DATASET)
    many = analyse("SELECT day, month, COUNT(*) FROM flights GROUP BY day, month", DATASET)
    assert every.slot_seconds == few.slot_seconds < many.slot_seconds
