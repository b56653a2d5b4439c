from dp_queries.algebra.expressions import OPERATORS, Call, Literal
from dp_queries.facts.costs import OPERATOR_NANOSECONDS, expression_cost, filter_cost
from tests.dp_queries.layers.rows.reading import read
from tests.dp_queries.random_expressions import COLUMNS, KINDS, Grower, columns, seeded


def cost(sql):
    expression, scope = read(sql)
    return expression_cost(expression, scope.facts)


def test_every_operator_has_its_price():
    assert set(OPERATOR_NANOSECONDS) == set(OPERATORS)
    assert all(price > 0 for price in OPERATOR_NANOSECONDS.values())


def test_a_part_never_costs_more_than_the_whole():
    grower = Grower(seeded(3))
    for round_ in range(600):
        expression = grower.grow(KINDS[round_ % len(KINDS)], 3)
        if isinstance(expression, Call):
            parts = sum(expression_cost(argument, columns) for argument in expression.arguments)
            assert expression_cost(expression, columns) > parts
    assert grower.used == set(OPERATORS)


def test_wide_texts_cost_by_the_character():
    assert cost("UPPER(note)") > 10 * cost("UPPER(origin)")
    assert cost("note || note || note || note") > 1.5 * cost("note || note")
    assert cost("REPLACE(note, 'abcdefghij', 'x')") > cost("REPLACE(note, 'a', 'x')")
    assert cost("note LIKE '%abcdefghijklmnop%'") > 1.5 * cost("note LIKE 'a%'")
    assert cost("LENGTH(essay)") > 20 * cost("LENGTH(note)")


def test_the_result_may_be_wider_than_the_arguments():
    widened = Call("replace", (COLUMNS["note"], Literal("a"), Literal("b" * 50)))
    assert expression_cost(widened, columns) > 30 * 7 * 50


def test_bare_columns_and_constants():
    assert expression_cost(COLUMNS["month"], columns) == 0
    assert expression_cost(COLUMNS["note"], columns) == 7
    assert expression_cost(Literal("abc"), columns) == 0


def test_what_lies_there_as_it_is_compared_costs_less_than_what_is_converted():
    assert cost("month > 5") < cost("month > free / 2") / 3
    assert cost("fare > 5") == cost("month > 5") < cost("free > 5")
    assert cost("month IN (1, 2, 3)") < cost("free / 2 IN (1, 2, 3)") / 2
    expression, scope = read("month > 5")
    assert filter_cost(expression, scope.facts) < cost("month > 5")
    expression, scope = read("month + 1 > 5")
    assert filter_cost(expression, scope.facts) == cost("month + 1 > 5")
