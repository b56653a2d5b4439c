"""Random nested SQL over rows of the small world, most of it answerable, and worlds that are nasty to it.

Every SELECT keeps the privacy unit as its first column, so that what stands around may join and group by it. Names are
never used twice, and what is written is standard SQL: nothing here knows how the resolver reads it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Any

from tests.dp_queries.backends.worlds import Tables

UNITS = (0, 10, 20, 30)
_TEXTS = ("b", "a", "A%", "é_", "", "ab", "a ", "zz", "'", "É")
_FREE = (0.0, -0.0, 1.5, 2.5, -3.0, 1e308, -1e308, 5e-324, float("nan"), float("inf"))
_SERIALS = (0, 1, 5, -7, 2**53 + 1, 2**63 - 1, -(2**63))
_DAYS = tuple(date(2025, 1, day) for day in (1, 2, 3))
_MOMENTS = tuple(datetime(2025, 1, day, hour) for day in (1, 2) for hour in (0, 7, 23))

Columns = dict[str, str]  # name -> kind; the first is the unit


def world(random: Random) -> Tables:
    """A small world: ties, NULLs, extreme values, rows of no unit, units that are in one table only."""

    def maybe(choose: Callable[[], Any]) -> Any:
        return None if random.random() < 0.15 else choose()

    def trip() -> dict[str, Any]:
        return {
            "person": maybe(lambda: random.choice(UNITS)),
            "kind": maybe(lambda: random.choice(_TEXTS)),
            "note": maybe(lambda: random.choice(_TEXTS)),
            "zone": maybe(lambda: random.randint(-1, 6)),
            "serial": maybe(lambda: random.choice(_SERIALS)),
            "fare": maybe(lambda: Decimal(random.randint(-600, 12000)) / 100),
            "mass": maybe(lambda: random.choice((0, 3, -3, 4, 10**10, -(10**10)))),
            "free": maybe(lambda: random.choice(_FREE)),
            "paid": maybe(lambda: random.random() < 0.5),
            "day": maybe(lambda: random.choice(_DAYS)),
            "at": maybe(lambda: random.choice(_MOMENTS)),
        }

    people = [{"person": maybe(lambda: random.choice((*UNITS, 40))), "age": maybe(lambda: random.randint(-5, 130))}]
    people += [{"person": unit, "age": maybe(lambda: random.randint(0, 60))} for unit in UNITS if random.random() < 0.7]
    zones = [
        {"zone": maybe(lambda: random.randint(0, 6)), "borough": maybe(lambda: random.choice(("north", "south")))}
        for _ in range(random.randint(0, 4))
    ]
    return {"trips": [trip() for _ in range(random.randint(0, 12))], "people": people, "zones": zones}


_STORED = {
    "trips": {
        **{"person": "unit", "kind": "text", "note": "text", "zone": "whole", "serial": "serial", "fare": "number"},
        **{"mass": "number", "free": "double", "paid": "boolean", "day": "date", "at": "timestamp"},
    },
    "people": {"person": "unit", "age": "whole"},
}
_LITERALS = {
    "unit": ("0", "10", "20"),
    "whole": ("0", "1", "2", "3", "5", "40"),
    "number": ("0", "1", "2.5", "-3", "40", "0.01"),
    "serial": ("0", "5", "9007199254740993", "9223372036854775807"),
    "double": ("0", "1.5", "0.1"),
    "text": ("'a'", "'b'", "''", "'é_'", "'a '"),
    "boolean": ("TRUE", "FALSE"),
    "date": ("DATE '2025-01-02'", "DATE '2025-01-01'"),
    "timestamp": ("TIMESTAMP '2025-01-01 07:00:00'", "TIMESTAMP '2025-01-02 00:00:00'"),
}
_BOUNDED = ("whole", "number")
_NUMBERS = ("whole", "number", "serial", "double")


@dataclass(frozen=True)
class Written:
    """A SELECT and its columns."""

    sql: str
    columns: Columns

    @property
    def unit(self) -> str:
        """The name of the unit's column."""
        return next(iter(self.columns))


@dataclass
class RelationWriter:
    """Writes one statement of rows of units."""

    random: Random
    definitions: list[str] = field(default_factory=list)
    _named: dict[str, Written] = field(default_factory=dict)
    _count: int = 0

    def statement(self, depth: int) -> str:
        """A SELECT over rows, nested `depth` deep, with its WITH."""
        found = self.select(depth)
        return f"WITH {', '.join(self.definitions)} {found.sql}" if self.definitions else found.sql

    def select(self, depth: int) -> Written:
        """A SELECT that gives rows of units, their unit first."""
        if depth == 0:
            return self.random.choice((self._plain, self._filtered))(0)
        ways = (self._plain, self._filtered, self._joined, self._joined, self._with_public, self._union)
        more = (self._grouped, self._grouped, self._distinct, self._windowed, self._exists, self._exists, self._is_in)
        return self.random.choice((*ways, *more))(depth)

    def _name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def _item(self, depth: int) -> tuple[str, str, Columns]:
        """An item of FROM, its alias, and its columns by qualified name."""
        alias = self._name("t")
        if depth == 0:
            table = self.random.choice(tuple(_STORED))
            return f"{table} {alias}", alias, _under(alias, _STORED[table])
        inner = self._known(depth)
        if self.random.random() < 0.4:
            name = self._name("w")
            self.definitions.append(f"{name} AS ({inner.sql})")
            self._named[name] = inner
            return f"{name} AS {alias}", alias, _under(alias, inner.columns)
        return f"({inner.sql}) AS {alias}", alias, _under(alias, inner.columns)

    def _known(self, depth: int) -> Written:
        """A new SELECT, or one of WITH a second time."""
        if self._named and self.random.random() < 0.2:
            name = self.random.choice(tuple(self._named))
            return Written(f"SELECT * FROM {name}", self._named[name].columns)
        return self.select(depth - 1)

    def _pick(self, columns: Columns, kinds: Sequence[str]) -> str | None:
        found = [name for name, kind in columns.items() if kind in kinds]
        return self.random.choice(found) if found else None

    def _value(self, columns: Columns) -> tuple[str, str]:
        """An expression of one of the columns, and its kind."""
        name, kind = self.random.choice(tuple(columns.items())[1:] or tuple(columns.items()))
        way = self.random.random()
        if way < 0.5 or kind == "unit":
            return name, "whole" if kind == "unit" else kind
        if kind in _BOUNDED and way < 0.7:
            return f"{name} {self.random.choice(('+', '-', '*'))} {self.random.choice(_LITERALS['whole'])}", "number"
        literal = self.random.choice(_LITERALS[kind])
        if way < 0.85:
            return f"CASE WHEN {self.condition(columns, 0)} THEN {name} ELSE {literal} END", kind
        return f"COALESCE({name}, {literal})", kind

    def condition(self, columns: Columns, depth: int = 1) -> str:
        """A condition over the columns."""
        if depth and self.random.random() < 0.3:
            left, right = self.condition(columns, depth - 1), self.condition(columns, depth - 1)
            return f"({left} {self.random.choice(('AND', 'OR'))} {right})"
        name, kind = self.random.choice(tuple(columns.items()))
        way = self.random.random()
        if way < 0.2:
            return f"{name} IS {self.random.choice(('', 'NOT '))}NULL"
        if kind == "text" and way < 0.4:
            return f"{name} LIKE '{self.random.choice(('a%', '%_', 'é%'))}'"
        family = _NUMBERS if kind in _NUMBERS else (kind,)
        other = self._pick(columns, family) if way < 0.6 else None
        right = other or self.random.choice(_LITERALS[kind])
        return f"{name} {self.random.choice(('=', '<>', '<', '<=', '>', '>='))} {right}"

    def _selected(self, columns: Columns, unit: str) -> tuple[list[str], Columns]:
        """SELECT items, the unit first, and the columns that they give."""
        items, given = [f"{unit} AS {(name := self._name('u'))}"], {name: "unit"}
        for _ in range(self.random.randint(1, 4)):
            value, kind = self._value(columns)
            name = self._name("c")
            items.append(f"{value} AS {name}")
            given[name] = kind
        return items, given

    def _where(self, columns: Columns, share: float = 0.5) -> str:
        return f" WHERE {self.condition(columns)}" if self.random.random() < share else ""

    def _over(self, source: str, columns: Columns, unit: str, where: str) -> Written:
        items, given = self._selected(columns, unit)
        return Written(f"SELECT {', '.join(items)} FROM {source}{where}", given)

    def _plain(self, depth: int) -> Written:
        item, _, columns = self._item(depth)
        return self._over(item, columns, next(iter(columns)), "")

    def _filtered(self, depth: int) -> Written:
        item, _, columns = self._item(depth)
        return self._over(item, columns, next(iter(columns)), self._where(columns, 1.0))

    def _joined(self, depth: int) -> Written:
        """Two relations of units, joined on the unit."""
        left, _, first = self._item(self.random.randint(0, depth - 1))
        right, _, second = self._item(depth)
        unit, both = next(iter(first)), {**first, **second}
        equal = f"{unit} = {next(iter(second))}"
        more = f" AND {self.condition(both, 0)}" if self.random.random() < 0.4 else ""
        way = self.random.random()
        if way < 0.4:
            return self._over(f"{left} JOIN {right} ON {equal}{more}", both, unit, self._where(both, 0.3))
        if way < 0.8:
            return self._over(f"{left} LEFT JOIN {right} ON {equal}{more}", both, unit, self._where(both, 0.3))
        return self._over(f"{left}, {right}", both, unit, f" WHERE {equal}{more}")

    def _with_public(self, depth: int) -> Written:
        item, _, columns = self._item(depth)
        alias = self._name("z")
        both = {**columns, f"{alias}.zone": "whole", f"{alias}.borough": "text"}
        number = self._pick(columns, ("unit", *_NUMBERS)) or next(iter(columns))
        on = f"ON {number} = {alias}.zone"
        zones = self.random.choice((f"zones {alias}", f"(SELECT * FROM zones WHERE borough <> 'north') {alias}"))
        source = self.random.choice(
            (
                *(f"{item} {kind}JOIN {zones} {on}" for kind in ("", "LEFT ")),
                *(f"{zones} {kind}JOIN {item} {on}" for kind in ("", "RIGHT ")),
                f"{item} CROSS JOIN {zones}",
            )
        )
        return self._over(source, both, next(iter(columns)), self._where(both, 0.3))

    def _union(self, depth: int) -> Written:
        """Parts of the same kinds, from columns of either side; NULL where one has none."""
        left, right = self.select(self.random.randint(0, depth - 1)), self.select(depth - 1)
        kinds = list(dict.fromkeys([*left.columns.values(), *right.columns.values()]))[1:]
        given = {self._name("u"): "unit", **{self._name("c"): kind for kind in kinds}}
        parts = []
        for part in (left, right):
            values = [part.unit, *(self._pick(part.columns, (kind,)) or "NULL" for kind in kinds)]
            named = ", ".join(f"{value} AS {name}" for value, name in zip(values, given, strict=True))
            parts.append(f"SELECT {named} FROM ({part.sql}) AS {self._name('t')}")
        return Written(f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS {self._name('t')}", given)

    def _aggregate(self, columns: Columns) -> tuple[str, str]:
        """An aggregate per unit, and its kind."""
        value, kind = self._value(columns)
        ways = [("COUNT(*)", "whole"), (f"COUNT({value})", "whole"), (f"COUNT(DISTINCT {value})", "whole")]
        ways += [(f"{name}({value})", kind) for name in ("MIN", "MAX")]
        ways += [(f"{name}({value})", "number") for name in ("SUM", "AVG") if kind in _BOUNDED]
        return self.random.choice(ways)

    def _grouped(self, depth: int) -> Written:
        item, _, columns = self._item(depth)
        unit = next(iter(columns))
        keys = [self._value(columns) for _ in range(self.random.choice((0, 0, 1, 2)))]
        named = {self._name("k"): key for key in dict.fromkeys(keys)}
        given = {self._name("u"): "unit", **{name: kind for name, (_, kind) in named.items()}}
        items = [f"{unit} AS {next(iter(given))}", *(f"{value} AS {name}" for name, (value, _) in named.items())]
        for _ in range(self.random.randint(1, 3)):
            aggregate, kind = self._aggregate(columns)
            name = self._name("a")
            kept = f" FILTER (WHERE {self.condition(columns, 0)})" if self.random.random() < 0.2 else ""
            items.append(f"{aggregate}{kept} AS {name}")
            given[name] = kind
        grouped = ", ".join([unit, *(value for value, _ in named.values())])
        having = f" HAVING COUNT(*) > {self.random.randint(0, 2)}" if self.random.random() < 0.3 else ""
        where = self._where(columns, 0.3)
        return Written(f"SELECT {', '.join(items)} FROM {item}{where} GROUP BY {grouped}{having}", given)

    def _distinct(self, depth: int) -> Written:
        found = self._filtered(depth)
        return Written(f"SELECT DISTINCT {found.sql.removeprefix('SELECT ')}", found.columns)

    def _windowed(self, depth: int) -> Written:
        item, _, columns = self._item(depth)
        items, given = self._selected(columns, unit := next(iter(columns)))
        for _ in range(self.random.randint(1, 3)):
            function, kind, needs_order = self._window_function(columns)
            parts = [unit, *(name for name in columns if self.random.random() < 0.1)]
            over = f"PARTITION BY {', '.join(dict.fromkeys(parts))}"
            if needs_order or self.random.random() < 0.5:
                over += f" ORDER BY {', '.join(self._order(columns) for _ in range(self.random.randint(1, 2)))}"
            name = self._name("v")
            items.append(f"{function} OVER ({over}) AS {name}")
            given[name] = kind
        return Written(f"SELECT {', '.join(items)} FROM {item}{self._where(columns, 0.3)}", given)

    def _order(self, columns: Columns) -> str:
        nulls = self.random.choice(("", " NULLS FIRST", " NULLS LAST"))
        return f"{self.random.choice(tuple(columns))}{self.random.choice(('', ' DESC'))}{nulls}"

    def _window_function(self, columns: Columns) -> tuple[str, str, bool]:
        """A window function, its kind, and whether it needs an order."""
        value, kind = self._value(columns)
        ranks = [(f"{name}()", "whole", True) for name in ("ROW_NUMBER", "RANK", "DENSE_RANK")]
        values = [(f"{name}({value})", kind, True) for name in ("LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE")]
        sums = [("COUNT(*)", "whole", False), (f"COUNT({value})", "whole", False), (f"MAX({value})", kind, False)]
        if kind in _BOUNDED:
            sums.append((f"SUM({value})", "number", False))
        return self.random.choice((*ranks, *values, (f"LAG({value}, 2)", kind, True), *sums))

    def _exists(self, depth: int) -> Written:
        """Rows with or without a partner in a subquery: of their unit, or public."""
        item, _, columns = self._item(depth)
        negation = self.random.choice(("", "NOT "))
        if self.random.random() < 0.4:
            alias, number = self._name("z"), self._pick(columns, ("unit", "whole")) or next(iter(columns))
            inner = {**columns, f"{alias}.zone": "whole", f"{alias}.borough": "text"}
            where = f"{alias}.zone = {number} AND {self.condition(inner, 0)}"
            found = f"{negation}EXISTS (SELECT 1 FROM zones {alias} WHERE {where})"
        else:
            other, _, held = self._item(self.random.randint(0, depth - 1))
            more = f" AND {self.condition({**columns, **held}, 0)}" if self.random.random() < 0.6 else ""
            found = f"{negation}EXISTS (SELECT 1 FROM {other} WHERE {next(iter(held))} = {next(iter(columns))}{more})"
        more = f" AND {self.condition(columns)}" if self.random.random() < 0.3 else ""
        return self._over(item, columns, next(iter(columns)), f" WHERE {found}{more}")

    def _is_in(self, depth: int) -> Written:
        item, _, columns = self._item(depth)
        unit = next(iter(columns))
        number = self._pick(columns, _BOUNDED)
        if number and self.random.random() < 0.4:
            found = f"{number} IN (SELECT zone FROM zones WHERE borough = 'north')"
        else:
            other, _, held = self._item(self.random.randint(0, depth - 1))
            where = self._where(held)
            negation = self.random.choice(("", "NOT "))
            found = f"{unit} {negation}IN (SELECT {next(iter(held))} FROM {other}{where})"
        return self._over(item, columns, unit, f" WHERE {found}")


def _under(alias: str, columns: Columns) -> Columns:
    return {f"{alias}.{name}": kind for name, kind in columns.items()}


def statement(random: Random) -> str:
    """A random statement over rows, 1 to 4 deep."""
    return RelationWriter(random).statement(random.randint(1, 4))
