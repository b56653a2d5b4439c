"""Keys as places: Arrow columns as engines give them, narrow or wide, with NULL or without, whole or sliced."""

from decimal import Decimal

import pyarrow as pa
import pytest

from dp_queries.algebra.expressions import Literal
from dp_queries.backends.groups import NumberedKey, buffers, key_column
from dp_queries.backends.terms import Term
from dp_queries.plan import Key
from privacy.contributions import NO_GROUP

KEY = NumberedKey("k", 3, (1, NO_GROUP, 0), 2, 3)
VALUES = [3, 4, 5, 6, 2, None, 3]
PLACES = [1, NO_GROUP, 0, NO_GROUP, NO_GROUP, 2, 1]


@pytest.mark.parametrize("kind", ["uint8", "int8", "uint16", "int16", "int32", "uint32", "int64", "date32"])
@pytest.mark.parametrize("first", [0, 1, 5])
def test_every_width_has_its_places_also_in_a_slice(kind, first):
    column = pa.array(VALUES, pa.int32()).cast(kind)
    assert KEY.places_of(column[first:]).tolist() == PLACES[first:]
    assert KEY.places_of(column[first:5]).tolist() == PLACES[first:5]


def test_a_run_is_counted_and_not_looked_up():
    run = NumberedKey("k", 0, (0, 1, 2), NO_GROUP, 3)
    assert run.places_of(pa.array([2, 0, 3, None, 255], pa.uint8())).tolist() == [2, 0, NO_GROUP, NO_GROUP, NO_GROUP]


def test_a_decimal_is_read_as_an_integer():
    values, bitmap = buffers(pa.array([Decimal(7), None], pa.decimal128(38, 0)))
    assert (int(values[0]), int(bitmap[0]) & 3) == (7, 1)


def test_a_value_that_no_row_can_hold_is_nobodys_place():
    """In 64 bits 2^64 would be 0."""
    key = Key(Literal(None), (2**64, 1), "integer")
    found = key_column(key, Term("steps", "k"))
    assert found.places_of(pa.array([0, 1], pa.int64())).tolist() == [NO_GROUP, 1]
