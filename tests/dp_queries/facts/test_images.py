from decimal import Decimal
from fractions import Fraction

from dp_queries.facts.expressions import Facts, Range
from dp_queries.facts.images import Images, Steps, as_values, integers_of
from tests.dp_queries.layers.rows.reading import read


def test_integers_of_a_range_are_few_or_none():
    assert integers_of(Range(Fraction(-2), Fraction(4), Fraction(2))) == (-2, 0, 2, 4)
    assert integers_of(Range(Fraction(1), Fraction(1000), Fraction(1))) == tuple(range(1, 1001))
    assert integers_of(Range(Fraction(0), Fraction(1000), Fraction(1))) is None
    assert integers_of(Range(Fraction(0), Fraction(1), Fraction(1, 2))) is None
    assert integers_of(Range(Fraction(0), Fraction(1), None)) is None
    assert integers_of(None) is None


def test_the_twins_values_become_constants():
    assert as_values([Steps(3), Fraction(3), 3.0], "integer") == {3}
    assert as_values([-0.0, 0.0, Steps(1, Fraction(1, 10)), 0.1], "number") == {Decimal(0), Decimal("0.1")}
    assert as_values([float("inf"), float("nan"), None], "number") == {None}
    assert as_values([True, False], "boolean") == {True, False}
    assert as_values([Steps(2**60 + 1)], "integer") == {2**60 + 1}
    assert {str(value) for value in as_values([1000.0], "number")} == {"1000"}


def test_a_column_without_public_values_has_no_image():
    expression, scope = read("UPPER(note)")
    assert Images(scope.facts).of(expression) is None
    unit = Facts("text", domain=("a", "b"), longest=1, is_unit=True)
    assert Images(lambda _: unit).of(expression) is None
    assert Images(lambda _: Facts("text", domain=("a", "b"), longest=1)).of(expression) == ["A", "B"]
