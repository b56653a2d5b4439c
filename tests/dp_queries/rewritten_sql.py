"""Respelling SQL at random: `respelled` keeps what it means, `changed` mostly does not."""

import re
from collections.abc import Callable
from random import Random
from typing import Any

from sqlglot import exp, parse_one

Change = Callable[[Any, Random], None]
_MIRRORED = {exp.EQ: exp.EQ, exp.NEQ: exp.NEQ, exp.LT: exp.GT, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.GTE: exp.LTE}
_OPPOSITE = {exp.EQ: exp.NEQ, exp.NEQ: exp.EQ, exp.LT: exp.GTE, exp.GTE: exp.LT, exp.GT: exp.LTE, exp.LTE: exp.GT}
_DUAL = {exp.And: exp.Or, exp.Or: exp.And}
_NAME = re.compile(r"\b([tuckawvz])([0-9]+)\b")  # names that `random_relations` makes up


def respelled(sql: str, random: Random) -> str:
    """The same question in other words."""
    tree: Any = parse_one(sql, read="postgres")
    for _ in range(random.randint(1, 6)):
        random.choice(KEEPING)(tree, random)
    text = tree.sql(dialect="postgres", pretty=random.random() < 0.3)
    offset = random.randint(1, 900)
    text = _NAME.sub(lambda found: f"{found.group(1)}{int(found.group(2)) + offset}", text)
    return _recased(text, random) if random.random() < 0.3 else text


def changed(sql: str, random: Random) -> str:
    """Another question, most likely."""
    tree: Any = parse_one(sql, read="postgres")
    random.choice(CHANGING)(tree, random)
    return str(tree.sql(dialect="postgres"))


def _recased(text: str, random: Random) -> str:
    """Upper or lower case outside quotes."""
    parts = re.split(r"('(?:[^']|'')*')", text)
    change = random.choice((str.upper, str.lower))
    return "".join(part if part.startswith("'") else change(part) for part in parts)


def _one(tree: Any, random: Random, *kinds: type[Any]) -> Any:
    found = list(tree.find_all(*kinds))
    return random.choice(found) if found else None


def _swap_sides(tree: Any, random: Random) -> None:
    """a AND b, a OR b, a + b, a * b, a UNION ALL b."""
    node = _one(tree, random, exp.And, exp.Or, exp.Add, exp.Mul, exp.Union)
    if node is not None:
        left, right = node.this, node.expression
        node.set("this", _bracketed(right, node))
        node.set("expression", _bracketed(left, node))


def _bracketed(node: Any, around: Any) -> Any:
    return node.copy() if isinstance(around, exp.Union) or isinstance(node, exp.Paren) else exp.Paren(this=node.copy())


def _mirror(tree: Any, random: Random) -> None:
    node = _one(tree, random, *_MIRRORED)
    if node is not None:
        node.replace(_MIRRORED[type(node)](this=_closed(node.expression), expression=_closed(node.this)))


def _negate_twice(tree: Any, random: Random) -> None:
    node = _one(tree, random, *_OPPOSITE)
    if node is not None:
        opposite = _OPPOSITE[type(node)](this=_closed(node.this), expression=_closed(node.expression))
        node.replace(exp.Paren(this=exp.Not(this=exp.Paren(this=opposite))))


def _de_morgan(tree: Any, random: Random) -> None:
    node = _one(tree, random, *_DUAL)
    if node is not None and not node.find(exp.Query):  # EXISTS stands in AND only
        sides = [exp.Not(this=_closed(side)) for side in (node.this, node.expression)]
        dual = _DUAL[type(node)](this=sides[0], expression=sides[1])
        node.replace(exp.Paren(this=exp.Not(this=exp.Paren(this=dual))))


def _closed(node: Any) -> Any:
    return exp.Paren(this=node.copy())


def _swap_joined(tree: Any, random: Random) -> None:
    """FROM a JOIN b ON c is FROM b JOIN a ON c."""
    selects = [node for node in tree.find_all(exp.Select) if len(node.args.get("joins") or []) == 1]
    selects = [node for node in selects if not node.args["joins"][0].side]
    if selects:
        select = random.choice(selects)
        join = select.args["joins"][0]
        first, second = select.args["from_"].this.copy(), join.this.copy()
        select.args["from_"].set("this", second)
        join.set("this", first)


def _say_the_obvious(tree: Any, random: Random) -> None:
    """WHERE ... AND 1 = 1."""
    where = _one(tree, random, exp.Where)
    if where is not None:
        obvious = parse_one(random.choice(("1 = 1", "TRUE", "NOT FALSE", "'a' <> 'b'", "2 > 1.5")), read="postgres")
        sides = [_closed(where.this), obvious]
        random.shuffle(sides)
        where.set("this", exp.And(this=sides[0], expression=sides[1]))


def _say_it_twice(tree: Any, random: Random) -> None:
    where = _one(tree, random, exp.Where)
    if where is not None:
        where.set("this", exp.And(this=_closed(where.this), expression=_closed(where.this)))


def _nest(tree: Any, random: Random) -> None:
    """FROM t a is FROM (SELECT * FROM t) a."""
    tables = [node for node in tree.find_all(exp.Table) if isinstance(node.parent, (exp.From, exp.Join)) and node.alias]
    if tables:
        table = random.choice(tables)
        bare = exp.Table(this=table.this.copy())
        inner = exp.Select(expressions=[exp.Star()]).from_(bare)
        table.replace(exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(table.alias))))


def _select_more(tree: Any, random: Random) -> None:
    """A column that nobody reads, in a subselect of FROM."""
    found = [node for node in tree.find_all(exp.Select) if _is_read_by_name(node)]
    if found:
        select = random.choice(found)
        item = select.expressions[0].unalias().copy()
        select.append("expressions", exp.alias_(item, f"k{random.randint(1000, 9999)}"))


def _is_read_by_name(select: Any) -> bool:
    around = select.parent
    if not isinstance(around, exp.Subquery) or not isinstance(around.parent, (exp.From, exp.Join)):
        return False
    outer = around.find_ancestor(exp.Select)
    if select.args.get("distinct") or select.find(exp.Star) or outer is None:
        return False
    return not any(isinstance(item, exp.Star) for item in outer.expressions)


def _list_as_or(tree: Any, random: Random) -> None:
    node = _one(tree, random, exp.EQ)
    if node is not None and isinstance(node.expression, exp.Literal):
        node.replace(exp.In(this=_closed(node.this), expressions=[node.expression.copy()]))


KEEPING: tuple[Change, ...] = (
    *(_swap_sides, _mirror, _negate_twice, _de_morgan, _swap_joined, _say_the_obvious, _say_it_twice, _nest),
    *(_select_more, _list_as_or),
)


def _change_literal(tree: Any, random: Random) -> None:
    node = _one(tree, random, exp.Literal)
    if node is not None and not node.is_string:
        node.set("this", str(int(float(node.this)) + random.choice((1, 2))))


def _turn_comparison(tree: Any, random: Random) -> None:
    node = _one(tree, random, *_OPPOSITE)
    if node is not None:
        node.replace(_OPPOSITE[type(node)](this=node.this.copy(), expression=node.expression.copy()))


def _turn_logic(tree: Any, random: Random) -> None:
    node = _one(tree, random, exp.And, exp.Or)
    if node is not None:
        node.replace(_DUAL[type(node)](this=_closed(node.this), expression=_closed(node.expression)))


def _drop_where(tree: Any, random: Random) -> None:
    node = _one(tree, random, exp.Where)
    if node is not None:
        node.pop()


def _turn_join(tree: Any, random: Random) -> None:
    node = _one(tree, random, exp.Join)
    if node is not None and node.args.get("on"):
        node.set("side", "" if node.side else "LEFT")


def _turn_exists(tree: Any, random: Random) -> None:
    node = _one(tree, random, exp.Exists)
    if node is not None:
        node.replace(exp.Not(this=node.copy()))


CHANGING: tuple[Change, ...] = (
    *(_change_literal, _turn_comparison, _turn_logic, _drop_where, _turn_join, _turn_exists),
)
