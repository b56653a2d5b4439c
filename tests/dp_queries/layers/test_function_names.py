import pytest

from dp_queries.layers.function_names import function_name
from dp_queries.syntax.parse import parse


@pytest.mark.parametrize(
    ("item", "name"),
    [
        ("COUNT(*)", "count"),
        ("SUM(x) FILTER (WHERE y)", "sum"),
        ("PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY x)", "percentile_cont"),
        ("RANK() OVER (ORDER BY x)", "rank"),
        ("STDDEV_POP(x)", "stddev_pop"),
        ("DATE_TRUNC('day', d)", "date_trunc"),
        ("QUANTILE_CONT(x, 0.1)", "quantile_cont"),
        ("x + 1", ""),
        ("a AND b", ""),
        ("x", ""),
    ],
)
def test_columns_are_called_as_their_function(item, name):
    assert function_name(parse(f"SELECT {item} FROM t").tree.expressions[0]) == name
