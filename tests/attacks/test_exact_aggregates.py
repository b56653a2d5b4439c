"""Attack 17: read the exact aggregate through HAVING, ORDER BY, LIMIT or CASE, where no noise seems to stand before it.
All of them see the noisy value, the same one that is selected.
"""

from tests.dp_queries.flights import GivenSums, Silence, planned, released

TRUTH = GivenSums(lambda measure, group: 10 * (group + 1))


class Upturned(Silence):
    """Noise that turns the order of the groups round: 10, 20, 30 become 990, 980, 970."""

    def laplace(self, values, scale):
        return [1000 * 1024 - value for value in values]

    gaussian = laplace


def rows(sql):
    return released(planned(sql), TRUTH, Upturned()).rows


def test_having_sees_the_noise():
    assert rows("SELECT origin FROM flights GROUP BY origin HAVING COUNT(*) < 100") == []
    assert len(rows("SELECT origin FROM flights GROUP BY origin HAVING COUNT(*) > 100")) == 3


def test_order_by_and_limit_see_the_noise():
    assert rows("SELECT origin FROM flights GROUP BY origin ORDER BY COUNT(*) DESC LIMIT 1") == [["EWR"]]


def test_case_and_arithmetic_see_the_noise():
    sql = "SELECT CASE WHEN COUNT(*) > 100 THEN 'noisy' ELSE 'exact' END, COUNT(*) * 1, COUNT(*) FROM flights"
    assert rows(sql) == [["noisy", 990, 990]]


def test_the_same_aggregate_is_the_same_draw_everywhere():
    row = rows("SELECT COUNT(*), COUNT(*) + 0, COUNT(1), ROUND(COUNT(*)) FROM flights HAVING COUNT(*) = 990")[0]
    assert set(row) == {990}
