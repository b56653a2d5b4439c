"""What names mean below the aggregation: the views of FROM, their columns, and the relations these are made of.

A view is found by its alias and stands for what FROM names: a table of the card, a name of WITH, a subquery. Inner
joins of views are melted into one flat list of relations, so that a query reads the same however it was cut into
subqueries (ATTACKS 2, 12). Names are folded to lower case in ASCII only.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from dp_queries.algebra.expressions import Call, ColumnRef, Expression
from dp_queries.algebra.relations import Below, Derived, Join, JoinKind, Relation, Scan, placed, references, shifted
from dp_queries.facts.expressions import Facts
from dp_queries.facts.images import Effort
from dp_queries.facts.relations import RelationFacts
from dp_queries.layers import normal_form
from dp_queries.layers.join_order import join_order, taken_apart
from dp_queries.syntax.parse import Node, Statement, exp, rejected

_LOWER = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def fold(name: str) -> str:
    """The name as catalogues spell it; only A-Z are folded, so no other letter turns into an ASCII one."""
    return name.translate(_LOWER)


def ambiguous(name: str, place: int) -> str:
    """Stands for a name that several columns of a view have; no name of a query begins with a blank."""
    return f" {name} {place}"


@dataclass(frozen=True)
class View:
    """Rows with named columns, in order: what a table, a name of WITH or a subquery gives."""

    below: Below
    columns: Mapping[str, Expression]

    @property
    def has_unit(self) -> bool:
        """Whether its rows belong to privacy units."""
        return self.below.owner is not None


@dataclass
class Scope:
    """The relations so far, in order, and the names of their columns.

    `conjuncts` are conditions that all must hold, from ON of inner joins and WHERE alike; `below()` puts each where its
    last relation is joined. `same_unit`: pairs of inner relations that views inside joined on the unit. `named`:
    (table, column) of every column of a table that was named. `effort`: what the query has left for finding out the
    domains of its keys.
    """

    statement: Statement
    facts_of_relations: RelationFacts
    outer: "Scope | None" = None
    aliases: dict[str, dict[str, Expression]] = field(default_factory=dict)
    merged: dict[str, Expression] = field(default_factory=dict)
    sources: list[Relation] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)
    conjuncts: list[Expression] = field(default_factory=list)
    same_unit: list[tuple[int, int]] = field(default_factory=list)
    named: set[tuple[str, str]] = field(default_factory=set)
    effort: Effort = field(default_factory=Effort)

    def below(self) -> Below:
        """The rows, each condition at the join that it needs, so that ON and WHERE of an inner join are one.

        Which units are equated, and not by which of their columns, is what counts: a = b and b = c is a = b and a = c.
        """
        equated = [(self._inner_units(part), part) for part in self.conjuncts]
        first = _first_of_each(len(self.sources), [*self.same_unit, *(pair for pair, _ in equated if pair)])
        rest, placed = [], dict[int, list[Expression]]()
        for part in (part for pair, part in equated if not pair):
            last = max((reference.relation for reference in references(part)), default=0)
            if last and self.joins[last - 1].kind == "inner":
                placed.setdefault(last, []).append(part)
            else:
                rest.append(part)
        joins = tuple(self._placed(_on_first(join, first), placed.get(join.relation, [])) for join in self.joins)
        return Below(tuple(self.sources), joins, normal_form.conjunction(rest))

    def _placed(self, join: Join, parts: list[Expression]) -> Join:
        kept = [*normal_form.conjuncts(join.condition)]
        for part in parts:
            earlier = self.equated_unit(part, join.relation)
            if earlier is not None and join.on_unit in (None, earlier):
                join = replace(join, on_unit=earlier)
            else:
                kept.append(part)
        return replace(join, condition=normal_form.conjunction(kept))

    def equated_unit(self, part: Expression, relation: int) -> int | None:
        """The earlier relation whose privacy unit this conjunct equates with that of `relation`, if it does."""
        match part:
            case Call("=", (ColumnRef() as left, ColumnRef() as right)):
                first, second = sorted((left, right), key=lambda side: side.relation)
                if first.relation < second.relation == relation and self._are_units(first, second):
                    return first.relation
        return None

    def _are_units(self, *sides: ColumnRef) -> bool:
        """Whether each is the unit of its relation's rows: a column in which one may be NULL is not the same."""
        held = [(self.sources[side.relation], side.column) for side in sides]
        facts = [self.facts_of_relations.column(source, column) for source, column in held if source.has_unit]
        return len(facts) == len(sides) and all(found.is_unit and not found.is_nullable for found in facts)

    def _inner_units(self, part: Expression) -> tuple[int, int] | None:
        """The two inner relations whose units this conjunct equates, if it does."""
        last = max((reference.relation for reference in references(part)), default=0)
        earlier = self.equated_unit(part, last)
        return None if earlier is None or not self._are_inner(earlier, last) else (earlier, last)

    def _are_inner(self, *relations: int) -> bool:
        """Whether these are joined by inner joins, and on the unit of no optional relation."""
        joins = [self.joins[relation - 1] for relation in relations if relation]
        return all(join.kind == "inner" and join.on_unit is None for join in joins)

    @property
    def has_unit(self) -> bool:
        """Whether the rows so far belong to privacy units."""
        return any(source.has_unit for source in self.sources)

    def facts(self, reference: ColumnRef) -> Facts:
        """The public facts of a column; nullable where a left join may find no partner."""
        facts = self.facts_of_relations.column(self.sources[reference.relation], reference.column)
        is_optional = reference.relation > 0 and self.joins[reference.relation - 1].kind == "left"
        return replace(facts, is_nullable=True) if is_optional else facts

    def known(self, node: Any) -> Expression | None:
        """The column that a node as a whole is, where rows carry computed ones; None to read it by its parts."""
        return None

    def is_unit(self, expression: Expression) -> bool:
        """Whether this is the rows' privacy unit, never NULL."""
        if not isinstance(expression, ColumnRef):
            return False
        facts = self.facts(expression)
        return facts.is_unit and not facts.is_nullable

    def melt(self, node: Node, alias: str, view: View) -> None:
        """Add a view by an inner join; its own conditions are from now on the query's."""
        by = len(self.sources)
        self.sources += view.below.sources
        if by:
            self.joins.append(Join(by, "inner", None, None))
        for join in view.below.joins:
            self._melt_join(join, by)
        self.conjuncts += [shifted(part, by) for part in normal_form.conjuncts(view.below.where)]
        self._name(node, alias, {name: shifted(value, by) for name, value in view.columns.items()})

    def _melt_join(self, join: Join, by: int) -> None:
        condition = None if join.condition is None else shifted(join.condition, by)
        on_unit = None if join.on_unit is None else join.on_unit + by
        if join.kind == "inner":
            self.conjuncts += normal_form.conjuncts(condition)
            condition = None
            if on_unit is not None and self._are_inner(on_unit):
                self.same_unit.append((on_unit, join.relation + by))
                on_unit = None
        self.joins.append(Join(join.relation + by, join.kind, on_unit, condition))

    def attach(self, node: Node, alias: str, view: View, kind: JoinKind) -> int:
        """Add a view as one relation, by a join of this kind; the relation's index. Conditions are set afterwards."""
        index = len(self.sources)
        relation, columns, condition = _as_relation(view)
        self.sources.append(relation)
        self.joins.append(Join(index, kind, None, condition and shifted(condition, index)))
        types = {column: self.facts_of_relations.column(relation, column).type for column in columns.values()}
        named = {name: ColumnRef(index, column, types[column]) for name, column in columns.items()}
        self._name(node, alias, dict(named))
        return index

    def arrange(self) -> None:
        """Put the relations into the order that is theirs however the query names them; the rows' owner first."""
        order = join_order(taken_apart(self.below(), self.facts_of_relations))
        if order == list(range(len(order))):
            return
        places = {old: new for new, old in enumerate(order)}
        kinds = {join.relation: join for join in self.joins} | {0: Join(0, "inner", None, None)}
        self.sources = [self.sources[old] for old in order]
        self.joins = [_replaced(kinds[old], places) for old in order[1:]]
        self.conjuncts = [_renumbered(part, places) for part in self.conjuncts]
        self.same_unit = [(places[one], places[other]) for one, other in self.same_unit]
        self.merged = {name: _renumbered(value, places) for name, value in self.merged.items()}
        for alias, columns in self.aliases.items():
            self.aliases[alias] = {name: _renumbered(value, places) for name, value in columns.items()}

    def _name(self, node: Node, alias: str, columns: dict[str, Expression]) -> None:
        if alias in self.aliases:
            message = f"two tables are called {alias}; give one of them another alias"
            raise rejected(self.statement.reason(node, "duplicate-alias", message))
        self.aliases[alias] = columns

    def find(self, node: exp.Column) -> Expression | None:
        """The column that a name means, None if no view has it. Raises when several have it."""
        name, qualifier = fold(node.name), fold(node.table)
        if not qualifier and name in self.merged:
            return self.note(self.merged[name])
        found = {
            alias: columns[name]
            for alias, columns in self.aliases.items()
            if (not qualifier or alias == qualifier) and name in columns
        }
        if not found and any(held.startswith(ambiguous(name, 0)[:-1]) for held in self._held(qualifier)):
            message = f"several columns are called {name}; give them aliases where they are selected"
            raise rejected(self.statement.reason(node, "ambiguous-column", message))
        if len(found) > 1:
            owners = " or ".join(f"{alias}.{name}" for alias in found)
            raise rejected(self.statement.reason(node, "ambiguous-column", f"write {owners}"))
        return self.note(next(iter(found.values()), None))

    def _held(self, qualifier: str) -> Iterator[str]:
        """The columns' names."""
        for alias, columns in self.aliases.items():
            if qualifier in ("", alias):
                yield from columns

    def note(self, found: Expression | None) -> Expression | None:
        """The column, once it is noted as read."""
        for reference in references(found):
            source = self.sources[reference.relation]
            if isinstance(source, Scan):
                self.named.add((source.table, reference.column))
        return found

    def resolve(self, node: exp.Column) -> Expression:
        """The column that a name means; raises unless exactly one view has it."""
        found = self.find(node)
        if found is None:
            raise rejected(self.statement.reason(node, "unknown-column", self._unknown(node)))
        return found

    def _unknown(self, node: exp.Column) -> str:
        if node.table and fold(node.table) not in self.aliases:
            return "no table of FROM has this name or alias"
        return "no table of FROM has a column of this name"

    def all_columns(self, qualifier: str = "") -> Iterator[tuple[str, Expression]]:
        """What * stands for, or alias.*: the columns that USING merged first, once."""
        if not qualifier:
            yield from self.merged.items()
        for alias, columns in self.aliases.items():
            if qualifier in ("", alias):
                yield from ((name, value) for name, value in columns.items() if qualifier or name not in self.merged)


def _first_of_each(size: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """For each of `size` relations the first of those that are equated with it by a chain of pairs.

    >>> _first_of_each(4, [(2, 3), (1, 3)])
    [0, 1, 1, 1]
    """
    first = list(range(size))
    for pair in pairs:
        low, high = sorted(first[index] for index in pair)
        first = [low if index == high else index for index in first]
    return first


def _on_first(join: Join, first: list[int]) -> Join:
    """The join on the unit of the first relation that has it."""
    if join.on_unit is not None:
        return replace(join, on_unit=first[join.on_unit])
    found = first[join.relation]
    return join if found == join.relation else replace(join, on_unit=found)


def _renumbered(expression: Expression, places: Mapping[int, int]) -> Expression:
    return normal_form.again(placed(expression, places))


def _replaced(join: Join, places: Mapping[int, int]) -> Join:
    """The join of a relation at its new place."""
    condition = None if join.condition is None else _renumbered(join.condition, places)
    on_unit = None if join.on_unit is None else places[join.on_unit]
    return Join(places[join.relation], join.kind, on_unit, condition)


def _as_relation(view: View) -> tuple[Relation, dict[str, str], Expression | None]:
    """The view as one relation, which of its columns each name is, and what must hold of its rows besides."""
    below, columns = view.below, view.columns
    if len(below.sources) == 1 and all(isinstance(column, ColumnRef) for column in columns.values()):
        bare = {name: str(column.column) for name, column in columns.items()}  # type: ignore[union-attr]  # each is a ColumnRef
        return below.sources[0], bare, below.where
    derived = Derived(below, tuple(columns.values()))
    return derived, {name: f"c{index}" for index, name in enumerate(columns)}, None


def item_name(item: Any) -> Any:
    """What a FROM item is called: its alias, or its own name."""
    return fold(item.alias_or_name)
