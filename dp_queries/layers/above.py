"""Syntax over aggregates and keys -> SQL text over the one table `released` (g, k0.., a0..), rendered anew.

Nothing of the query's text passes: each fragment is written here from a checked node, constants included, so no name,
comment or string can carry syntax. All arithmetic is in doubles with guarded division, so that nothing can raise.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from dp_queries.backends.texts import as_regular_expression
from dp_queries.expression_types import MOMENTS, NUMBERS, are_comparable, type_of, type_of_value
from dp_queries.expressions import ColumnRef, Expression, Literal, Value
from dp_queries.layers import below, literals
from dp_queries.layers.middle import Middle, Unbounded
from dp_queries.layers.scope import Scope, fold
from dp_queries.parse import Node, exp, rejected
from dp_queries.plan import Key

MOST_DECIMALS: Final = 10
_WHOLE: Final = frozenset({exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT})
_FRACTIONAL: Final = frozenset({exp.DType.DOUBLE, exp.DType.FLOAT, exp.DType.DECIMAL})


@dataclass(frozen=True)
class Fragment:
    """SQL text with its type; `value` is set for constants, `aggregate` for a bare aggregate."""

    sql: str
    type: str
    is_noisy: bool = False
    is_constant: bool = False
    value: Value = None


@dataclass
class Writer:
    """Writes fragments. `aliases` are the selected columns by name, filled while SELECT is read."""

    scope: Scope
    keys: tuple[Key, ...]
    middle: Middle
    aliases: dict[str, Fragment]

    def write(self, node: Node) -> Fragment:
        """The fragment of a node. Raises QueryRejected for what has no value above."""
        key = self._key(node)
        if key is not None:
            return key
        translate = _NODES.get(type(node))
        if translate is None:
            raise self.refusal(node, "not-above", f"{type(node).__name__} isn't offered over aggregates")
        return translate(self, node)

    def condition(self, node: Node) -> Fragment:
        """A boolean fragment."""
        found = self.write(node)
        if found.type != "boolean":
            raise self.refusal(node, "not-a-condition", "a condition is wanted here, such as COUNT(*) > 10")
        return found

    def number(self, node: Node) -> Fragment:
        """A numeric fragment, as a double."""
        found = self.write(node)
        if found.type not in NUMBERS:
            raise self.refusal(node, "not-a-number", "arithmetic takes numbers")
        return found

    def refusal(self, node: Node, code: str, message: str) -> Exception:
        """The refusal that points at the node."""
        return rejected(self.scope.statement.reason(node, code, message))

    def row_level(self, node: Node) -> Expression:
        """What an aggregate is taken of."""
        return below.expression(node, self.scope)

    def _key(self, node: Node) -> Fragment | None:
        if not isinstance(node, (exp.Column, exp.Cast, exp.Extract, exp.Date)):
            return None
        if isinstance(node, exp.Column):
            return self._named_key(node)
        if not isinstance(node.this if not isinstance(node, exp.Extract) else node.expression, exp.Column):
            return None
        return self._key_of(below.expression(node, self.scope)) if self._is_row_level(node) else None

    def _is_row_level(self, node: Node) -> bool:
        """A CAST to a number type is arithmetic above; everything else of the three is a key or nothing."""
        return not isinstance(node, exp.Cast) or node.args["to"].this not in _WHOLE | _FRACTIONAL

    def _named_key(self, node: exp.Column) -> Fragment:
        reference = self.scope.find(node)
        found = self._key_of(reference) if reference else None
        alias = None if node.table else self.aliases.get(fold(node.name))
        if found or alias:
            return found or alias  # type: ignore[return-value]  # one of them is there
        if reference is None:
            self.scope.resolve(node)
        raise self.refusal(node, "bare-column", "rows never leave the room; aggregate this column, or GROUP BY it")

    def _key_of(self, expression: Expression) -> Fragment | None:
        for index, key in enumerate(self.keys):
            if key.expression == expression:
                return Fragment(f'"k{index}"', key.type)
        return None


def constant(value: Value) -> Fragment:
    """A constant as SQL; numbers are doubles, quotes are doubled."""
    return Fragment(_literal(value), type_of_value(value), is_constant=True, value=value)


def _literal(value: Value) -> str:
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
    if isinstance(value, int | Decimal):
        text = repr(float(value))
        return f"({text})" if "e" in text else f"({text}e0)"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def _merged(sql: str, kind: str, *parts: Fragment) -> Fragment:
    return Fragment(sql, kind, is_noisy=any(part.is_noisy for part in parts))


def _aggregate(writer: Writer, node: Node, index: int, kind: str) -> Fragment:
    return Fragment(f'"a{index}"', kind, is_noisy=True)


def _count(writer: Writer, node: Any) -> Fragment:
    inner = node.this
    if isinstance(inner, exp.Star):
        return _aggregate(writer, node, writer.middle.count_rows(), "integer")
    if isinstance(inner, exp.Distinct):
        return _aggregate(writer, node, _count_units(writer, inner), "integer")
    value = writer.row_level(inner)
    if value == Literal(None):
        raise writer.refusal(node, "null-comparison", "COUNT(NULL) is always 0")
    counts_rows = isinstance(value, ColumnRef) and writer.scope.is_unit(value)
    index = writer.middle.count_rows() if counts_rows else writer.middle.count_present(value)
    return _aggregate(writer, node, index, "integer")


def _count_units(writer: Writer, node: Any) -> int:
    values = [writer.row_level(part) for part in node.expressions]
    if len(values) != 1 or not isinstance(values[0], ColumnRef) or not writer.scope.is_unit(values[0]):
        unit = writer.scope.table(0).unit_column
        message = f"COUNT(DISTINCT ...) counts privacy units only: COUNT(DISTINCT {unit})"
        raise writer.refusal(node, "count-distinct", message)
    return writer.middle.count_units()


def _sum(writer: Writer, node: Any) -> Fragment:
    return _bounded(writer, node, writer.middle.sum)


def _avg(writer: Writer, node: Any) -> Fragment:
    return _bounded(writer, node, writer.middle.avg)


def _bounded(writer: Writer, node: Any, ask: Callable[[Expression], int]) -> Fragment:
    if isinstance(node.this, exp.Distinct):
        raise writer.refusal(node, "distinct", "DISTINCT is answered in COUNT(DISTINCT unit) only")
    value = writer.row_level(node.this)
    if not _has_column(value):
        raise writer.refusal(node, "constant", "SUM and AVG take a column; use COUNT(*) times the constant")
    try:
        index = ask(value)
    except Unbounded as refusal:
        raise writer.refusal(node, refusal.reason.code, refusal.reason.message) from None
    return _aggregate(writer, node, index, "integer" if writer.middle.is_whole(index) else "number")


def _has_column(value: Expression) -> bool:
    return isinstance(value, ColumnRef) or any(map(_has_column, getattr(value, "arguments", ())))


def _number(writer: Writer, node: Any) -> Fragment:
    return constant(str(node.this) if node.is_string else literals.number(writer.scope.statement, node))


def _negative(writer: Writer, node: Any) -> Fragment:
    if isinstance(node.this, exp.Literal) and not node.this.is_string:
        return constant(literals.number(writer.scope.statement, node.this, is_negative=True))
    inner = writer.number(node.this)
    if isinstance(inner.value, int | Decimal):
        return constant(-inner.value)
    return _merged(f"(-{inner.sql})", inner.type, inner)


def _arithmetic(writer: Writer, node: Any) -> Fragment:
    operator = below.ARITHMETIC[type(node)]
    left, right = writer.number(node.this), writer.number(node.expression)
    if operator == "/":  # in doubles, as on rows; NULL where the divisor is 0
        return _merged(f"({_double(left)} / NULLIF({_double(right)}, 0e0))", "number", left, right)
    kind = "integer" if left.type == right.type == "integer" else "number"
    return _merged(f"({_double(left)} {operator} {_double(right)})", kind, left, right)


def _double(fragment: Fragment) -> str:
    return f"CAST({fragment.sql} AS DOUBLE)"


def _logic(operator: str) -> Callable[[Writer, Any], Fragment]:
    def translate(writer: Writer, node: Any) -> Fragment:
        parts = [writer.condition(part) for part in node.flatten()]
        return _merged("(" + f" {operator} ".join(part.sql for part in parts) + ")", "boolean", *parts)

    return translate


def _not(writer: Writer, node: Any) -> Fragment:
    inner = writer.condition(node.this)
    return _merged(f"(NOT {inner.sql})", "boolean", inner)


def _comparison(writer: Writer, node: Any) -> Fragment:
    left, right = _alike(writer, node, writer.write(node.this), writer.write(node.expression))
    return _merged(f"({left.sql} {below.COMPARISONS[type(node)]} {right.sql})", "boolean", left, right)


def _alike(writer: Writer, node: Node, left: Fragment, right: Fragment) -> tuple[Fragment, Fragment]:
    left, right = _as_moment(writer, node, left, right), _as_moment(writer, node, right, left)
    if not are_comparable(left.type, right.type):
        message = f"{left.type} can't be compared with {right.type}; write IS NULL for NULL"
        raise writer.refusal(node, "types-differ", message)
    return left, right


def _as_moment(writer: Writer, node: Node, side: Fragment, other: Fragment) -> Fragment:
    if side.is_constant and side.type == "text" and other.type in MOMENTS:
        return constant(literals.moment(writer.scope.statement, node, str(side.value), other.type))
    return side


def _in(writer: Writer, node: Any) -> Fragment:
    left = writer.write(node.this)
    items = [_alike(writer, item, left, writer.write(item))[1] for item in node.expressions]
    if not all(item.is_constant for item in items):
        raise writer.refusal(node, "in-list", "IN takes a list of literals")
    return _merged(f"({left.sql} IN ({', '.join(item.sql for item in items)}))", "boolean", left)


def _between(writer: Writer, node: Any) -> Fragment:
    middle = writer.write(node.this)
    lower = _alike(writer, node, middle, writer.write(node.args["low"]))[1]
    upper = _alike(writer, node, middle, writer.write(node.args["high"]))[1]
    return _merged(f"({middle.sql} BETWEEN {lower.sql} AND {upper.sql})", "boolean", middle, lower, upper)


def _is(writer: Writer, node: Any) -> Fragment:
    if not isinstance(node.expression, exp.Null):
        raise writer.refusal(node, "is", "IS takes NULL or NOT NULL")
    inner = writer.write(node.this)
    return _merged(f"({inner.sql} IS {'NOT ' if node.args.get('negate') else ''}NULL)", "boolean", inner)


def _like(writer: Writer, node: Any) -> Fragment:
    inner = writer.write(node.this)
    if inner.type != "text":
        raise writer.refusal(node, "types-differ", "LIKE takes text")
    pattern = constant(as_regular_expression(literals.pattern(writer.scope.statement, node.expression)))
    matches = f"regexp_full_match({inner.sql}, {pattern.sql}, 's')"
    return _merged(f"(NOT {matches})" if node.args.get("negate") else matches, "boolean", inner)


def _case(writer: Writer, node: Any) -> Fragment:
    conditions, values = [], []
    for branch in node.args["ifs"]:
        conditions.append(_when(writer, node, branch))
        values.append(writer.write(branch.args["true"]))
    values.append(writer.write(node.args["default"]) if node.args.get("default") else constant(None))
    whens = " ".join(f"WHEN {when.sql} THEN {then.sql}" for when, then in zip(conditions, values, strict=False))
    return _merged(f"(CASE {whens} ELSE {values[-1].sql} END)", _unified(writer, node, values), *conditions, *values)


def _when(writer: Writer, node: Any, branch: Any) -> Fragment:
    if node.this is None:
        return writer.condition(branch.this)
    left, right = _alike(writer, branch, writer.write(node.this), writer.write(branch.this))
    return _merged(f"({left.sql} = {right.sql})", "boolean", left, right)


def _coalesce(writer: Writer, node: Any) -> Fragment:
    parts = [writer.write(part) for part in (node.this, *node.expressions)]
    return _merged(f"COALESCE({', '.join(part.sql for part in parts)})", _unified(writer, node, parts), *parts)


def _nullif(writer: Writer, node: Any) -> Fragment:
    left, right = _alike(writer, node, writer.write(node.this), writer.write(node.expression))
    return _merged(f"NULLIF({left.sql}, {right.sql})", left.type, left, right)


def _unified(writer: Writer, node: Node, parts: list[Fragment]) -> str:
    """The one type of alternatives; NULL goes with any."""
    kinds = {part.type for part in parts} - {"null"}
    if kinds <= NUMBERS and kinds:
        return "integer" if kinds == {"integer"} else "number"
    if len(kinds) > 1:
        raise writer.refusal(node, "types-differ", "the alternatives must be of one type")
    return kinds.pop() if kinds else "text"


def _round(writer: Writer, node: Any) -> Fragment:
    inner, digits = writer.number(node.this), node.args.get("decimals")
    places = 0
    if digits is not None:
        value = writer.write(digits).value
        if type(value) is not int or abs(value) > MOST_DECIMALS:
            message = f"ROUND takes a whole number of digits within {MOST_DECIMALS}"
            raise writer.refusal(node, "round", message)
        places = value
    return _merged(f"ROUND({_double(inner)}, {places})", "integer" if places <= 0 else "number", inner)


def _abs(writer: Writer, node: Any) -> Fragment:
    inner = writer.number(node.this)
    return _merged(f"ABS({_double(inner)})", inner.type, inner)


def _cast(writer: Writer, node: Any) -> Fragment:
    target = node.args["to"].this
    if target in _WHOLE | _FRACTIONAL:
        inner = writer.number(node.this)
        whole = target in _WHOLE
        return _merged(f"ROUND({_double(inner)})" if whole else _double(inner), "integer" if whole else "number", inner)
    if isinstance(node.this, exp.Literal):
        value = below.expression(node, writer.scope)
        if isinstance(value, Literal):
            return constant(value.value)
    message = "above, CAST makes numbers; a CAST of a column to DATE must stand in GROUP BY"
    raise writer.refusal(node, "cast", message)


def _missing_key(writer: Writer, node: Any) -> Fragment:
    message = f"this is no key of the query; add it to GROUP BY (it is {type_of(writer.row_level(node))})"
    raise writer.refusal(node, "bare-column", message)


_NODES: Final[Mapping[type[Node], Callable[[Writer, Any], Fragment]]] = {
    exp.Count: _count,
    exp.Sum: _sum,
    exp.Avg: _avg,
    exp.Literal: _number,
    exp.Boolean: lambda writer, node: constant(bool(node.this)),
    exp.Null: lambda writer, node: constant(None),
    exp.Paren: lambda writer, node: writer.write(node.this),
    exp.Neg: _negative,
    exp.Not: _not,
    exp.And: _logic("AND"),
    exp.Or: _logic("OR"),
    exp.In: _in,
    exp.Between: _between,
    exp.Is: _is,
    exp.Like: _like,
    exp.Case: _case,
    exp.Coalesce: _coalesce,
    exp.Nullif: _nullif,
    exp.Round: _round,
    exp.Abs: _abs,
    exp.Cast: _cast,
    exp.Extract: _missing_key,
    exp.Date: _missing_key,
    **dict.fromkeys(below.COMPARISONS, _comparison),
    **dict.fromkeys(below.ARITHMETIC, _arithmetic),
}
