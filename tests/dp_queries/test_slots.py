from fractions import Fraction

import pytest

from dp_queries.errors import QueryRejected
from dp_queries.planner import analyse
from dp_queries.slots import slot_seconds
from tests.dp_queries.flights import DATASET


def test_a_slot_is_a_power_of_two_of_ticks_above_the_expected_work():
    assert slot_seconds(Fraction(0)) == Fraction(2, 5)
    assert slot_seconds(Fraction(12, 10)) == Fraction(32, 5)
    assert slot_seconds(Fraction(24, 10)) == Fraction(64, 5)
    assert slot_seconds(Fraction(60)) > 200


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
