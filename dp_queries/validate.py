"""SQL accepted or rejected: an allow-list walk over the syntax tree.

A node whose class is not in `OFFERED`, or that carries a part not listed there, is refused with a stable code, a
sentence that says what to write instead, and its place. So syntax that a new version of the parser learns is refused
until somebody lists it. What names and types mean is asked in `layers/`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from dp_queries.parse import Node, Statement, exp, rejected
from policies.errors import Reason

MOST_REASONS: Final = 10
MOST_SELECTED: Final = 100

_BINARY: Final = frozenset({"this", "expression"})
_ONE: Final = frozenset({"this"})
_LIST: Final = frozenset({"expressions"})

# class -> the parts it may carry. `big_int`, `typed`, `safe` and `nested` are notes of the parser to itself.
OFFERED: Final[Mapping[type[Node], frozenset[str]]] = {
    exp.Select: frozenset({"expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset"}),
    exp.From: _ONE,
    exp.Table: frozenset({"this", "alias"}),
    exp.TableAlias: _ONE,
    exp.Join: frozenset({"this", "on", "using", "side", "kind"}),
    exp.Where: _ONE,
    exp.Group: _LIST,
    exp.Having: _ONE,
    exp.Order: _LIST,
    exp.Ordered: frozenset({"this", "desc", "nulls_first"}),
    exp.Limit: frozenset({"expression"}),
    exp.Offset: frozenset({"expression"}),
    exp.Alias: frozenset({"this", "alias"}),
    exp.Identifier: frozenset({"this", "quoted"}),
    exp.Column: frozenset({"this", "table"}),
    exp.Star: frozenset(),
    exp.Count: frozenset({"this", "big_int"}),
    exp.Distinct: _LIST,
    exp.Sum: _ONE,
    exp.Avg: _ONE,
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Boolean: _ONE,
    exp.Null: frozenset(),
    exp.Paren: _ONE,
    exp.And: _BINARY,
    exp.Or: _BINARY,
    exp.Not: _ONE,
    exp.EQ: _BINARY,
    exp.NEQ: _BINARY,
    exp.LT: _BINARY,
    exp.LTE: _BINARY,
    exp.GT: _BINARY,
    exp.GTE: _BINARY,
    exp.In: frozenset({"this", "expressions"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.Is: frozenset({"this", "expression", "negate"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.Add: _BINARY,
    exp.Sub: _BINARY,
    exp.Mul: _BINARY,
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
    exp.Neg: _ONE,
    exp.Extract: _BINARY,
    exp.Var: _ONE,
    exp.Date: _ONE,
    exp.Cast: frozenset({"this", "to"}),
    exp.DataType: frozenset({"this", "nested"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.If: frozenset({"this", "true"}),
    exp.Coalesce: frozenset({"this", "expressions"}),
    exp.Nullif: _BINARY,
    exp.Round: frozenset({"this", "decimals"}),
    exp.Abs: _ONE,
}

_SUBQUERY: Final = ("subquery", "subqueries aren't answered; join the table, or put the condition in WHERE")
_SET_OPERATION: Final = ("set-operation", "UNION, EXCEPT and INTERSECT aren't answered; ask each SELECT by itself")
_WITH: Final = ("with", "WITH isn't answered; write one SELECT over the tables themselves")
_WINDOW: Final = ("window", "window functions aren't answered; GROUP BY a public key instead")
_AGGREGATE: Final = ("aggregate", "this aggregate isn't answered; use COUNT, SUM or AVG")
_PATTERN: Final = ("pattern", "this pattern match isn't answered; use LIKE with % and _")
_GROUPING: Final = ("grouping-sets", "ROLLUP, CUBE, GROUPING SETS and GROUP BY ALL aren't answered; name the keys")
_SAMPLE: Final = ("sample", "sampling isn't offered; the answer is over all rows")
_INTERVAL: Final = ("interval", "date arithmetic isn't offered; compare with DATE '...' or TIMESTAMP '...'")
_QUALIFIED: Final = ("qualified-name", "name a table by its name alone, and a column as column or table.column")
_FROM_FUNCTION: Final = ("table-function", "FROM takes a table of the dataset, not a function")

# What people write most, with what to write instead. Everything else that isn't offered gets the general sentence.
INSTEAD: Final[Mapping[type[Node], tuple[str, str]]] = {
    exp.Subquery: _SUBQUERY,
    exp.Exists: _SUBQUERY,
    exp.Any: _SUBQUERY,
    exp.All: _SUBQUERY,
    exp.SetOperation: _SET_OPERATION,
    exp.With: _WITH,
    exp.Window: _WINDOW,
    exp.Filter: ("filter", "FILTER isn't answered; put the condition in WHERE and ask again"),
    exp.WithinGroup: _AGGREGATE,
    exp.AggFunc: _AGGREGATE,
    exp.ILike: ("pattern", "ILIKE isn't answered; use LIKE, or list the spellings with IN"),
    exp.RegexpLike: _PATTERN,
    exp.SimilarTo: _PATTERN,
    exp.Escape: ("pattern", "LIKE has no ESCAPE here; use % and _ only"),
    exp.Rollup: _GROUPING,
    exp.Cube: _GROUPING,
    exp.GroupingSets: _GROUPING,
    exp.Tuple: ("row", "rows in brackets aren't answered; write the columns one by one"),
    exp.TableSample: _SAMPLE,
    exp.Interval: _INTERVAL,
    exp.Dot: _QUALIFIED,
    exp.Lateral: _FROM_FUNCTION,
    exp.Unnest: _FROM_FUNCTION,
    exp.Values: ("values", "VALUES isn't answered; ask a table of the dataset"),
    exp.NullSafeEQ: ("null-safe", "IS NOT DISTINCT FROM isn't answered; use = and IS NULL"),
    exp.NullSafeNEQ: ("null-safe", "IS DISTINCT FROM isn't answered; use <> and IS NULL"),
    exp.Fetch: ("fetch", "FETCH isn't answered; write LIMIT with a number"),
    exp.Rand: ("random", "random functions aren't offered; the noise is the room's"),
    exp.Mod: ("operator", "% isn't answered; use + - * /"),
    exp.DPipe: ("operator", "|| isn't answered; text can be compared, not built"),
    exp.TimestampTrunc: ("date-trunc", "date_trunc isn't answered; GROUP BY CAST(x AS DATE) or EXTRACT(... FROM x)"),
}

PARTS: Final[Mapping[tuple[type[Node], str], tuple[str, str]]] = {
    (exp.Select, "with_"): _WITH,
    (exp.Select, "distinct"): ("distinct", "SELECT DISTINCT isn't answered; GROUP BY a public key instead"),
    (exp.Select, "into"): ("into", "SELECT INTO isn't answered; answers go to you alone"),
    (exp.Select, "windows"): _WINDOW,
    (exp.Select, "qualify"): _WINDOW,
    (exp.Select, "locks"): ("lock", "FOR UPDATE isn't answered; leave it out"),
    (exp.Select, "laterals"): _FROM_FUNCTION,
    (exp.Select, "sample"): _SAMPLE,
    (exp.Table, "sample"): _SAMPLE,
    (exp.Table, "db"): _QUALIFIED,
    (exp.Table, "catalog"): _QUALIFIED,
    (exp.Table, "joins"): ("brackets", "brackets around joins aren't answered; write them one after another"),
    (exp.TableAlias, "columns"): ("column-aliases", "an alias names the table only; leave the column list out"),
    (exp.Column, "db"): _QUALIFIED,
    (exp.Column, "catalog"): _QUALIFIED,
    (exp.Join, "method"): ("natural-join", "NATURAL JOIN isn't answered; say ON or USING"),
    (exp.In, "query"): _SUBQUERY,
    (exp.In, "unnest"): ("in-list", "IN takes a list of literals"),
    (exp.In, "field"): ("in-list", "IN takes a list of literals in brackets"),
    (exp.Count, "expressions"): ("count", "COUNT takes one column, *, or DISTINCT and the unit's column"),
    (exp.Between, "symmetric"): ("between", "SYMMETRIC isn't answered; write the lower bound first"),
    (exp.Group, "all"): _GROUPING,
    (exp.Group, "grouping_sets"): _GROUPING,
    (exp.Group, "rollup"): _GROUPING,
    (exp.Group, "cube"): _GROUPING,
    (exp.DataType, "expressions"): ("type", "write the type without a length: DATE, TIMESTAMP, INTEGER, DOUBLE"),
}


def validate(statement: Statement) -> None:
    """Raise QueryRejected with up to `MOST_REASONS` reasons unless all of the tree is offered.

    >>> from dp_queries.parse import parse
    >>> validate(parse("SELECT COUNT(*) FROM flights"))
    """
    reasons: list[Reason] = []
    for reason in _faults(statement, statement.tree):
        if reason not in reasons:
            reasons.append(reason)
        if len(reasons) == MOST_REASONS:
            break
    if reasons:
        raise rejected(*reasons)


def _faults(statement: Statement, root: Node) -> Iterator[Reason]:
    """Faults in reading order, outermost first; what lies inside a refused node isn't looked at."""
    if not isinstance(root, exp.Select):
        yield _refusal(statement, root)
        return
    if len(root.expressions) > MOST_SELECTED:
        yield statement.reason(root, "too-many-columns", f"select at most {MOST_SELECTED} columns")
    pending: list[Node] = [root]
    while pending:
        node = pending.pop()
        if type(node) not in OFFERED or (isinstance(node, exp.Select) and node is not root):
            yield _refusal(statement, node)
            continue
        foreign = [name for name, value in node.args.items() if _is_there(value) and name not in OFFERED[type(node)]]
        for name in foreign:
            yield _part_refusal(statement, node, name)
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            yield statement.reason(node, "star", "rows never leave the room; name aggregates such as COUNT(*)")
        if not foreign:
            pending.extend(reversed(list(node.iter_expressions())))


def _is_there(value: Any) -> bool:
    return value is not None and value is not False and value != []


def _refusal(statement: Statement, node: Node) -> Reason:
    if isinstance(node, exp.Select):
        return statement.reason(node, *_SUBQUERY)
    if isinstance(node, exp.Func) and isinstance(node.parent, exp.Table):
        return statement.reason(node, *_FROM_FUNCTION)
    for kind in type(node).__mro__:
        if kind in INSTEAD:
            return statement.reason(node, *INSTEAD[kind])
    if isinstance(node, exp.Func):
        return statement.reason(node, "function", f"the function {_function_name(node)} isn't offered")
    return statement.reason(node, "not-offered", f"{type(node).__name__} isn't offered; see the SQL guide for what is")


def _function_name(node: exp.Func) -> str:
    name = str(node.this) if isinstance(node, exp.Anonymous) else node.sql_name()
    return name.lower()[:64]


def _part_refusal(statement: Statement, node: Node, name: str) -> Reason:
    part = node.args[name]
    place = part if isinstance(part, exp.Expr) else node
    if isinstance(node, exp.Table) and isinstance(node.this, exp.Func):
        return statement.reason(node, *_FROM_FUNCTION)
    general = ("not-offered", f"{name.rstrip('_')} isn't offered with {type(node).__name__}; leave it out")
    return statement.reason(place, *PARTS.get((type(node), name), general))
