"""The part of the allow-list that blocks and released values are asked by: subqueries, aggregates, windows, groupings.

`validate.py` walks; `layers/above/` says what each node means over released values, `layers/` what blocks mean below.
"""

from collections.abc import Mapping
from typing import Final

from dp_queries.syntax.parse import Node, exp

_BINARY: Final = frozenset({"this", "expression"})
_ONE: Final = frozenset({"this"})
_LIST: Final = frozenset({"expressions"})
_NONE: Final[frozenset[str]] = frozenset()
_SET: Final = frozenset({"this", "expression", "distinct", "with_", "order", "limit", "offset", "side", "kind"})

# class -> the parts it may carry. `big_int`, `copy`, `over`, `by_name` and `lateral` are notes of the parser to itself.
ABOVE_NODES: Final[Mapping[type[Node], frozenset[str]]] = {
    exp.Select: frozenset(
        {
            *("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset"),
            *("with_", "distinct", "windows", "qualify"),
        }
    ),
    exp.Subquery: frozenset({"this", "alias"}),
    exp.With: frozenset({"expressions", "recursive"}),
    exp.CTE: frozenset({"this", "alias"}),
    exp.TableAlias: frozenset({"this", "columns"}),
    exp.Union: _SET,
    exp.Intersect: _SET,
    exp.Except: _SET,
    exp.In: frozenset({"this", "expressions", "query"}),
    exp.Exists: _ONE,
    exp.All: _ONE,
    exp.Any: _ONE,
    exp.Distinct: frozenset({"expressions", "on"}),
    exp.Tuple: _LIST,
    exp.Star: _NONE,
    exp.Group: _LIST,
    exp.Rollup: _LIST,
    exp.Cube: _LIST,
    exp.GroupingSets: _LIST,
    exp.Grouping: _LIST,
    exp.Qualify: _ONE,
    exp.Filter: _BINARY,
    exp.Window: frozenset({"this", "partition_by", "order", "spec", "alias", "over"}),
    exp.WindowSpec: frozenset({"kind", "start", "start_side", "end", "end_side"}),
    exp.IgnoreNulls: _ONE,
    exp.RowNumber: _NONE,
    exp.Rank: _NONE,
    exp.DenseRank: _NONE,
    exp.PercentRank: _NONE,
    exp.CumeDist: _NONE,
    exp.Ntile: _ONE,
    exp.Lag: frozenset({"this", "offset", "default"}),
    exp.Lead: frozenset({"this", "offset", "default"}),
    exp.FirstValue: _ONE,
    exp.LastValue: _ONE,
    exp.NthValue: frozenset({"this", "offset"}),
    exp.Count: frozenset({"this", "big_int"}),
    exp.CountIf: _ONE,
    exp.ApproxQuantile: frozenset({"this", "quantile"}),
    exp.Sum: _ONE,
    exp.Avg: _ONE,
    exp.Min: _ONE,
    exp.Max: _ONE,
    exp.Median: _ONE,
    exp.Stddev: _ONE,
    exp.StddevSamp: _ONE,
    exp.StddevPop: _ONE,
    exp.Variance: _ONE,
    exp.VariancePop: _ONE,
    exp.Quantile: frozenset({"this", "quantile"}),
    exp.PercentileCont: _ONE,
    exp.PercentileDisc: _ONE,
    exp.WithinGroup: _BINARY,
    exp.LogicalAnd: _ONE,
    exp.LogicalOr: _ONE,
    exp.Skewness: _ONE,
    exp.Kurtosis: _ONE,
    exp.Corr: _BINARY,
    exp.CovarPop: _BINARY,
    exp.CovarSamp: _BINARY,
    exp.RegrSlope: _BINARY,
    exp.RegrIntercept: _BINARY,
    exp.RegrR2: _BINARY,
    # Functions of released values only; those that rows know too are in `row_syntax`.
    exp.Cbrt: _ONE,
    exp.Sin: _ONE,
    exp.Cos: _ONE,
    exp.Tan: _ONE,
    exp.Asin: _ONE,
    exp.Acos: _ONE,
    exp.Atan: _ONE,
    exp.Atan2: _BINARY,
    exp.Degrees: _ONE,
    exp.Radians: _ONE,
    exp.Pi: _NONE,
    exp.Reverse: _ONE,
}

_GROUPING: Final = ("grouping-sets", "write GROUP BY with keys, ROLLUP (...), CUBE (...) or GROUPING SETS (...)")
_ONLY_SELECT: Final = ("not-a-select", "only SELECT statements are answered")
_SAMPLE: Final = ("sample", "sampling isn't offered; the answer is over all rows")
_QUALIFIED: Final = ("qualified-name", "name a table by its name alone, and a column as column or table.column")
_FROM_FUNCTION: Final = ("table-function", "FROM takes a table of the dataset or a subquery, not a function")

# What people write most, with what to write instead. Everything else that isn't offered gets the general sentence.
ABOVE_INSTEAD: Final[Mapping[type[Node], tuple[str, str]]] = {
    exp.AggFunc: ("aggregate", "this aggregate isn't answered; use COUNT, SUM, AVG, VAR_*, STDDEV_*, MIN, MAX, MEDIAN"),
    exp.DML: _ONLY_SELECT,
    exp.DDL: _ONLY_SELECT,
    exp.TableSample: _SAMPLE,
    exp.Dot: _QUALIFIED,
    exp.Lateral: _FROM_FUNCTION,
    exp.Unnest: _FROM_FUNCTION,
    exp.Values: ("values", "VALUES isn't answered; ask a table of the dataset"),
    exp.Fetch: ("fetch", "FETCH isn't answered; write LIMIT with a number"),
}

ABOVE_PARTS: Final[Mapping[tuple[type[Node], str], tuple[str, str]]] = {
    (exp.Select, "into"): ("into", "SELECT INTO isn't answered; answers go to you alone"),
    (exp.Select, "locks"): ("lock", "FOR UPDATE isn't answered; leave it out"),
    (exp.Select, "laterals"): _FROM_FUNCTION,
    (exp.Select, "sample"): _SAMPLE,
    (exp.Table, "sample"): _SAMPLE,
    (exp.Subquery, "sample"): _SAMPLE,
    (exp.Table, "db"): _QUALIFIED,
    (exp.Table, "catalog"): _QUALIFIED,
    (exp.Table, "joins"): ("brackets", "brackets around joins aren't answered; write them one after another"),
    (exp.Column, "db"): _QUALIFIED,
    (exp.Column, "catalog"): _QUALIFIED,
    (exp.Join, "method"): ("natural-join", "NATURAL and ASOF JOIN aren't answered; say ON or USING"),
    (exp.Count, "expressions"): ("count", "COUNT takes one column, *, or DISTINCT and one column"),
    (exp.CTE, "materialized"): ("materialized", "leave MATERIALIZED out; it changes nothing here"),
    (exp.WindowSpec, "exclude"): ("frame", "EXCLUDE isn't answered; write the frame without it"),
    (exp.Group, "all"): _GROUPING,
    (exp.Group, "totals"): _GROUPING,
}
