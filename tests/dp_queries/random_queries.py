"""Random queries as SQL text over the small world: joins of rows, aggregations, and what is made of answers.

What is written is standard SQL by a grammar of types (`random_texts`, `random_above`, `random_relations` for rows of
units); nothing here knows how it is read. `statement` takes one seed.
"""

from collections.abc import Sequence
from random import Random

from tests.dp_queries.backends.random_relations import RelationWriter
from tests.dp_queries.random_above import AboveWriter, Block, Columns, Names, under
from tests.dp_queries.random_texts import ON_ROWS, Texts

TYPES = {"unit": "integer", "whole": "integer", "serial": "integer", "number": "number", "double": "number"}
TRIPS = {
    **{"person": "unit", "kind": "text", "note": "text", "zone": "whole", "serial": "serial", "fare": "number"},
    **{"mass": "number", "free": "double", "paid": "boolean", "day": "date", "at": "timestamp"},
}
PEOPLE = {"person": "unit", "age": "whole"}
ZONES = {"zone": "whole", "borough": "text"}
_BOUNDED = ("whole", "number")
_BOUNDED_TEXTS = {
    "integer": (
        *("({i} + {I})", "({i} - {i})", "ABS({i})", "SIGN({n})", "COALESCE({i}, 0)", "GREATEST({i}, {I})", "- {i}"),
        *("CASE WHEN {b} THEN {i} ELSE 0 END", "FLOOR({n})", "ROUND({n})", "MOD({i}, 3)", "LENGTH({t})"),
        *("WIDTH_BUCKET({n}, 0, 40, 4)", "EXTRACT({F} FROM {m})", "CAST({n} AS INTEGER)", "NULLIF({i}, {I})"),
    ),
    "number": ("({n} * {N})", "({n} + {n})", "({n} / 2)", "({n} - {n})", "ROUND({n}, 2)", "LEAST({n}, {N})", "{i}"),
}
_SUMMED = ("SUM", "AVG", "VARIANCE", "VAR_POP", "VAR_SAMP", "STDDEV", "STDDEV_POP", "STDDEV_SAMP")
_QUANTILES = (
    *("MIN({})", "MAX({})", "MEDIAN({})", "QUANTILE({}, 0.25)", "APPROX_QUANTILE({}, 0.5)"),
    *("PERCENTILE_CONT(0.9) WITHIN GROUP (ORDER BY {})", "PERCENTILE_DISC(0.1) WITHIN GROUP (ORDER BY {} DESC)"),
)
_PUBLIC_KEYS = (
    ("EXTRACT({F} FROM {d})", "integer"),
    ("EXTRACT({F} FROM {s})", "integer"),
    ("EXTRACT(HOUR FROM {s})", "integer"),
    ("CASE WHEN {b} THEN 'x' WHEN {b} THEN 'y' ELSE 'z' END", "text"),
    ("CASE WHEN {n} > 10 THEN 1 WHEN {n} > 2 THEN 2 END", "integer"),
    ("WIDTH_BUCKET({n}, 0, 100, 5)", "integer"),
    ("DATE_TRUNC('{U}', {s})", "timestamp"),
    ("CAST({s} AS DATE)", "date"),
    ("({n} IS NULL)", "boolean"),
    ("COALESCE({b}, FALSE)", "boolean"),
)
_PRIVATE_KEYS = (
    ("LEFT({t}, 1)", "text"),
    ("({t} || {t})", "text"),
    ("LENGTH({t})", "integer"),
    ("DATE_TRUNC('hour', {s})", "timestamp"),
    ("FLOOR({n})", "integer"),
)


class QueryWriter:
    """Writes one query."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.rows = RelationWriter(random)
        self.names = Names()
        self.above = AboveWriter(random, self.names)

    def statement(self) -> str:
        """A query, with its WITH."""
        depth = self.random.choice((0, 0, 0, 1, 1, 2, 3))
        sql = self.block(depth).sql
        definitions = self.rows.definitions
        return f"WITH {', '.join(definitions)} {sql}" if definitions else sql

    def block(self, depth: int) -> Block:
        """A DP aggregation, with so many blocks around it."""
        if depth == 0:
            return self.aggregation()
        inner = self.block(depth - 1)
        if self.random.random() < 0.4:
            name = self.names.new("d")
            self.rows.definitions.append(f"{name} AS ({inner.sql})")
            inner = Block(f"SELECT * FROM {name}", inner.columns)
        other = inner if self.random.random() < 0.5 else self.aggregation()
        return self.above.over(inner, other)

    def aggregation(self) -> Block:
        """The SELECT of a DP aggregation."""
        source, columns, conditions = self.source()
        held = {name: TYPES.get(kind, kind) for name, kind in columns.items() if kind != "unit"} or {"1": "integer"}
        texts = Texts(self.random, ON_ROWS, held)
        keys = self.keys(columns, texts)
        aggregates = self.aggregates(columns, texts, is_private=self._are_private(keys, columns))
        if self.random.random() < 0.4:
            conditions = [*conditions, texts.grow("boolean", self.random.randint(1, 2))]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        return self._selected(source + where, keys, aggregates)

    def _selected(self, rows: str, keys: Columns, aggregates: Columns) -> Block:
        """SELECT, GROUP BY and what follows, over aggregates and keys by their text."""
        known = self.above.texts({**keys, **aggregates})
        items: list[str] = []
        given: Columns = {}
        for text, kind in [*keys.items(), *aggregates.items(), *self._computed(known, {**keys, **aggregates})]:
            name = self.names.new("n")
            items.append(f"{text} AS {name}")
            given[name] = kind
        grouped = [self._as_grouped(text, place, list(given)[place]) for place, text in enumerate(keys)]
        sets = self.random.choice((*["{}"] * 6, "ROLLUP ({})", "CUBE ({})"))
        group = f" GROUP BY {sets.format(', '.join(grouped))}" if grouped else ""
        having = f" HAVING {known.grow('boolean', 1)}" if self.random.random() < 0.2 else ""
        terms = [*given, *(str(place + 1) for place in range(len(items))), *aggregates]
        return Block(f"SELECT {', '.join(items)} FROM {rows}{group}{having}{self.above.end(terms, 0.3)}", given)

    def _as_grouped(self, text: str, place: int, name: str) -> str:
        return self.random.choice((text, text, str(place + 1), name))

    def _computed(self, known: Texts, columns: Columns) -> Sequence[tuple[str, str]]:
        found = [known.anything(self.random.randint(1, 3)) for _ in range(self.random.choice((0, 0, 1, 1, 2)))]
        if self.random.random() < 0.15:
            found.append(self.above.window(known, columns))
        return found

    def keys(self, columns: dict[str, str], texts: Texts) -> Columns:
        """Group keys by their text: columns, public expressions, private ones."""
        found: Columns = {}
        names = [name for name, kind in columns.items() if kind not in ("unit", "double")]
        for _ in range(self.random.choice((0, 0, 1, 1, 1, 2))):
            way = self.random.random()
            if way < 0.5 and names:
                name = self.random.choice(names)
                found[name] = TYPES.get(columns[name], columns[name])
            elif way < 0.95:
                template, kind = self.random.choice(_PUBLIC_KEYS if way < 0.8 else _PRIVATE_KEYS)
                found[texts.fill(template)] = kind
            else:
                text, kind = texts.anything(2)
                found[text] = kind
        return {text: kind for text, kind in found.items() if not text.isdigit()}

    def _are_private(self, keys: Columns, columns: dict[str, str]) -> bool:
        """Whether a key has no public domain, as far as its text tells."""
        private = [name for name, kind in columns.items() if kind in ("text", "serial", "number", "timestamp")]
        return any(name in key for key in keys for name in private if not name.endswith((".kind", "borough")))

    def aggregates(self, columns: dict[str, str], texts: Texts, *, is_private: bool) -> Columns:
        """DP aggregates by their text."""
        found: Columns = {}
        unit = next((name for name, kind in columns.items() if kind == "unit"), "1")
        for _ in range(self.random.randint(1, 3)):
            way = self.random.random()
            if way < 0.4:
                text, kind = self._count(unit, texts, is_private=is_private), "integer"
            elif way < 0.75 or (is_private and way < 0.98):
                text, kind = f"{self.random.choice(_SUMMED)}({self.bounded(columns, texts)})", "number"
            elif way < 0.9:
                text, kind = self.random.choice(_QUANTILES).format(self.bounded(columns, texts)), "number"
            else:
                text, kind = f"SUM({self.bounded(columns, texts)})", "number"
            if self.random.random() < 0.15:
                text += f" FILTER (WHERE {texts.grow('boolean', 1)})"
            found[text] = kind
        return found

    def _count(self, unit: str, texts: Texts, *, is_private: bool) -> str:
        value, _ = texts.anything(1)
        condition = texts.grow("boolean", 1)
        ways = [
            "COUNT(*)",
            "COUNT(*)",
            f"COUNT({value})",
            f"COUNT(DISTINCT {unit})",
            f"COUNT_IF({condition})",
            "COUNT(1)",
        ]
        if not is_private:
            ways.append(f"COUNT(DISTINCT {value})")
        return self.random.choice(ways)

    def bounded(self, columns: dict[str, str], texts: Texts) -> str:
        """A number that surely has bounds, mostly."""
        held = {name: TYPES.get(kind, kind) for name, kind in columns.items() if kind in _BOUNDED}
        if not held or self.random.random() < 0.05:
            return texts.grow("number", 2)
        others = {name: kind for name, kind in texts.columns.items() if kind not in ("integer", "number")}
        templates = {**ON_ROWS, **_BOUNDED_TEXTS}
        found = Texts(self.random, templates, {**held, **others}).grow("number", self.random.choice((0, 0, 0, 1, 2)))
        return found if any(name in found for name in columns) else self.random.choice(list(held))

    def source(self) -> tuple[str, dict[str, str], list[str]]:
        """FROM, its columns, and conditions that belong to it."""
        if self.random.random() < 0.45:
            return self._tables()
        found = self.rows.select(self.random.choice((0, 1, 1, 2)))
        alias = self.names.new("q")
        if self.random.random() < 0.3:
            name = self.names.new("e")
            self.rows.definitions.append(f"{name} AS ({found.sql})")
            return f"{name} AS {alias}", under(alias, found.columns), []
        return f"({found.sql}) AS {alias}", under(alias, found.columns), []

    def _tables(self) -> tuple[str, dict[str, str], list[str]]:
        """Tables of the card, joined in every way."""
        t, p, z = (self.names.new(letter) for letter in "tpz")
        trips, people, zones = under(t, TRIPS), under(p, PEOPLE), under(z, ZONES)
        equal = f"{t}.person = {p}.person"
        found = self.random.choice(
            (
                *((f"trips {t}", trips, []),) * 4,
                (f"people AS {p}", people, []),
                ("trips", TRIPS, []),
                (f"trips {t} JOIN people {p} ON {equal}", {**trips, **people}, []),
                (f"trips {t} LEFT JOIN people {p} ON {equal} AND {p}.age > 20", {**trips, **people}, []),
                (f"people {p} RIGHT JOIN trips {t} ON {equal}", {**trips, **people}, []),
                (f"trips {t}, people {p}", {**trips, **people}, [equal]),
                ("trips JOIN people USING (person)", {**TRIPS, "age": "whole"}, []),
                (f"trips {t} LEFT JOIN zones {z} ON {t}.zone = {z}.zone", {**trips, **zones}, []),
                (f"zones {z} JOIN trips {t} USING (zone)", {**trips, f"{z}.borough": "text"}, []),
                (f"trips {t} CROSS JOIN zones {z}", {**trips, **zones}, []),
                (f"trips {t} JOIN (SELECT DISTINCT person FROM people) {p} ON {equal}", trips, []),
                (f"trips {t}", trips, [f"EXISTS (SELECT 1 FROM people {p} WHERE {equal} AND {p}.age > {t}.zone)"]),
                (f"trips {t}", trips, [f"NOT EXISTS (SELECT * FROM people {p} WHERE {equal})"]),
                (f"trips {t}", trips, [f"{t}.zone IN (SELECT zone FROM zones WHERE borough = 'north')"]),
                (f"trips {t}", trips, [f"{t}.person NOT IN (SELECT person FROM people)"]),
                (f"(SELECT * FROM trips UNION ALL SELECT * FROM trips) AS {t}", trips, []),
            )
        )
        return found


def statement(random: Random) -> str:
    """A random query."""
    return QueryWriter(random).statement()
