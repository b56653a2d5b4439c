"""ORDER BY, LIMIT and the names of selected columns."""

from typing import Any, Final

from dp_queries.layers.above.fragments import Fragment
from dp_queries.layers.above.writer import Writer
from dp_queries.layers.function_names import function_name
from dp_queries.layers.scope import fold
from dp_queries.syntax.parse import Node, exp

MOST_NAME: Final = 63
MOST_LIMIT: Final = 2**31 - 1


def output_name(item: Any, taken: set[str], writer: Writer) -> str:
    """A selected column's name: the alias, the column, or the function; numbered when taken."""
    name = str(item.alias) if isinstance(item, exp.Alias) else _own_name(item)
    if len(name) > MOST_NAME or not name.isprintable() or not name.strip():
        raise writer.refusal(item, "name", f"a name has 1 to {MOST_NAME} printable characters")
    return unique_name(name, taken)


def unique_name(name: str, taken: set[str]) -> str:
    """The name, numbered when taken."""
    unique, number = name, 1
    while unique in taken:
        number += 1
        unique = f"{name}_{number}"
    taken.add(unique)
    return unique


def _own_name(item: Any) -> str:
    if isinstance(item, exp.Column):
        return fold(item.name)
    return function_name(item) or "column"


def ordered(found: Fragment, item: Any) -> str:
    """A term of ORDER BY; the place of NULLs is PostgreSQL's, written out because the engine's differs."""
    nulls = "FIRST" if item.args.get("nulls_first") else "LAST"
    return f"{found.sql} {'DESC' if item.args.get('desc') else 'ASC'} NULLS {nulls}"


def order_terms(order: Any, selected: list[Fragment], writer: Writer) -> tuple[tuple[str, ...], bool]:
    """The terms of ORDER BY, and whether one of them is noisy. A name means a selected column first (PostgreSQL)."""
    terms, is_noisy = [], False
    for item in order.expressions if order else []:
        found = _meant(item.this, selected, writer)
        if found.is_constant:  # orders nothing, and the engine refuses it
            continue
        is_noisy |= found.is_noisy
        terms.append(ordered(found, item))
    return tuple(terms), is_noisy


def _meant(node: Any, selected: list[Fragment], writer: Writer) -> Fragment:
    if isinstance(node, exp.Literal) and not node.is_string:
        return selected[position(node, len(selected), writer)]
    if isinstance(node, exp.Column) and not node.table and fold(node.name) in writer.aliases:
        return writer.aliases[fold(node.name)]
    return writer.write(node)


def position(node: Any, most: int, writer: Writer) -> int:
    """The index that a number in GROUP BY or ORDER BY means."""
    text = str(node.this)
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= most:
        raise writer.refusal(node, "position", f"positions go from 1 to {most}")
    return int(text) - 1


def row_count(clause: Node | None, writer: Writer) -> int | None:
    """The number of LIMIT or OFFSET."""
    if clause is None:
        return None
    node = clause.expression
    text = str(node.this) if isinstance(node, exp.Literal) and not node.is_string else ""
    if not (text.isascii() and text.isdigit()) or len(text) > 10 or int(text) > MOST_LIMIT:
        raise writer.refusal(clause, "limit", "LIMIT and OFFSET take a whole number")
    return int(text)
